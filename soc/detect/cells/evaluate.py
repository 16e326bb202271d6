"""From new hits to the cells that they change: a function of all hits, whatever their batches, order and repeats."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from soc.detect.cells.cell import Cell, Known, width
from soc.detect.cells.chained import rekey
from soc.detect.cells.completing import is_completed
from soc.detect.cells.growth import Grown, Stretch, grown, stretches
from soc.detect.cells.series import Loaded
from soc.detect.cells.triggers import timespan_of
from soc.detect.cells.whole import Reach, Reader, Whole, is_chained
from soc.detect.rules.identity import hit_name
from soc.detect.rules.rule import Rule, RuleSet, carriers
from soc.match.hits import Group, by_rule, joined, reaches, within
from soc.model import Counted, Window

Fresh = Mapping[str, Any]  # hits by the id of the rule that they count for
Reaches = dict[str, dict[Group, Reach]]


def counter(rule: Rule, store: str) -> str:
    """Whose hits an alert counts: of the rule as it is, in this store; and whether its evidence is headed."""
    return f"{hit_name(rule)} {store}" + (" headed" if is_completed(rule) else "")


def nothing(ids: Collection[str]) -> Mapping[str, Counted | None]:
    """Knows of no alert."""
    return {}


class Evaluator:
    """Computes the cells that fresh hits can have changed, of the rules that run. `store`: the id of what the reader reads."""

    def __init__(self, rules: RuleSet, read: Reader, known: Known = nothing, *, store: str = "") -> None:
        self._rules = {rule.id: rule for rule in rules.active()}
        self._ids = {hit_name(rule): rule.id for rule in self._rules.values()}
        self._read, self._known, self._store = read, known, store
        self._raising = self._rules.keys() - rules.quiet
        self._correlations = rules.correlations()  # children first
        self._chained = self._in_chains()
        self._carriers = {rule.id: list(carriers(rules.rules, rule)) for rule in self._correlations}

    def cells(self, fresh: Any) -> list[Cell]:
        """The cells whose triggers lie within reach of a fresh hit, counted from all hits; by first trigger, then id.

        `fresh` is a table of hits that the reader already returns too.
        """
        whole, reach = Whole(self._rules, self._read), self._changed(self._split(fresh), self._read)
        return self._sorted(cell for id, groups in reach.items() if id in self._raising for cell in whole.cells(self._rules[id], groups))

    def grown(self, fresh: Any) -> list[Cell]:
        """As `cells`, of those alone that are not as they were known; what was counted before is not read again.

        `fresh` holds hits that the reader does not return yet and no alert counts.
        """
        split = self._split(fresh)
        steady = {id: table for id, table in split.items() if id in self._raising and not self._chains(id)}
        rested = {id: table for id, table in split.items() if id in self._chained}

        def read(names: Collection[str], window: Window) -> Any:
            return joined([self._read(names, window), within(fresh, names, window)])

        changed = self._changed(rested, read)
        stale: Reaches = {id: groups for id, groups in changed.items() if self._chains(id) and id in self._raising}
        unknown: set[str] = set()
        cells = [cell for found in self._found(steady) for cell in self._counted_on(found, stale, unknown)]
        whole = Whole(self._rules, read)
        for id, groups in stale.items():
            counted = [cell for cell in whole.cells(self._rules[id], groups) if id not in steady or cell.id in unknown]
            known, by = self._known([cell.id for cell in counted]), counter(self._rules[id], self._store)
            cells += [cell for cell in counted if cell.counted(by) != known.get(cell.id)]
        return self._sorted(cells)

    def _counted_on(self, found: Sequence[Grown], stale: Reaches, unknown: set[str]) -> Iterator[Cell]:
        """Those cells that are not as they were known; where what has to be counted as a whole lies is added to `stale`, and
        its id to `unknown`: others that lie between are not counted again, for of their hits some may have expired.
        """
        known = self._known([one.id for one in found])
        for one in found:
            before, by = known.get(one.id), counter(one.rule, self._store)
            if one.id in known and (before is None or before.by != by or before.spans is None):
                _stretch(stale.setdefault(one.rule.id, {}), one.group, (one.start, one.start + width(one.rule) - 1))
                unknown.add(one.id)
            elif (cell := one.cell(before)).counted(by) != before:
                yield cell

    def _split(self, fresh: Any) -> dict[str, Any]:
        return {self._ids[name]: table for name, table in by_rule(fresh).items() if name in self._ids}

    def _sorted(self, cells: Iterable[Cell]) -> list[Cell]:
        return sorted(cells, key=lambda cell: (cell.first, cell.id))

    def _in_chains(self) -> set[str]:
        """The correlations over correlations, and those that they rest on."""
        chains = [parent for parent in self._correlations if self._chains(parent.id)]
        return {id for parent in chains for id in (parent.id, *(parent.correlation.rules if parent.correlation else ()))}

    def _chains(self, id: str) -> bool:
        correlation = self._rules[id].correlation
        return correlation is not None and any(is_chained(self._rules, part) for part in correlation.rules)

    def _found(self, fresh: Fresh) -> Iterator[list[Grown]]:
        """Correlation by correlation, which may have read many hits; the other rules together."""
        plain: list[Grown] = []
        for id, table in fresh.items():
            rule = self._rules[id]
            near = stretches(np.sort(table["time"].to_numpy()), timespan_of(rule))
            found = list(grown(rule, Loaded(self._near(rule, near), table).changed(), near))
            if rule.correlation:
                yield found
            else:
                plain += found
        yield plain

    def _near(self, rule: Rule, near: Sequence[Stretch]) -> Any:
        """The hits within a timespan of the stretches; a single-event rule needs none."""
        timespan = timespan_of(rule)
        windows = [Window(first - timespan, last + timespan + 1) for first, last in near] if rule.correlation else []
        return joined([self._read([hit_name(rule)], window) for window in windows])

    def _changed(self, fresh: Fresh, read: Reader) -> Reaches:
        """Per rule and group: the moments between which triggers can have appeared."""
        changed: Reaches = {}
        for id, table in fresh.items():
            ahead = timespan_of(self._rules[id])
            changed[id] = {group: (first, last + ahead) for group, (first, last) in reaches(table).items()}
        for parent in self._correlations:
            for child in parent.correlation.rules if parent.correlation else ():
                theirs = changed.get(child, {}) if is_chained(self._rules, child) else {}
                for own, (first, last) in self._owned(parent, child, theirs, read):
                    _stretch(changed.setdefault(parent.id, {}), own, (first, last + timespan_of(parent)))
        return changed

    def _owned(self, parent: Rule, child: str, theirs: Mapping[Group, Reach], read: Reader) -> Iterator[tuple[Group, Reach]]:
        """The parent's groups to which triggers of a child within this reach belong, with the reach in each."""
        if parent.correlation is None or child not in parent.correlation.looked_up:
            yield from ((own, reach) for group, reach in theirs.items() if (own := rekey(parent, child, group)) is not None)
        elif theirs:
            window = Window(min(first for first, _ in theirs.values()), max(last for _, last in theirs.values()) + 1)
            carried = read([hit_name(parent)], window)
            carried = carried.filter(pc.is_in(carried["part"].cast(pa.string()), value_set=pa.array(self._carriers[parent.id])))
            if not self._chains(child):
                events = Loaded(read([hit_name(self._rules[child])], window)).events_of(theirs)
                carried = carried.filter(pc.is_in(carried["event"], value_set=pa.array(events, pa.string())))
            yield from reaches(carried).items()


def _stretch(reach: dict[Group, Reach], group: Group, more: Reach) -> None:
    known = reach.get(group, more)
    reach[group] = (min(known[0], more[0]), max(known[1], more[1]))
