"""What becomes an alert: one cell of event time of one group of one rule that holds a trigger."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from soc.detect.cells.series import ids_of
from soc.detect.cells.spans import Spans
from soc.detect.cells.triggers import timespan_of
from soc.detect.rules.rule import Rule
from soc.model import Counted
from soc.times import HOUR

MOST_EVIDENCE = 10
Stamped = tuple[int, str]  # an event: its time, its id


Known = Callable[[Collection[str]], Mapping[str, Counted | None]]
"""What the desk knows of alerts, by id; None of one that is there, but not how far it has come."""


@dataclass(frozen=True)
class Cell:
    """One cell of one group of one rule. `evidence`: the events that count with the smallest (time, id), ascending, at most ten;
    in front of them the one that completed it, where a rule asks for several things (`soc.detect.cells.completing`).

    `id`: the alert's. `spans`: the windows that were counted, see Counted.
    """

    id: str
    rule: Rule
    institution: str
    key: Mapping[str, str]
    start: int
    end: int
    count: int
    first: int
    last: int
    evidence: tuple[Stamped, ...]
    spans: Spans | None = None

    def counted(self, by: str) -> Counted:
        """What to know of it when it changes again; `by`: see there."""
        return Counted(by, self.count, self.first, self.last, self.evidence, self.spans)


def width(rule: Rule) -> int:
    """The width of a rule's cells in microseconds: the tuning's, else its timespan, at least an hour."""
    return rule.tuning.cell or max(timespan_of(rule), HOUR)


def smallest(times: Any, events: Any, names: Any, known: Sequence[Stamped] = ()) -> tuple[Stamped, ...]:
    """The ten events with the smallest (time, id) among these, each once and by time, and those known. `names`: ids by code."""
    if len(times) > MOST_EVIDENCE:
        end = int(np.searchsorted(times, times[MOST_EVIDENCE - 1], side="right"))
        times, events = times[:end], events[:end]
    return tuple(heapq.nsmallest(MOST_EVIDENCE, {*known, *zip(times.tolist(), ids_of(names, events), strict=True)}))


def headed(completed: Stamped, evidence: Sequence[Stamped]) -> tuple[Stamped, ...]:
    """Evidence with the event that completed a cell in front."""
    return (completed, *(one for one in evidence if one != completed))
