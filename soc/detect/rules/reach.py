"""How far an exception reaches: down from a correlation of correlations to the hits that it rests on.

Hits belong to a single-event rule or to the correlation that counts it directly; a correlation of correlations has none
of its own. So an exception for one removes the hits of the correlations below it, where nobody else would miss them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from soc.detect.rules.rule import Rule, RuleSet, leaves_of, path_of


class Shared(NamedTuple):
    """A correlation that an exception ought to reach and does not, and why."""

    rule: Rule
    reason: str


def reach(rules: RuleSet, named: Collection[str]) -> frozenset[str]:
    """The rules named, and the correlations below them that raise no alerts and that no other rule counts."""
    reached = set(named)
    for rule in reversed(rules.correlations()):  # parents first
        if _parents(rules, rule) and not _shared(rules, rule, reached):
            reached.add(rule.id)
    return frozenset(reached)


def out_of_reach(rules: RuleSet, named: Collection[str]) -> list[Shared]:
    """The correlations directly below those reached whose hits others need too: there the exception cannot hold."""
    reached = reach(rules, named)
    return [
        Shared(rule, reason)
        for rule in rules.correlations()
        if rule.id not in reached and any(one.id in reached for one in _parents(rules, rule)) and (reason := _shared(rules, rule, reached))
    ]


def leaf_keys(rules: RuleSet, rule: Rule, key: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The key of a rule's alert in the fields of each single-event rule that it rests on."""
    if rule.correlation is None:
        yield dict(key)
        return
    for part in rule.correlation.rules:
        for leaf in leaves_of(rules.rules, part):
            path = path_of(rules.rules, part, leaf)
            yield {rule.correlation.field_of(name, path): value for name, value in key.items()}


def _parents(rules: RuleSet, rule: Rule) -> list[Rule]:
    return [one for one in rules.active() if one.correlation is not None and rule.id in one.correlation.rules]


def _shared(rules: RuleSet, rule: Rule, reached: Collection[str]) -> str:
    """Who else needs the rule's hits; "" when nobody does."""
    if rule.id not in rules.quiet:
        return f"{rule.title!r}, which raises alerts of its own"
    other = next((one for one in _parents(rules, rule) if one.id not in reached), None)
    return f"{rule.title!r}, which {other.title!r} counts" if other else ""
