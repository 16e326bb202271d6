"""Cells counted from all their hits: of correlations over correlations, and wherever it is not known what was counted before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from soc.detect.cells.cell import Cell, Stamped, headed, width
from soc.detect.cells.completing import completing_chain, is_completed
from soc.detect.cells.growth import runs
from soc.detect.cells.layer import Layer, Tally
from soc.detect.cells.series import Loaded, Series, inside, settled
from soc.detect.cells.spans import behind
from soc.detect.cells.triggers import least, timespan_of, triggering
from soc.detect.rules.identity import alert_id, hit_name
from soc.detect.rules.rule import Correlation, Rule
from soc.match.hits import Group
from soc.model import Window
from soc.text import canonical_json

Reader = Callable[[Collection[str], Window], Any]
"""Reads hits by their rules' `hit_name` in a window of event time, as a table of `soc.match.hits.HITS`: a store's `hits`."""
Reach = tuple[int, int]  # first and last moment, both included
Wanted = Callable[[Group], bool]
TOGETHER = 50_000  # hits of a rule that are judged at once: of more groups follow each other


class Whole:
    """Counts cells of these rules (by id) from what the reader has."""

    def __init__(self, rules: Mapping[str, Rule], read: Reader) -> None:
        self._rules, self._read = rules, read
        self._loaded: dict[tuple[str, Window], Loaded] = {}

    def cells(self, rule: Rule, reach: Mapping[Group, Reach]) -> Iterator[Cell]:
        """The cells of these groups that hold a moment of their reach and a trigger."""
        if not reach:
            return
        cell = width(rule)
        since, until = min(first for first, _ in reach.values()), max(last for _, last in reach.values())
        window = Window(since // cell * cell, until // cell * cell + cell)
        parts = len(self._load(rule, _behind(rule, window))) // TOGETHER + 1
        for some in _shared_out(reach, parts):
            yield from self._counted(self._layer(rule, window, some.__contains__), some)
        self._loaded.clear()

    def _load(self, rule: Rule, window: Window) -> Loaded:
        """The rule's own hits, read once for all groups."""
        if (rule.id, window) not in self._loaded:
            self._loaded[rule.id, window] = Loaded(self._read([hit_name(rule)], window))
        return self._loaded[rule.id, window]

    def _counted(self, layer: Layer, reach: Mapping[Group, Reach]) -> Iterator[Cell]:
        """The cells of a layer within reach; the cells of one start together, for each is of another group."""
        cell, tally = width(layer.rule), Tally(layer)
        found: dict[int, list[tuple[int, int, Any]]] = {}
        for start, (first, _), moments, (row, _) in runs(layer.series, layer.met, cell):
            place = int(layer.series.group[first])
            reached = reach[layer.series.groups[place]]
            if reached[0] // cell * cell <= start <= reached[1]:
                found.setdefault(start, []).append((place, row, moments))
        for start, triggered in found.items():
            groups = np.repeat([place for place, _, _ in triggered], [len(moments) for _, _, moments in triggered])
            counted = tally.of(groups, np.concatenate([moments for _, _, moments in triggered]))
            for place, row, moments in triggered:
                count, evidence = counted[place]
                yield _cell(layer, place, start, moments, count, _headed(layer, row, evidence))

    def _layer(self, rule: Rule, window: Window, wanted: Wanted) -> Layer:
        """What the rule counts in these groups, and its triggers within the window."""
        reading = _behind(rule, window)
        series = self._load(rule, reading).of(wanted)
        if rule.correlation is None:
            return Layer(rule, series, inside(series, window), {})
        children = [self._rules[id] for id in rule.correlation.rules if is_chained(self._rules, id)]
        able = _able(rule.correlation, series, {child.id for child in children})
        if children and able is not None:
            series = _of_groups(series, able.__contains__)
        below: dict[int, tuple[Layer, Mapping[int, int]]] = {}
        for child in children if able is None or able else ():
            lower = self._layer(child, reading, lambda group, child=child: _belongs(rule, child, group, wanted, able))  # type: ignore[misc]
            series, code, events = _with_triggers(rule, series, lower)
            below[code] = (lower, events)
        series = settled(series) if below else series
        return Layer(rule, series, triggering(rule.correlation, series) & inside(series, window), below)


def _behind(rule: Rule, window: Window) -> Window:
    """Where hits lie that triggers within the window can rest on."""
    return Window(window.since - timespan_of(rule), window.until)


