"""Compiled rules become a rule set: ids and references are settled, and what cannot run says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from soc.condition import codec
from soc.condition.fold import fold
from soc.condition.tree import Equals, leaves
from soc.detect.rules.rule import Rule, RuleSet, Tuning
from soc.detect.ruleset.compiler import Compiler
from soc.detect.ruleset.filters import Filters
from soc.detect.ruleset.placed import Placed, digest, unknown_field
from soc.detect.ruleset.references import Correlations
from soc.detect.ruleset.supply import Supply, can_fire
from soc.detect.ruleset.tuning import Entry, for_nothing, short_cell, sound, tuning_of
from soc.errors import RuleRefused
from soc.fields import Catalogue
from soc.model import Logsource


def link(placed: Sequence[Placed], supply: Supply, catalogue: Catalogue, tunings: Sequence[Entry], compiler: Compiler) -> RuleSet:
    """The rule set. A later root replaces a rule by its id; a rule that is refused stops no other."""
    filters = Filters(placed, compiler.filter, supply, catalogue)
    placed = [one for one in placed if one.rule.filter is None]
    chosen, refused, shadowed = _by_id(placed)
    refused.extend(filters.refused)
    tunings, errors = sound(tunings, catalogue)
    rules: dict[str, Rule] = {}
    for one in chosen.values():
        if one.rule.correlation is None:
            try:
                rules[one.id] = _plain(one, filters, supply, tuning_of(tunings, one.id, one.relative, one.rule.tags))
            except RuleRefused as error:
                refused.append(error)
    resolver = Correlations(chosen, rules, supply, catalogue, compiler.mapped)
    refused.extend([*_drafts(resolver, filters, tunings), *_correlations(resolver)])
    ordered = {id_: rules[id_] for id_ in sorted(rules)}
    errors += [*filters.unmet(chosen), *for_nothing(tunings, placed), *filter(None, (short_cell(tunings, one) for one in chosen.values()))]
    return RuleSet(ordered, tuple(refused), set_hash(ordered), tuple(errors), tuple(shadowed))


def _drafts(resolver: Correlations, filters: Filters, tunings: Sequence[Entry]) -> list[RuleRefused]:
    """The correlations as they are written; those refused are returned."""
    refused = []
    for id_, one in resolver.chosen.items():
        if one.rule.correlation is not None:
            tuning = tuning_of(tunings, id_, one.relative, one.rule.tags)
            try:
                resolver.drafts[id_] = rule_of(filters.joined(one), replace(tuning, cell=None) if short_cell(tunings, one) else tuning)
            except RuleRefused as error:
                refused.append(error)
    return refused


def _correlations(resolver: Correlations) -> list[RuleRefused]:
    """Adds the correlations to the rules; those refused are returned."""
    refused = []
    for id_, draft in resolver.drafts.items():
        if id_ not in resolver.rules:
            try:
                resolver.resolve(resolver.chosen[id_], draft)
            except RuleRefused as error:
                refused.append(error)
    return refused


def rule_of(one: Placed, tuning: Tuning) -> Rule:
    """The rule as written, before anything is said about whether it can run."""
    rule = one.rule
    logsource = Logsource(*rule.logsource)
    return Rule(
        id=one.id,
        title=rule.title,
        path=one.path,
        line=rule.line,
        level=rule.level,
        status=rule.status,
        tags=tuple(rule.tags),
        description=rule.description,
        author=rule.author,
        references=tuple(rule.references),
        falsepositives=tuple(rule.falsepositives),
        logsource=logsource,
        condition=codec.load(rule.tree) if rule.tree is not None else None,
        correlation=None,
        hash=digest(rule.tree_hash, [rule.logsource, tuning.key, tuning.cell, tuning.side]),
        name=rule.name,
        tuning=tuning,
        imported=one.imported,
    )


def set_hash(rules: Mapping[str, Rule]) -> str:
    """The name of a rule set: of its rules that run, by id, each with its hash."""
    return digest([[id_, rule.hash] for id_, rule in sorted(rules.items()) if rule.runs])


def _by_id(placed: Sequence[Placed]) -> tuple[dict[str, Placed], list[RuleRefused], list[tuple[Path, Path]]]:
    chosen: dict[str, Placed] = {}
    refused: list[RuleRefused] = []
    shadowed: list[tuple[Path, Path]] = []
    for one in placed:
        if fault := _identity_fault(one):
            refused.append(fault)
            continue
        before = chosen.get(one.id)
        if before is not None and before.root == one.root:
            if not (one.imported and before.rule == one.rule):  # a folder of others' rules may hold a copy
                where = f"{before.path}:{before.rule.line}"
                refused.append(one.refused(f"id {one.id} stands twice, first in {where}", repair="give one of them another id"))
            continue
        if before is not None:
            shadowed.append((before.path, one.path))
        chosen[one.id] = one
    return chosen, refused, shadowed


def _identity_fault(one: Placed) -> RuleRefused | None:
    """What is wrong with the rule's metadata; others' rules are taken as they are."""
    if one.imported:
        return None
    if not one.rule.id:
        return one.refused("the rule has no id", repair=f"write for example id: {one.rule.made_id}")
    if one.rule.fault is None:
        return None
    what, line, repair = one.rule.fault
    return RuleRefused(what, path=one.path, line=line, repair=repair)


def _plain(alone: Placed, filters: Filters, supply: Supply, tuning: Tuning) -> Rule:
    one = filters.joined(alone)
    rule = rule_of(one, tuning)
    assert rule.condition is not None
    if not supply.seen(rule.logsource):
        return replace(rule, dormant=f"no parser supplies {rule.logsource}")
    missing = supply.missing(one.rule.fields, rule.logsource)
    if missing and not one.imported:
        raise unknown_field(one, missing[0], rule.logsource, supply)
    if not one.imported:
        _check_values(alone, rule_of(alone, tuning), supply)
    if missing and not can_fire(rule.condition, missing):
        return replace(rule, dormant=f"nothing supplies {', '.join(missing)} for {rule.logsource}", unsupplied=tuple(missing))
    return replace(rule, unsupplied=tuple(missing))


def _check_values(one: Placed, rule: Rule, supply: Supply) -> None:
    """Raises RuleRefused for a text that no dataset ever has in this field: a slip of the pen that would never fire."""
    for leaf in leaves(rule.condition) if rule.condition is not None else ():
        if isinstance(leaf, Equals) and isinstance(leaf.value, str):
            known = supply.closed(leaf.field, rule.logsource)
            if known is not None and fold(leaf.value) not in known:
                what = f"field {leaf.field!r} is never {leaf.value!r} for {rule.logsource}"
                raise one.refused(what, field=leaf.field, repair=f"it has: {', '.join(sorted(known))}")
