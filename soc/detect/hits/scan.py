"""All rules over the columns of a batch: which events hit, for which rule, in which group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from soc.condition.tree import Node
from soc.detect.hits.found import Events, Found
from soc.detect.hits.keys import INSTITUTION_FIELDS, institution
from soc.detect.rules.reach import reach
from soc.detect.rules.rule import Rule, RuleSet, carriers
from soc.detect.ruleset.exception import RuleException
from soc.fields import ID, READING, REPEATED, TIME, Catalogue
from soc.match.matcher import Matcher
from soc.parsing import Dataset

ALWAYS_READ = (ID, TIME, READING, REPEATED, *INSTITUTION_FIELDS)


@dataclass(slots=True)
class Scan:
    """What a scan found. `removed`: hits by (exception, rule); `keyless`: hits without a group-by field, by rule."""

    hits: Any  # a table of soc.match.hits.HELD; its `rule` is a versioned name, see `hit_name`
    matched: Counter[str] = field(default_factory=Counter)  # events that met a rule's selection, exceptions apart
    removed: Counter[tuple[str, str]] = field(default_factory=Counter)
    keyless: Counter[str] = field(default_factory=Counter)
    again: bool = False  # whether some event was read before, so that its hits may be counted already


class Scanner:
    """The rules that run, compiled per dataset. `failed`: rules that the matcher could not take, with the reason."""

    def __init__(self, rules: RuleSet, datasets: Sequence[Dataset], exceptions: Sequence[RuleException], catalogue: Catalogue) -> None:
        self._rules, self._catalogue = rules, catalogue
        self._datasets = {dataset.name: dataset for dataset in datasets}
        self._exceptions = [one if one.rules is None else replace(one, rules=reach(rules, one.rules)) for one in exceptions]
        self._targets = _targets(rules)
        self._matchers: dict[str, Matcher] = {}
        self._seen: dict[str, list[Rule]] = {}
        self._columns: frozenset[str] | None = None
        self.failed: dict[str, str] = {}

    def columns(self) -> frozenset[str]:
        """The fields that some rule, key or exception reads: what a batch must be read back with."""
        if self._columns is None:
            self._columns = self._read()
        return self._columns

    def _read(self) -> frozenset[str]:
        named = {name for dataset in self._datasets for name in self._matcher(dataset).columns}
        for targets in self._targets.values():
            named.update(name for rule, source in targets for name in _grouped_by(rule, source))
        return frozenset(name.partition(".")[0] if name.startswith("labels.") else name for name in named).union(ALWAYS_READ)

    def conditions(self, only: Collection[str]) -> list[Node]:
        """What events have to meet to be hits of the rules and correlations of these ids."""
        concerned = (part for targets in self._targets.values() for rule, part in targets if rule.id in only)
        return list({part.id: part.condition for part in concerned if part.condition is not None}.values())

    def rules_of(self, dataset: str) -> list[Rule]:
        """The active rules that see the dataset; none when nothing declares it."""
        if dataset not in self._seen:
            self._seen[dataset] = self._rules.for_dataset(self._datasets[dataset].logsources) if dataset in self._datasets else []
        return self._seen[dataset]

    def scan(self, tables: Mapping[str, Any], only: Collection[str] | None = None) -> Scan:
        """Hits of the tables' events, of all rules or of those whose id (or whose correlation's id) is in `only`."""
        scan, found = Scan(None), Found()
        for dataset, table in tables.items():
            scan.again |= READING in table.column_names and table[READING].null_count < table.num_rows
            if dataset in self._datasets:
                self._add(self._matcher(dataset).match(table), table, scan, found, only)
        scan.hits = found.table()
        return scan

    def _matcher(self, dataset: str) -> Matcher:
        if dataset not in self._matchers:
            seen = {r.id: r.condition for r in self.rules_of(dataset) if r.condition is not None}
            concerned = {rule.id for id in seen for rule, _ in self._targets.get(id, ())} | seen.keys()
            seen.update((_name(e), e.condition) for e in self._exceptions if e.concerns(concerned))
            self._matchers[dataset] = matcher = Matcher(seen, self._catalogue)
            self.failed.update(matcher.failed)
        return self._matchers[dataset]

    def _add(self, met: Mapping[str, Any], table: Any, scan: Scan, found: Found, only: Collection[str] | None) -> None:
        excepted = {e.id: frozenset(met[_name(e)].tolist()) for e in self._exceptions if _name(e) in met}
        for id, numbers in met.items():
            targets = [(rule, part) for rule, part in self._targets.get(id, ()) if only is None or rule.id in only]
            if not targets:
                continue
            events = Events(table, numbers)
            scan.matched[id] += len(events)
            for rule, part in targets:
                kept = self._kept(rule, part, events, excepted, scan)
                if keyless := found.add(rule, part, events, kept):
                    scan.keyless[rule.id] += keyless

    def _kept(self, rule: Rule, part: Rule, events: Events, excepted: Mapping[str, frozenset[int]], scan: Scan) -> Any:
        """Places in `events` that no exception of the rule or its part removes; each removal counts for the first that does it."""
        concerned = [e for e in self._exceptions if excepted.get(e.id) and e.concerns((rule.id, part.id))]
        if not concerned:
            return np.arange(len(events))
        kept = []
        for place, number in enumerate(events.numbers.tolist()):
            get = events.getter(place)
            whose = institution(get, rule.tuning.side)
            by = next((e for e in concerned if number in excepted[e.id] and e.in_force(get("@timestamp"), whose)), None)
            if by is None:
                kept.append(place)
            else:
                scan.removed[by.id, rule.id] += 1
        return np.array(kept, np.int64)


def hits_of(rule: Rule, part: Rule, table: Any) -> Any:
    """Hits for `rule` of a table whose events all meet the condition of `part`, which is the same rule or one that it counts."""
    found = Found()
    found.add(rule, part, Events(table, np.arange(table.num_rows)), np.arange(table.num_rows))
    return found.table()


def _grouped_by(rule: Rule, part: Rule) -> Iterator[str]:
    if rule.correlation:
        for name in (*rule.correlation.group_by, *rule.correlation.fields):
            yield rule.correlation.field_of(name, part.id)
    else:
        yield from rule.tuning.key if rule.tuning.key is not None else ("source.ip", "user.name", "host.name")


def _targets(rules: RuleSet) -> dict[str, list[tuple[Rule, Rule]]]:
    """By the id of a rule with a condition: what its hits are counted for, with itself as the part."""
    targets: dict[str, list[tuple[Rule, Rule]]] = {}
    for rule in rules.active():
        if rule.condition is not None and rule.id not in rules.quiet:
            targets.setdefault(rule.id, []).append((rule, rule))
    for parent in rules.correlations():
        for id in parent.correlation.rules if parent.correlation else ():
            if (part := rules.rules[id]).condition is not None:
                targets.setdefault(id, []).append((parent, part))
        for path, part in carriers(rules.rules, parent).items():
            targets.setdefault(part.id, []).append((parent, replace(part, id=path)))
    return targets


def _name(exception: RuleException) -> str:
    return f"exception:{exception.id}"