def _shared_out(reach: Mapping[Group, Reach], parts: int) -> Iterator[dict[Group, Reach]]:
    """The groups in so many parts."""
    groups = sorted(reach)
    size = -(-len(groups) // parts)
    for start in range(0, len(groups), size):
        yield {group: reach[group] for group in groups[start : start + size]}


def is_chained(rules: Mapping[str, Rule], id: str) -> bool:
    """Whether it is a correlation that runs."""
    return id in rules and rules[id].correlation is not None


def rekey(parent: Rule, child: str, group: Group) -> Group | None:
    """The parent's group that a child's group belongs to; None when the child's key lacks a field that the parent groups by."""
    correlation = parent.correlation
    if correlation is None:
        return None
    key = orjson.loads(group[1])
    own = {name: key.get(correlation.aliases.get(name, {}).get(child, name)) for name in correlation.group_by}
    return None if None in own.values() else (group[0], canonical_json(own).decode())


def _belongs(parent: Rule, child: Rule, group: Group, wanted: Wanted, able: Collection[Group] | None) -> bool:
    own = rekey(parent, child.id, group)
    return own is not None and wanted(own) and (able is None or own in able)


def _able(correlation: Correlation, series: Series, chained: Collection[str]) -> set[Group] | None:
    """The groups that have a hit of each part that is no correlation, where all parts are wanted; None: any group may trigger."""
    every = correlation.expression is None and least(correlation) >= len(correlation.rules)
    if correlation.type not in ("temporal", "temporal_ordered") or (correlation.type == "temporal" and not every):
        return None
    plain = set(correlation.rules) - set(chained)
    if not plain:
        return None
    seen = {
        code: {series.groups[place] for place in np.unique(series.group[series.part == code]).tolist()}
        for code, part in enumerate(series.parts)
        if part in plain
    }
    return set.intersection(*seen.values()) if len(seen) == len(plain) else set()


def _of_groups(series: Series, wanted: Wanted) -> Series:
    kept = np.array([wanted(group) for group in series.groups], bool)
    return series if kept.all() else series.rows(kept[series.group])


def _with_triggers(parent: Rule, series: Series, child: Layer) -> tuple[Series, int, dict[int, int]]:
    """The series with the child's triggers as hits, not yet in order; the child's part in it, and its group by the chained event.

    Triggers of one cell of the child are one event to the parent: the alert that they make.
    """
    found, code = _alerts(child), len(series.parts)
    events: dict[int, int] = {}
    ids: list[str] = []
    codes = {group: place for place, group in enumerate(series.groups)}
    group, time, event = [series.group], [series.time], [series.event]
    values: dict[str | None, int] = {None: -1} | {text: place for place, text in enumerate(series.values.to_pylist())}
    value = [series.value]
    for id, place, moments in found:
        own = rekey(parent, child.rule.id, child.series.groups[place])
        assert own is not None  # else its group would not have been asked for
        number = len(series.names) + len(ids)
        ids.append(id)
        events[number] = place
        moments = np.unique(moments)
        same = np.ones(len(moments), np.int32)
        group.append(same * codes.setdefault(own, len(codes)))
        time.append(moments)
        event.append(same * number)
        text = _value(parent, orjson.loads(child.series.groups[place][1]))
        value.append(same * values.setdefault(text, len(values) - 1))
    names = pa.concat_arrays([series.names, pa.array(ids, pa.large_string())])
    columns = {"group": group, "time": time, "event": event, "value": value}
    all_of = {name: np.concatenate(parts) for name, parts in columns.items()}
    part = np.append(series.part, np.full(len(all_of["time"]) - len(series), code))
    new = np.zeros(len(part), bool)
    parts = [*series.parts, child.rule.id]
    texts = pa.array([text for text in values if text is not None], pa.string())
    return replace(series, groups=list(codes), parts=parts, names=names, values=texts, part=part, new=new, **all_of), code, events


def _alerts(child: Layer) -> Iterator[tuple[str, int, Any]]:
    """The alerts that a child's triggers make: id, group, and the moments of the triggers."""
    for start, (first, _), moments, _ in runs(child.series, child.met, width(child.rule)):
        place = int(child.series.group[first])
        institution, key = child.series.groups[place]
        yield alert_id(child.rule.id, institution, orjson.loads(key), start), place, moments


def _value(parent: Rule, key: Mapping[str, str]) -> str | None:
    counted = parent.correlation.fields if parent.correlation else ()
    values = [key.get(name) for name in counted]
    return None if not values or None in values else canonical_json(values).decode()


def _headed(layer: Layer, row: int, evidence: tuple[Stamped, ...]) -> tuple[Stamped, ...]:
    """The evidence of a cell whose first trigger lies at this row."""
    return headed(completing_chain(layer, row), evidence) if layer.below or is_completed(layer.rule) else evidence


def _cell(layer: Layer, place: int, start: int, moments: Any, count: int, evidence: tuple[Stamped, ...]) -> Cell:
    rule, (institution, text) = layer.rule, layer.series.groups[place]
    spans = None if layer.below else behind(moments, timespan_of(rule)) if rule.correlation else ()
    key = orjson.loads(text)
    times = (start, start + width(rule), count, int(moments[0]), int(moments[-1]))
    return Cell(alert_id(rule.id, institution, key, start), rule, institution, key, *times, evidence, spans)
