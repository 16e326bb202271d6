"""What rules would find in indices that soc does not write."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from soc.condition.tree import Compare, Equals, Exists, FieldRef, Keyword, Node, fields, leaves
from soc.detect.rules.rule import Rule
from soc.detect.ruleset.supply import can_fire

BLIND, PARTLY, SLOW, CASED, GOOD = "blind", "partly", "slow", "cased", "good"


@dataclass(frozen=True, slots=True)
class View:
    """One rule. blind: it cannot be met as it is meant; partly: some of its ways cannot; slow: every document that has the field is
    looked at; cased: another tool that asks for the value alone would miss other spellings. Fields by name."""

    rule: Rule
    verdict: str
    blind: tuple[str, ...]
    slow: tuple[str, ...]
    cased: tuple[str, ...]


def views(rules: Iterable[Rule], states: Mapping[str, str]) -> Iterator[View]:
    """The rules that have a condition, by how their fields can be searched (`soc.store.elasticsearch.foreign.sight`)."""
    for rule in rules:
        if rule.condition is not None:
            yield _view(rule, rule.condition, states)


def fields_of(rules: Iterable[Rule]) -> set[str]:
    """All fields that some rule reads."""
    return {name for rule in rules if rule.condition is not None for name in fields(rule.condition)}


def _view(rule: Rule, condition: Node, states: Mapping[str, str]) -> View:
    read = sorted(fields(condition))
    blind = _in(read, states, ("missing", "hidden"))
    slow = _in(read, states, ("analysed", "otherwise"))
    cased = _in(sorted(_spelt(condition)), states, ("cased",))
    if blind and not can_fire(condition, blind):
        return View(rule, BLIND, blind, slow, cased)
    return View(rule, PARTLY if blind else SLOW if slow else CASED if cased else GOOD, blind, slow, cased)


def _in(names: Iterable[str], states: Mapping[str, str], wanted: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in names if states[name] in wanted)


def _spelt(condition: Node) -> set[str]:
    """The fields whose values are compared without regard to case."""
    exact = (Exists, Compare, FieldRef, Keyword)
    found = [leaf for leaf in leaves(condition) if not isinstance(leaf, exact) and not getattr(leaf, "cased", False)]
    return {leaf.field for leaf in found if not (isinstance(leaf, Equals) and not isinstance(leaf.value, str))}
