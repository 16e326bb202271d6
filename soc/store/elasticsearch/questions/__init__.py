"""What is asked of our events.

questions   questions of hunts
reader      batches read back, and events by their ids
matching    many conditions at once
meeting     a batch without most of what a condition does not concern
tallies     many conditions at once, counted
grouping    events counted in groups
"""
