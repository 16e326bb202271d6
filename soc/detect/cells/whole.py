"""Cells counted from all their hits: of correlations over correlations, and wherever it is not known what was counted before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from soc.detect.cells.cell import Cell, Stamped, headed, width
from soc.detect.cells.chained import rekey, with_triggers
from soc.detect.cells.completing import completing, is_completed
from soc.detect.cells.growth import runs
from soc.detect.cells.layer import Below, Layer, Tally
from soc.detect.cells.series import Loaded, Series, inside, of_parts, settled
from soc.detect.cells.spans import behind
from soc.detect.cells.triggers import least, timespan_of, triggering
from soc.detect.rules.identity import alert_id, hit_name
from soc.detect.rules.rule import Correlation, Rule, leaves_of, path_of
from soc.match.hits import Group
from soc.model import Window

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
        others = [part for part in series.parts if part not in rule.correlation.rules]
        series, carried = of_parts(series, rule.correlation.rules), of_parts(series, others)
        able = _able(rule.correlation, series, {child.id for child in children})
        if children and able is not None:
            series, carried = _of_groups(series, able.__contains__), _of_groups(carried, able.__contains__)
        below: dict[int, Below] = {}
        for child in children if able is None or able else ():
            lower = self._layer(child, reading, self._theirs(rule, child, reading, wanted, able, carried))
            paths = [path_of(self._rules, child.id, leaf) for leaf in leaves_of(self._rules, child.id)]
            series, found = with_triggers(rule, series, of_parts(carried, paths), lower)
            below[len(series.parts) - 1] = found
        series = settled(series) if below else series
        spans = {child.id: timespan_of(child) for child in children}
        return Layer(rule, series, triggering(rule.correlation, series, spans) & inside(series, window), below)

    def _theirs(self, rule: Rule, child: Rule, reading: Window, wanted: Wanted, able: Collection[Group] | None, carried: Series) -> Wanted:
        """The groups of a child that can have a trigger for the groups wanted."""
        if rule.correlation is None or child.id not in rule.correlation.looked_up:
            return lambda group: _belongs(rule, child, group, wanted, able)
        if any(is_chained(self._rules, part) for part in (child.correlation.rules if child.correlation else ())):
            return lambda group: True
        return self._load(child, _behind(child, reading)).having(carried.names.take(pa.array(carried.event))).__contains__


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


def _headed(layer: Layer, row: int, evidence: tuple[Stamped, ...]) -> tuple[Stamped, ...]:
    """The evidence of a cell whose first trigger lies at this row."""
    if not layer.below and not is_completed(layer.rule):
        return evidence
    return headed(completing(layer.rule, layer.series, layer.made, layer.met, row), evidence)


def _cell(layer: Layer, place: int, start: int, moments: Any, count: int, evidence: tuple[Stamped, ...]) -> Cell:
    rule, (institution, text) = layer.rule, layer.series.groups[place]
    spans = None if layer.below else behind(moments, timespan_of(rule)) if rule.correlation else ()
    key = orjson.loads(text)
    times = (start, start + width(rule), count, int(moments[0]), int(moments[-1]))
    return Cell(alert_id(rule.id, institution, key, start), rule, institution, key, *times, evidence, spans)
