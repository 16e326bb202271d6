"""Which hits of one group trigger a correlation. Pure: a function of the hits, not of the order they came in.

Hits lie on the axis of event time. A hit e triggers when the closed window [t(e) - timespan, t(e)] fulfils the
condition (Sigma correlation rules 2.1.0, "timespan"; the window slides, it is not cut at boundaries). Hits of one
moment share their window, so that ties cannot depend on an order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple, Protocol

from soc.match.hits import Hit


class Span(NamedTuple):
    """A moment at which hits trigger. `triggers`: their positions in the series; `lo`, `hi`: the half-open window of positions."""

    time: int
    triggers: tuple[int, ...]
    lo: int
    hi: int


class Measure(Protocol):
    """What a window is asked; hits come and go in the order of the series."""

    def come(self, hit: Hit) -> None: ...

    def go(self, hit: Hit) -> None: ...

    def met(self) -> bool: ...


class Distinct:
    """At least `bound` distinct values of `of(hit)`; hits for which that is None do not count."""

    def __init__(self, bound: int | float, of: Callable[[Hit], str | None]) -> None:
        self._bound, self._of = bound, of
        self._count: Counter[str] = Counter()

    def come(self, hit: Hit) -> None:
        if (value := self._of(hit)) is not None:
            self._count[value] += 1

    def go(self, hit: Hit) -> None:
        if (value := self._of(hit)) is not None:
            self._count[value] -= 1
            if not self._count[value]:
                del self._count[value]

    def met(self) -> bool:
        return len(self._count) >= self._bound


class Present:
    """`holds` is true of the set of parts that have a hit in the window."""

    def __init__(self, holds: Callable[[frozenset[str]], bool]) -> None:
        self._holds = holds
        self._count: Counter[str] = Counter()

    def come(self, hit: Hit) -> None:
        self._count[hit.part] += 1

    def go(self, hit: Hit) -> None:
        self._count[hit.part] -= 1

    def met(self) -> bool:
        return self._holds(frozenset(part for part, count in self._count.items() if count))


def slide(series: Sequence[Hit], timespan: int, measure: Measure) -> list[Span]:
    """The moments at which the window fulfils the measure, ascending. `series` is sorted by time; `timespan` in microseconds."""
    spans, lo, hi = [], 0, 0
    for time, group in groupby(series, key=lambda hit: hit.time):
        start = hi
        for hit in group:
            measure.come(hit)
            hi += 1
        while series[lo].time < time - timespan:
            measure.go(series[lo])
            lo += 1
        if measure.met():
            spans.append(Span(time, tuple(range(start, hi)), lo, hi))
    return spans


def in_order(series: Sequence[Hit], timespan: int, parts: Sequence[str]) -> list[Span]:
    """Moments at which a hit of the last part closes a chain: distinct events, one per part in order, times not decreasing."""
    spans = slide(series, timespan, Present(lambda present: present.issuperset(parts)))
    if len({(hit.event, hit.part) for hit in series}) == len({hit.event for hit in series}):
        closed = _closed_moments(series, timespan, parts)
        kept = (_closing(series, span, parts) for span in spans if span.time in closed)
        return [span for span in kept if span.triggers]
    found = []
    for span in spans:
        window = series[span.lo : span.hi]
        closing = _closing(series, span, parts).triggers
        closing = tuple(i for i in closing if _chain(window, parts[:-1], span.time, frozenset({series[i].event})))
        if closing:
            found.append(span._replace(triggers=closing))
    return found


def _closing(series: Sequence[Hit], span: Span, parts: Sequence[str]) -> Span:
    return span._replace(triggers=tuple(i for i in span.triggers if series[i].part == parts[-1]))


def _closed_moments(series: Sequence[Hit], timespan: int, parts: Sequence[str]) -> set[int]:
    """Where a chain ends, when no event has two parts: per part, the latest start of a chain up to it is all that matters."""
    start: list[int | None] = [None] * len(parts)
    closed = set()
    for time, group in groupby(series, key=lambda hit: hit.time):
        present = {hit.part for hit in group}
        for place, part in enumerate(parts):
            if part in present:
                before = time if place == 0 else start[place - 1]
                start[place] = _later(before, start[place])
        if parts[-1] in present and (first := start[-1]) is not None and first >= time - timespan:
            closed.add(time)
    return closed


def _later(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else max(one, other)


def _chain(window: Sequence[Hit], parts: Sequence[str], limit: int, used: frozenset[str]) -> bool:
    """Whether the parts can be met in order by events not in `used`, the last of them at `limit` or before.

    The latest candidates are enough: a chain through an earlier one also holds with a later one in its place. Among
    candidates of one moment only their other parts matter, so one of each kind is tried.
    """
    if not parts:
        return True
    candidates = [hit for hit in window if hit.part == parts[-1] and hit.time <= limit and hit.event not in used]
    if not candidates:
        return False
    latest = candidates[-1].time
    others: dict[str, set[str]] = {}
    for hit in window:
        if hit.time == latest:
            others.setdefault(hit.event, set()).add(hit.part)
    kinds = {frozenset(others[hit.event] & set(parts)): hit.event for hit in candidates if hit.time == latest}
    return any(_chain(window, parts[:-1], latest, used | {event}) for event in kinds.values())
