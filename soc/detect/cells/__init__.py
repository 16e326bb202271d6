"""From hits to the cells of alerts, in the order in which data meets them.

    series      hits of one rule as columns, by group and time
    moments     where a condition holds on the axis of time
    ordered     the same for chains of events that have several parts at once, slowly
    triggers    what each type of rule asks of its hits
    spans       windows that overlap, joined
    cell        what becomes an alert, and how far it had come before
    layer       what a rule counts over what its children count, for all groups at once
    chained     the triggers of a child as hits of its parent
    completing  the event that completed a cell
    growth      cells that grow by what is new: nothing that was counted is read again
    whole       cells counted from all their hits, chains among them
    evaluate    which of the two, for which cells

Hits exist in millions: here they are columns all the way, and only a cell is an object.
"""
