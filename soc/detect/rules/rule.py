"""Rules as detection sees them: a condition or a correlation, what the site wants from it, and whether it can run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from soc.condition.tree import Node
from soc.errors import ContentError, RuleRefused
from soc.model import Logsource
from soc.times import DAY

LEVELS = ("informational", "low", "medium", "high", "critical")
SIDES = ("source", "destination", "feed")
LONGEST = 3653 * DAY  # of a timespan, cell or look-back: moments stay far within 64 bits

Expression = str | tuple[str, tuple["Expression", ...]]
"""An extended temporal condition: a rule id, or ("and" | "or" | "not", arguments)."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What the site wants from a rule; None leaves the default. `cell` and `lookback` are microseconds."""

    enabled: bool = True
    level: str | None = None
    key: tuple[str, ...] | None = None
    cell: int | None = None
    side: str | None = None  # one of SIDES
    category: str | None = None
    lookback: int | None = None


@dataclass(frozen=True, slots=True)
class Correlation:
    """Hits of `rules` (ids, in the order stated) within `timespan` microseconds, per values of `group_by`.

    `op` (gte gt lte lt eq neq) and `bound` judge the count, in a range those of `also` too; a temporal one without a
    count wants all its rules.
    `aliases`: a name in `group_by` -> rule id -> the field it means there.
    `monotone`: more events never make it untrue. `generate`: its rules also raise alerts of their own.
    `renamed`: what names of `group_by` and `fields` were called where they were stated. `looked_up`: correlations among `rules`
    whose key does not tell the groups and values of this one; the events that made them trigger do.
    """

    type: str  # event_count value_count temporal temporal_ordered value_sum value_avg value_percentile value_median
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    timespan: int
    op: str
    bound: int | float
    fields: tuple[str, ...] = ()
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    generate: bool = False
    monotone: bool = True
    expression: Expression | None = None
    also: tuple[tuple[str, int | float], ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict, repr=False)
    looked_up: frozenset[str] = field(default=frozenset(), repr=False)

    def field_of(self, name: str, rule: str) -> str:
        """The field that a name in `group_by` or `fields` means in events of this rule; of one below a correlation see `path_of`.

        Of a correlation among `rules`: the name in its key.
        """
        return self.aliases.get(name, {}).get(rule, name)


@dataclass(frozen=True, slots=True)
class Rule:
    """One Sigma rule: either `condition` or `correlation` is set.

    `hash` changes when the rule could find something else: its tree, correlation, logsource, key, cell or side.
    `words`: plain words in it that are text here and something else to other tools, with their lines.
    `dormant` says why it never runs. `unsupplied`: fields it reads that nothing supplies, while it can still fire.
    """

    id: str
    title: str
    path: Path
    line: int
    level: str
    status: str
    tags: tuple[str, ...]
    description: str
    author: str
    references: tuple[str, ...]
    falsepositives: tuple[str, ...]
    logsource: Logsource
    condition: Node | None
    correlation: Correlation | None
    hash: str
    name: str = ""
    dormant: str | None = None
    unsupplied: tuple[str, ...] = ()
    tuning: Tuning = Tuning()
    imported: bool = False
    words: tuple[tuple[int, str], ...] = ()

    @property
    def severity(self) -> str:
        """The level of its alerts: the site's, else the rule's."""
        return self.tuning.level or self.level

    @property
    def runs(self) -> bool:
        return self.dormant is None and self.tuning.enabled


@dataclass(frozen=True)
class RuleSet:
    """All rules of a run by id, those refused, and what was wrong in tuning, lists and pipelines.

    `hash` names the rules that run, each with its own hash.
    """

    rules: Mapping[str, Rule] = field(default_factory=dict)
    refused: tuple[RuleRefused, ...] = ()
    hash: str = ""
    errors: tuple[ContentError, ...] = ()
    shadowed: tuple[tuple[Path, Path], ...] = ()  # (the file replaced, the one in force)

    def active(self) -> Iterator[Rule]:
        """Rules that run: neither dormant nor switched off."""
        return (rule for rule in self.rules.values() if rule.runs)

    def dormant(self) -> Iterator[Rule]:
        """Rules that compiled but never run; `rule.dormant` says why."""
        return (rule for rule in self.rules.values() if rule.dormant is not None)

    def for_dataset(self, declared: Sequence[Mapping[str, str]]) -> list[Rule]:
        """Active rules with a condition that see a dataset which declares these logsources, by id."""
        active = [rule for rule in self.active() if rule.condition is not None]
        seen = {source for source in {rule.logsource for rule in active} if any(source.sees(one) for one in declared)}
        return [rule for rule in active if rule.logsource in seen]

    def unseeing(self, seeing: Iterable[Rule]) -> list[str]:
        """The ids of the active rules with a condition that are not among these."""
        seen = {rule.id for rule in seeing}
        return [rule.id for rule in self.active() if rule.condition is not None and rule.id not in seen]

    def correlations(self) -> list[Rule]:
        """Active correlations, each after those it refers to."""
        done: dict[str, Rule] = {}

        def add(rule: Rule) -> None:
            if rule.correlation is not None and rule.id not in done:
                for part in rule.correlation.rules:
                    add(self.rules[part])
                done[rule.id] = rule

        for rule in self.active():
            add(rule)
        return list(done.values())

    def below(self, ids: Collection[str]) -> frozenset[str]:
        """The correlations that these rules rest on, at whatever depth, themselves apart."""
        found: set[str] = set()
        for rule in reversed(self.correlations()):
            if rule.correlation is not None and (rule.id in ids or rule.id in found):
                found.update(part for part in rule.correlation.rules if self.rules[part].correlation is not None)
        return frozenset(found.difference(ids))

    @cached_property
    def quiet(self) -> frozenset[str]:
        """Ids of rules that raise no alerts of their own: a correlation that runs refers to them, without `generate`."""
        parents = (rule.correlation for rule in self.active() if rule.correlation is not None)
        return frozenset(part for parent in parents if not parent.generate for part in parent.rules)


def leaves_of(rules: Mapping[str, Rule], id: str) -> list[str]:
    """The rules with a condition that a rule rests on: itself, or those at the ends of a correlation."""
    correlation = rules[id].correlation
    return [id] if correlation is None else list(dict.fromkeys(leaf for part in correlation.rules for leaf in leaves_of(rules, part)))


def path_of(rules: Mapping[str, Rule], part: str, leaf: str) -> str:
    """What a rule with a condition is called by the correlation that counts `part`: the part, and the leaf where that is a correlation."""
    return leaf if rules[part].correlation is None else f"{part} {leaf}"


def carriers(rules: Mapping[str, Rule], parent: Rule) -> dict[str, Rule]:
    """The rules whose events have what a correlation looks up of its children's triggers, by their path, which is the part of such hits."""
    children = sorted(parent.correlation.looked_up) if parent.correlation else ()
    return {path_of(rules, child, leaf): rules[leaf] for child in children for leaf in leaves_of(rules, child)}
