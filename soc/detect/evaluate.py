"""From hits to the cells of alerts: always from all hits that a cell can depend on, never from what was raised before.

So a cell is a function of the set of events, whatever the batches, their order, repeats and the number of workers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from soc.detect.identity import alert_id, hit_name
from soc.detect.rule import Rule, RuleSet
from soc.detect.triggers import spans_of, timespan_of
from soc.detect.windows import Span
from soc.match.hits import Group, Hit, by_rule
from soc.model import Window
from soc.text import canonical_json
from soc.times import HOUR

MOST_EVIDENCE = 10
Reader = Callable[[Collection[str], Window], Any]
"""Reads hits by their rules' `hit_name` in a window of event time, as a table of `soc.match.hits.HITS`: a store's `hits`."""
Reach = tuple[int, int]  # first and last moment, both included
Series = dict[Group, list[Hit]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of one group of one rule that holds a trigger. `evidence`: (time, event id), the smallest ten, ascending."""

    rule: Rule
    institution: str
    key: Mapping[str, str]
    start: int
    end: int
    count: int
    first: int
    last: int
    evidence: tuple[tuple[int, str], ...]

    @property
    def id(self) -> str:
        """The alert's id: a hash of rule id, group key and cell."""
        return alert_id(self.rule.id, self.institution, self.key, self.start)


def width(rule: Rule) -> int:
    """The width of a rule's cells in microseconds: the tuning's, else its timespan, at least an hour."""
    return rule.tuning.cell or max(timespan_of(rule), HOUR)


