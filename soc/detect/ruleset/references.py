"""Correlations find the rules they refer to, by id or by name, across all files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from soc.detect.rules.rule import Correlation, Expression, Rule
from soc.detect.ruleset.grouping import Mapped, meanings, named
from soc.detect.ruleset.placed import Placed, digest, unknown_field
from soc.detect.ruleset.supply import Supply
from soc.errors import RuleRefused
from soc.fields import Catalogue

UNSEALED = "needs sealed windows, which this version does not have"
_COUNTS = ("event_count", "value_count", "temporal", "temporal_ordered")


class Correlations:
    """Adds correlations to the rules of a set, each after those that it refers to."""

    def __init__(self, chosen: Mapping[str, Placed], rules: dict[str, Rule], supply: Supply, catalogue: Catalogue, mapped: Mapped) -> None:
        self.chosen, self.rules, self.supply, self.catalogue, self.mapped = chosen, rules, supply, catalogue, mapped
        self.drafts: dict[str, Rule] = {}
        self.names: dict[str, list[str]] = {}
        for id_, one in chosen.items():
            if one.rule.name:
                self.names.setdefault(one.rule.name, []).append(id_)

    def resolve(self, one: Placed, draft: Rule, above: tuple[str, ...] = ()) -> Rule:
        """The correlation with its references, added to the rules.

        Raises RuleRefused for a reference that leads nowhere or back, and for a field that the rules do not have.
        """
        stated = one.rule.correlation
        assert stated is not None
        ids = {name: self._found(one, name) for name in stated["rules"]}
        if len(set(ids.values())) < len(stated["rules"]):
            raise one.refused("the correlation names a rule twice", repair="name each rule once")
        for id_ in ids.values():
            if id_ in (*above, one.id):
                raise one.refused("the correlation refers to itself", repair="a correlation may only refer to rules below it")
            self._settle(one, id_, (*above, one.id))
        correlation = named(one, _correlation(stated, ids, self._aliases(one, ids), self.catalogue), self.rules, self.mapped)
        rule = replace(
            draft,
            correlation=correlation,
            hash=digest(draft.hash, repr(correlation), [self.rules[part].hash for part in correlation.rules]),
            dormant=self._dormant(one, correlation),
        )
        self.rules[one.id] = rule
        return rule

    def _aliases(self, one: Placed, ids: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """By alias and id of a rule: the field that is meant. Raises RuleRefused for a rule that the correlation does not count."""
        assert one.rule.correlation is not None
        found: dict[str, dict[str, str]] = {}
        for alias, fields in one.rule.correlation["aliases"].items():
            for name, field in fields.items():
                id_ = ids.get(name) or next((id_ for id_ in ids.values() if name in (id_, self.chosen[id_].rule.name)), None)
                if id_ is None:
                    raise one.refused(f"the alias {alias!r} names {name!r}, which it does not count", repair=f"its rules: {', '.join(ids)}")
                found.setdefault(alias, {})[id_] = field
        return found

    def _found(self, one: Placed, name: str) -> str:
        if name in self.chosen:
            return name
        ids = self.names.get(name) or [id_ for id_ in self.chosen if id_ == name.lower()]
        if not ids:
            near = get_close_matches(name, [*self.names, *self.chosen], 1)
            raise one.refused(
                f"the correlation refers to {name!r}, which is no rule's id or name",
                repair=f"did you mean {near[0]!r}?" if near else "load that rule too",
            )
        if len(ids) > 1:
            raise one.refused(f"{name!r} is the name of {len(ids)} rules", repair=f"refer to one by id: {', '.join(ids)}")
        return ids[0]

    def _settle(self, one: Placed, id_: str, above: tuple[str, ...]) -> None:
        """The part is in the rules afterwards."""
        part = self.chosen[id_]
        if id_ not in self.rules and part.rule.correlation is not None and id_ in self.drafts:
            try:
                self.resolve(part, self.drafts[id_], above)
            except RuleRefused as error:
                if error.path == one.path and error.what == "the correlation refers to itself":
                    raise
        if id_ not in self.rules:
            raise one.refused(f"the correlation refers to {part.rule.title!r}, which was refused", repair=f"mend {part.path} first")

    def _dormant(self, one: Placed, correlation: Correlation) -> str | None:
        """Why the correlation cannot run, if so. Raises RuleRefused for our own rules with unknown fields."""
        for part in correlation.rules:
            rule = self.rules[part]
            if rule.dormant is not None:
                return f"its rule {rule.title!r} is dormant: {rule.dormant}"
            if not rule.tuning.enabled:
                return f"its rule {rule.title!r} is switched off by tuning"
        return unjudged(correlation) or next(self._blind(one, correlation), None)

    def _blind(self, one: Placed, correlation: Correlation) -> Iterator[str]:
        for meant in meanings(correlation, self.rules):
            for name in (*correlation.group_by, *correlation.fields):
                field, logsource = correlation.field_of(name, meant.path), meant.leaf.logsource
                if self.supply.missing([field], logsource):
                    if not one.imported:
                        raise unknown_field(one, field, logsource, self.supply)
                    yield f"nothing supplies {field} for {logsource}"


def unjudged(correlation: Correlation) -> str | None:
    """Why this version cannot say when the correlation is fulfilled; None when it can."""
    if not correlation.monotone:
        return f"{_judgement(correlation)} {UNSEALED}"
    if correlation.type == "value_sum" or (correlation.type == "temporal_ordered" and not _wants_all(correlation)):
        return f"{_judgement(correlation)} is not evaluated by this version"
    return None


Aliases = Mapping[str, Mapping[str, str]]


def _correlation(stated: Mapping[str, Any], ids: Mapping[str, str], aliases: Aliases, catalogue: Catalogue) -> Correlation:
    fields = tuple(stated["fields"])
    expression = _expression(stated["expression"], ids) if stated["expression"] is not None else None
    return Correlation(
        type=stated["type"],
        rules=tuple(ids[name] for name in stated["rules"]),
        group_by=tuple(stated["group_by"]),
        timespan=stated["timespan"],
        op=stated["op"],
        bound=stated["bound"],
        fields=fields,
        aliases=aliases,
        generate=stated["generate"],
        also=tuple((op, bound) for op, bound in stated["also"]),
        monotone=_monotone(stated, expression, fields, catalogue),
        expression=expression,
    )


def _expression(stated: Any, ids: Mapping[str, str]) -> Expression:
    return ids[stated] if isinstance(stated, str) else (stated[0], tuple(_expression(arg, ids) for arg in stated[1]))


def _monotone(stated: Mapping[str, Any], expression: Expression | None, fields: tuple[str, ...], catalogue: Catalogue) -> bool:
    """Whether more events can only make it true: at least so many of something, or a sum of what is never negative."""
    if expression is not None and _negates(expression):
        return False
    if stated["op"] not in ("gt", "gte") or stated["also"]:
        return False
    if stated["type"] == "value_sum":
        return all(name in catalogue and catalogue[name].nonnegative for name in fields)
    return stated["type"] in _COUNTS


def _negates(expression: Expression) -> bool:
    return not isinstance(expression, str) and (expression[0] == "not" or any(_negates(arg) for arg in expression[1]))


def _wants_all(correlation: Correlation) -> bool:
    return correlation.expression is None and correlation.op == "gte" and correlation.bound == len(correlation.rules)


def _judgement(correlation: Correlation) -> str:
    if correlation.expression is not None:
        return f"{correlation.type} with the condition of an expression"
    bounds = " and ".join(f"{op} {bound}" for op, bound in ((correlation.op, correlation.bound), *correlation.also))
    return f"{correlation.type} with {bounds}" if correlation.type in _COUNTS else correlation.type
