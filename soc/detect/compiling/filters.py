"""Sigma filters: which rules they are for, and what they ask of events of one logsource.

Format: Sigma filters specification 2.0.0; `rules: any` as pySigma 1.5 reads it. A filter is joined to its rules with `and`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sigma.rule import SigmaLogSource, SigmaRule

from soc.condition import codec
from soc.condition.tree import fields
from soc.detect.compiling.blame import refused
from soc.detect.compiling.compiled import EVERY, Compiled, CompiledFile, Refusal
from soc.detect.compiling.environment import Environment
from soc.detect.language.keys import RULE, meaning_fault
from soc.detect.language.sigma import PYSIGMA_ERRORS, condition_of
from soc.detect.language.spelling import detections_of
from soc.detect.language.values import Values
from soc.document import Document
from soc.errors import RuleRefused
from soc.text import json_digest

Logsource = tuple[str | None, str | None, str | None]  # product, category, service


def filter_of(document: Document, value: dict[str, Any]) -> dict[str, Any]:
    """`rules` (ids and names, or `any`), `detection`, and `wrong`: what, line and repair, where it can be applied to nothing."""
    stated = value["filter"] if isinstance(value["filter"], dict) else {}
    rules, wrong = _targets(stated.get("rules")), None
    try:
        _check(document, value, stated, rules)
    except RuleRefused as error:
        wrong = [error.what, error.line, error.repair]
    detection = {key: item for key, item in stated.items() if key != "rules"}
    return {"rules": rules, "detection": detection, "wrong": wrong}


def filter_for(one: Compiled, logsource: Logsource, environment: Environment) -> CompiledFile:
    """The filter with its condition for rules of this logsource, whose names the pipelines map; or why there is none."""
    assert one.filter is not None
    stated = dict(zip(("product", "category", "service"), logsource, strict=True))
    core = {"logsource": {key: item for key, item in stated.items() if item}, "detection": detections_of(one.filter["detection"])}
    try:
        rule = SigmaRule.from_dict({"title": "filter"} | core)
        environment.pipeline.apply(rule)
        tree = condition_of(rule.detection, Values(environment.catalogue, environment.lists))
    except RuleRefused as error:
        return CompiledFile(refused=(Refusal(error.what, one.line, error.repair, one.id),))
    except PYSIGMA_ERRORS as error:
        return CompiledFile(refused=(Refusal(str(error), one.line, "see the Sigma filters specification 2.0.0", one.id),))
    dumped = codec.dump(tree)
    return CompiledFile((replace(one, fields=tuple(sorted(fields(tree))), tree=dumped, tree_hash=json_digest(dumped)),))


def _targets(stated: Any) -> str | list[str]:
    """The rules that are named; none where it does not say."""
    named = [str(one) for one in (stated if isinstance(stated, list) else [stated]) if one]
    return EVERY if [one.lower() for one in named] == [EVERY] else named


def _check(document: Document, value: dict[str, Any], stated: dict[str, Any], rules: str | list[str]) -> None:
    """Raises RuleRefused for a filter that does not say which rules, which logsource, or what it asks."""
    if fault := meaning_fault(value):
        raise refused(document, fault.what, *fault.steps, repair=fault.repair)
    if not rules:
        raise refused(document, "the filter names no rules", "filter", repair="write rules: with ids and names, or rules: any")
    if not isinstance(stated.get("condition"), str):
        raise refused(document, "the filter has no condition", "filter", repair="write a text such as condition: not selection")
    for key in stated:
        if key in RULE:
            raise refused(document, f"the key {key!r} stands in the filter", "filter", key, repair="write it beside filter")
    try:
        SigmaLogSource.from_dict(value["logsource"])
    except PYSIGMA_ERRORS as error:
        repair = "write the logsource of the rules, or a wider one"
        raise refused(document, "the filter has no logsource", "logsource", repair=repair) from error
