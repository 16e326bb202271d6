"""Sigma correlation rules as plain values, their references not yet resolved.

Format: Sigma correlation rules specification 2.1.0; extended temporal conditions as pySigma 1.5 reads them.
"""

from __future__ import annotations

import re
from typing import Any

from sigma.correlations import (
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaCorrelationCondition,
    SigmaCorrelationRule,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)

from soc.detect.language.keys import check_counted
from soc.detect.rules.rule import LONGEST
from soc.errors import RuleRefused
from soc.times import SECOND, duration_text

OPS = ("gte", "gt", "lte", "lt", "eq", "neq")
MOST = 1 << 53


def correlation_of(value: dict[str, Any]) -> dict[str, Any]:
    """The correlation. Raises RuleRefused and pySigma's errors."""
    stated = value["correlation"]
    if not isinstance(stated, dict):
        raise RuleRefused("the correlation is no mapping", repair="write type, rules, timespan and condition")
    if isinstance(stated.get("condition"), str):
        stated = stated | {"condition": _small(stated["condition"], stated.get("rules"))}
    if "generate" in value:  # the specification's place for it; pySigma's is within
        stated = {"generate": value["generate"]} | stated
    plain, *others = (_plain(SigmaCorrelationRule.from_dict({"title": "rule", "correlation": one})) for one in _bounds(stated))
    return plain | {"also": [[one["op"], one["bound"]] for one in others]}


def _small(condition: str, rules: Any) -> str:
    """The condition with its words in small letters, which rules that are called so keep from being taken for words."""
    names = rules if isinstance(rules, list) else [rules]
    return re.sub(r"\b(AND|OR|NOT)\b", lambda word: word[0] if word[0] in names else word[0].lower(), condition)


def _bounds(stated: dict[str, Any]) -> list[dict[str, Any]]:
    """The correlation with each bound of its condition alone: pySigma reads no ranges (`{gte: 5, lte: 10}`)."""
    condition = stated.get("condition")
    if not isinstance(condition, dict) or len(ops := [op for op in OPS if op in condition]) < 2:
        return [stated]
    return [stated | {"condition": {key: item for key, item in condition.items() if key == op or key not in ops}} for op in ops]


def _plain(rule: SigmaCorrelationRule) -> dict[str, Any]:
    condition = rule.condition
    extended = condition if isinstance(condition, SigmaExtendedCorrelationCondition) else None
    rules = [str(one.reference) for one in rule.rules or ()]
    if extended and not rules:
        rules = extended.get_referenced_rules()
    if not rules:
        raise RuleRefused("the correlation refers to no rule", repair="name rules by id or name under correlation.rules")
    simple = condition if isinstance(condition, SigmaCorrelationCondition) else None
    counted = simple.fieldref if simple else None
    check_counted(rule.type.name.lower(), [counted] if isinstance(counted, str) else counted or ())
    timespan = rule.timespan.seconds * SECOND
    if timespan > LONGEST:
        raise RuleRefused(f"the timespan is longer than {duration_text(LONGEST)}", repair="write for example 24h or 30d")
    if simple and abs(simple.count) > MOST:
        raise RuleRefused(f"the correlation counts to {simple.count}, more than any store holds", repair="write a smaller number")
    return {
        "type": rule.type.name.lower(),
        "rules": rules,
        "group_by": [str(name) for name in rule.group_by or ()],
        "timespan": timespan,
        "op": simple.op.name.lower() if simple else "gte",
        "bound": simple.count if simple else len(rules),
        "fields": [counted] if isinstance(counted, str) else list(counted or ()),
        "aliases": {one.alias: {str(ref.reference): name for ref, name in one.mapping.items()} for one in rule.aliases},
        "generate": rule.generate,
        "expression": _expression(extended.parsed) if extended else None,
    }


def _expression(item: Any) -> Any:
    """A reference as its text, an operator as [name, arguments]."""
    if isinstance(item, SigmaRuleReference):
        return item.reference
    name = "not" if isinstance(item, CorrelationConditionNOT) else "or" if isinstance(item, CorrelationConditionOR) else "and"
    return [name, [_expression(arg) for arg in item.args]]
