"""Cells that grow by new hits: what was counted is known by its sum and its spans, and is not read again.

A condition that runs is monotone: more hits only make more triggers. So a cell's new triggers lie within a timespan behind
the new hits, the windows behind those are read, and what they add is what lies in no span that was counted before, and what is
new within those. That is the same as counting all of it (`soc.detect.cells.whole`), for any order in which hits come.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import orjson

from soc.detect.cells.cell import Cell, Stamped, headed, smallest, width
from soc.detect.cells.completing import completing, is_completed
from soc.detect.cells.series import Series
from soc.detect.cells.spans import Spans, behind, covered, union
from soc.detect.cells.triggers import timespan_of, triggering
from soc.detect.rules.identity import alert_id
from soc.detect.rules.rule import Rule
from soc.match.hits import Group
from soc.model import Counted

MOST_STRETCHES = 8
Stretch = tuple[int, int]  # first and last moment, both included


def stretches(times: Any, timespan: int) -> list[Stretch]:
    """Where new hits lie, in a few stretches that are further apart than two timespans; `times` ascend."""
    gaps = np.diff(times)
    apart = np.flatnonzero(gaps > 2 * timespan)
    if len(apart) >= MOST_STRETCHES:
        apart = np.sort(apart[np.argsort(gaps[apart])[1 - MOST_STRETCHES :]])
    starts, ends = np.append(0, apart + 1), np.append(apart, len(times) - 1)
    return list(zip(times[starts].tolist(), times[ends].tolist(), strict=True))


@dataclass(frozen=True)
class Grown:
    """A cell with triggers that new hits may have made. `rows`: its group's, from the first to behind the last.

    `completed`: the event of `first` that completed it, see `soc.detect.cells.completing`.
    """

    rule: Rule
    series: Series
    rows: tuple[int, int]
    start: int
    first: int
    last: int
    spans: Spans
    completed: Stamped | None = None

    @property
    def group(self) -> Group:
        return self.series.groups[int(self.series.group[self.rows[0]])]

    @cached_property
    def key(self) -> Any:
        return orjson.loads(self.group[1])

    @cached_property
    def id(self) -> str:
        """The alert's."""
        return alert_id(self.rule.id, self.group[0], self.key, self.start)

    def cell(self, known: Counted | None) -> Cell:
        """The cell with what was counted before. Right only for what the same rule has counted."""
        count, evidence = self._gain(known)
        first, last, spans = self.first, self.last, self.spans
        if known:
            count, first, last = known.count + count, min(first, known.first), max(last, known.last)
            spans = union(spans, known.spans or ())
        end = self.start + width(self.rule)
        return Cell(self.id, self.rule, self.group[0], self.key, self.start, end, count, first, last, evidence, spans)

    def _gain(self, known: Counted | None) -> tuple[int, tuple[Stamped, ...]]:
        """How many messages count that were not counted, and the evidence with them."""
        before = known.evidence if known else ()
        if self.rows[1] - self.rows[0] == 1 and not before:  # most alerts are of one event
            row = self.rows[0]
            return int(self.series.times[row]), ((self.first, self.series.names[int(self.series.event[row])].as_py()),)
        picked = self._added(known)
        once = self.series.once(picked)
        evidence = smallest(self.series.time[once], self.series.event[once], self.series.names, before)
        return int(self.series.times[once].sum()), self._headed(evidence, known)

    def _headed(self, evidence: tuple[Stamped, ...], known: Counted | None) -> tuple[Stamped, ...]:
        """With what completed it in front: what was known to, unless there is a trigger as early."""
        if self.completed is None:
            return evidence
        return headed(known.evidence[0] if known and known.first < self.first else self.completed, evidence)

    def _added(self, known: Counted | None) -> Any:
        """The rows that count and were not counted."""
        start, end = self.rows
        if self.rule.correlation is None:
            return np.arange(start, end)
        times = self.series.time[start:end]
        before = known.spans or () if known else ()
        added = covered(times, self.spans) & ~covered(times, before)
        return start + np.flatnonzero(added | (covered(times, before) & self.series.new[start:end]))


def grown(rule: Rule, series: Series, near: Sequence[Stretch]) -> Iterator[Grown]:
    """The cells of a rule that new hits in these stretches can have changed, by group, then time.

    `series` holds the hits from a timespan before each stretch to a timespan behind it; of a single-event rule the new ones.
    """
    timespan, cell = timespan_of(rule), width(rule)
    met = np.ones(len(series), bool) if rule.correlation is None else triggering(rule.correlation, series)
    judged = covered(series.time, [(first, last + timespan) for first, last in near])
    for start, group, moments, rows in runs(series, met & judged, cell):
        spans = behind(moments, timespan) if rule.correlation else ()
        completed = completing(rule, series, series.names, met, rows[0]) if is_completed(rule) else None
        yield Grown(rule, series, group if rule.correlation else rows, start, int(moments[0]), int(moments[-1]), spans, completed)


def runs(series: Series, met: Any, cell: int) -> Iterator[tuple[int, tuple[int, int], Any, tuple[int, int]]]:
    """The rows of a mask by group and cell: the cell's start, the rows of its group, the times, and from which to behind which row."""
    at = np.flatnonzero(met)
    if not len(at):
        return
    group, place = series.group[at], series.time[at] // cell
    edges = np.flatnonzero((np.diff(group, prepend=-1) != 0) | (np.diff(place, prepend=place[0]) != 0))
    ends = np.append(edges[1:], len(at))
    firsts, behinds = (np.searchsorted(series.group, group[edges], side=side).tolist() for side in ("left", "right"))
    starts, times = (place[edges] * cell).tolist(), series.time[at]
    for start, first, last, low, high in zip(starts, firsts, behinds, edges.tolist(), ends.tolist(), strict=True):
        yield start, (first, last), times[low:high], (int(at[low]), int(at[high - 1]) + 1)
