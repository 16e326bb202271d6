"""What retention lets go: conditions, each with the moment before which events that meet it go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from soc.condition.predicate import compile
from soc.condition.tree import TRUE, And, Compare, Node, Not, Or
from soc.event import Event
from soc.fields import TIME, Catalogue
from soc.model import ALWAYS


@dataclass(frozen=True, slots=True)
class Cut:
    """Of the events that meet `node` those with @timestamp < `before` go.

    Of several cuts the first whose condition an event meets decides on it alone; an event that meets none stays.
    """

    before: int
    node: Node = TRUE


def apart(cuts: Sequence[Cut]) -> list[Node]:
    """Per cut the condition of the events that go by it. No event meets two of them."""
    return [_by(cut, [earlier.node for earlier in cuts[:place]]) for place, cut in enumerate(cuts)]


def _by(cut: Cut, earlier: list[Node]) -> Node:
    old = Compare(TIME, "lt", cut.before)
    others = [Not(Or(tuple(earlier)))] if earlier else []
    return And((old, *([] if cut.node == TRUE else [cut.node]), *others))


def sorter(cuts: Sequence[Cut], catalogue: Catalogue) -> Callable[[Event], int | None]:
    """The place of the cut by which an event goes, as a function of the event; None: it stays. Raises ConditionError, see `bind`."""
    tests = [(place, compile(cut.node, catalogue), cut.before) for place, cut in enumerate(cuts)]

    def sort(event: Event) -> int | None:
        place, before = next(((place, before) for place, meets, before in tests if meets(event)), (None, 0))
        return place if place is not None and event[TIME] < before else None

    return sort


def earliest(cuts: Sequence[Cut]) -> int:
    """What is older than this goes, whatever it is; `ALWAYS.since` when something stays however old it is. There is at least one cut."""
    return min(cut.before for cut in cuts) if any(cut.node == TRUE for cut in cuts) else ALWAYS.since


def latest(cuts: Sequence[Cut]) -> int:
    """What is as young as this stays. There is at least one cut."""
    return max(cut.before for cut in cuts)