class Evaluator:
    """Computes the cells that fresh hits can have changed, of the rules that run."""

    def __init__(self, rules: RuleSet, read: Reader) -> None:
        self._rules = {rule.id: rule for rule in rules.active()}
        self._ids = {hit_name(rule): rule.id for rule in self._rules.values()}
        self._read = read
        self._raising = self._rules.keys() - rules.quiet
        self._correlations = rules.correlations()  # children first
        self._behind: dict[tuple[str, str, int], tuple[Sequence[Hit], Span]] = {}  # part, event and time of a chained hit -> its trigger

    def cells(self, fresh: Any) -> list[Cell]:
        """The cells, as they are with all hits in, whose triggers lie within reach of a fresh hit; by first trigger, then id.

        `fresh` is a table of hits that the reader already returns too.
        """
        changed = self._changed(fresh)
        plain = {id: groups for id, groups in changed.items() if id in self._raising and not self._rules[id].correlation}
        found = list(self._plain_cells(plain))
        for id, groups in changed.items():
            if id in self._raising and self._rules[id].correlation:
                found += self._correlation_cells(self._rules[id], groups)
        return sorted(found, key=lambda cell: (cell.first, cell.id))

    def _changed(self, fresh: Any) -> dict[str, dict[Group, Reach]]:
        """Per rule and group: the moments between which triggers can have appeared."""
        changed: dict[str, dict[Group, Reach]] = {}
        for name, groups in by_rule(fresh):
            if (id := self._ids.get(name)) is not None:
                ahead = timespan_of(self._rules[id])
                changed[id] = {group: (hits[0].time, hits[-1].time + ahead) for group, hits in groups.items()}
        for parent in self._correlations:
            for child in parent.correlation.rules if parent.correlation else ():
                for group, (first, last) in changed.get(child, {}).items() if self._is_chained(child) else ():
                    if (own := rekey(parent, child, group)) is not None:
                        reach = (first, last + timespan_of(parent))
                        known = changed.setdefault(parent.id, {}).get(own, reach)
                        changed[parent.id][own] = (min(known[0], reach[0]), max(known[1], reach[1]))
        return changed

    def _is_chained(self, id: str) -> bool:
        return id in self._rules and self._rules[id].correlation is not None

    def _plain_cells(self, changed: Mapping[str, Mapping[Group, Reach]]) -> Iterator[Cell]:
        windows = {id: _cells_window(groups.values(), width(self._rules[id])) for id, groups in changed.items()}
        if not windows:
            return
        union = Window(min(w.since for w in windows.values()), max(w.until for w in windows.values()))
        for name, groups in by_rule(self._read(sorted(hit_name(self._rules[id]) for id in windows), union)):
            rule = self._rules[id := self._ids[name]]
            for group in changed[id].keys() & groups.keys():
                yield from self._cut(rule, group, groups[group], spans_of(rule, groups[group]), changed[id][group])

    def _correlation_cells(self, rule: Rule, changed: Mapping[Group, Reach]) -> Iterator[Cell]:
        window = _cells_window(changed.values(), width(rule))
        for group, (series, spans) in self._triggers(rule, window, changed.keys()).items():
            yield from self._cut(rule, group, series, spans, changed[group])

    def _triggers(self, rule: Rule, window: Window, only: Collection[Group] | None) -> dict[Group, tuple[list[Hit], list[Span]]]:
        """The series of each group and its triggers within the window."""
        behind = Window(window.since - timespan_of(rule), window.until)
        found = {}
        for group, series in self._series(rule, behind, only).items():
            spans = [span for span in spans_of(rule, series) if span.time >= window.since]
            if spans:
                found[group] = (series, spans)
        return found

    def _series(self, rule: Rule, window: Window, only: Collection[Group] | None) -> Series:
        """What the rule counts, by group: hits of its parts, and the triggers of the correlations among them."""
        series: Series = {}
        for _, groups in by_rule(self._read([hit_name(rule)], window)):
            series.update((group, hits) for group, hits in groups.items() if only is None or group in only)
        chained = [self._rules[id] for id in (rule.correlation.rules if rule.correlation else ()) if self._is_chained(id)]
        for child in chained:
            for group, hits in self._chained(rule, child, window).items():
                if only is None or group in only:
                    series[group] = sorted({*series.get(group, ()), *hits}, key=_by_time)
        return series

    def _chained(self, parent: Rule, child: Rule, window: Window) -> Series:
        """The child's triggers as hits of the parent; triggers of one cell of the child are one distinct event to it."""
        series: Series = {}
        cell = width(child)
        for group, (hits, spans) in self._triggers(child, window, None).items():
            own = rekey(parent, child.id, group)
            if own is None:
                continue
            key = orjson.loads(group[1])
            value = _value(parent, key)
            for span in spans:
                id = alert_id(child.id, group[0], key, span.time // cell * cell)
                self._behind[child.id, id, span.time] = (hits, span)
                series.setdefault(own, []).extend(Hit(span.time, id, child.id, value, hits[i].origin) for i in span.triggers)
        return series

    def _cut(self, rule: Rule, group: Group, series: Sequence[Hit], spans: Sequence[Span], reach: Reach) -> Iterator[Cell]:
        """The cells of one group within reach. `spans` ascend."""
        cell, key = width(rule), orjson.loads(group[1])
        at = bisect_left(spans, reach[0] // cell * cell, key=lambda span: span.time)
        while at < len(spans) and spans[at].time <= reach[1] // cell * cell + cell - 1:
            start = spans[at].time // cell * cell
            end = bisect_left(spans, start + cell, key=lambda span: span.time)
            events = sorted(self._contributing(series, spans[at:end]))
            count, evidence = len({id for _, id in events}), tuple(events[:MOST_EVIDENCE])
            yield Cell(rule, group[0], key, start, start + cell, count, spans[at].time, spans[end - 1].time, evidence)
            at = end

    def _contributing(self, series: Sequence[Hit], spans: Sequence[Span]) -> set[tuple[int, str]]:
        """Time and id of the events in the windows of these spans, which ascend; for a trigger in there, of those in its own window."""
        events: set[tuple[int, str]] = set()
        below: dict[int, tuple[Sequence[Hit], dict[int, Span]]] = {}  # a child's series -> its triggers by time
        done = 0
        for span in spans:  # windows only move on, so each hit is looked at once
            for hit in series[max(span.lo, done) : span.hi]:
                if (trigger := self._behind.get((hit.part, hit.event, hit.time))) is None:
                    events.add((hit.time, hit.origin))
                else:
                    below.setdefault(id(trigger[0]), (trigger[0], {}))[1][hit.time] = trigger[1]
            done = span.hi
        for child, triggers in below.values():
            events |= self._contributing(child, [triggers[time] for time in sorted(triggers)])
        return events


def rekey(parent: Rule, child: str, group: Group) -> Group | None:
    """The parent's group that a child's group belongs to; None when the child's key lacks a field that the parent groups by."""
    correlation = parent.correlation
    if correlation is None:
        return None
    key = orjson.loads(group[1])
    own = {name: key.get(correlation.aliases.get(name, {}).get(child, name)) for name in correlation.group_by}
    return None if None in own.values() else (group[0], canonical_json(own).decode())


def _value(parent: Rule, key: Mapping[str, str]) -> str | None:
    counted = parent.correlation.fields if parent.correlation else ()
    values = [key.get(name) for name in counted]
    return None if not values or None in values else canonical_json(values).decode()


def _cells_window(reaches: Iterable[Reach], cell: int) -> Window:
    """The window from the start of the first cell to the end of the last one."""
    listed = list(reaches)
    return Window(min(r[0] for r in listed) // cell * cell, max(r[1] for r in listed) // cell * cell + cell)


def _by_time(hit: Hit) -> tuple[int, str, str, str, str]:
    return (hit.time, hit.event, hit.part, hit.value or "", hit.origin)
