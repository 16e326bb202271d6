"""The text of a rule file becomes compiled rules and refusals: nothing is lost between them, and nothing is raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sigma.rule import SigmaRule

from soc.condition import codec
from soc.condition.tree import fields
from soc.detect.compiling.blame import blamed, place, refused, section
from soc.detect.compiling.compiled import Compiled, CompiledFile, Refusal
from soc.detect.compiling.environment import Environment
from soc.detect.compiling.filters import filter_of
from soc.detect.language.correlation_rule import correlation_of
from soc.detect.language.keys import meaning_fault
from soc.detect.language.metadata import metadata_of
from soc.detect.language.sigma import PYSIGMA_ERRORS, Misplaced, condition_of
from soc.detect.language.spelling import detections_of
from soc.detect.language.values import Values
from soc.document import Document, parse_documents
from soc.errors import ContentError, RuleRefused
from soc.text import json_digest


def compile_file(text: str, environment: Environment) -> CompiledFile:
    """All documents of a rule file, in order."""
    try:
        documents = parse_documents(text, Path())
    except ContentError as error:
        return CompiledFile(refused=(Refusal(error.what, error.line, error.repair or "write one YAML mapping per rule"),))
    rules: list[Compiled] = []
    turned_away: list[Refusal] = []
    for document, value in _merged(documents):
        try:
            rules.append(_compiled(document, value, environment))
        except RuleRefused as error:
            stated = value.get("id") if isinstance(value, dict) else None
            turned_away.append(Refusal(error.what, error.line, error.repair, str(stated or "")))
    if documents and not rules and not turned_away:
        turned_away.append(Refusal("the file holds no rule", documents[0].line(), "write one YAML mapping per rule, or delete the file"))
    return CompiledFile(tuple(rules), tuple(turned_away))


def _merged(documents: list[Document]) -> Iterator[tuple[Document, Any]]:
    """The rules of a file with its `action: global | repeat | reset` documents applied (Sigma 1 rule collections)."""
    template: dict[str, Any] = {}
    before: dict[str, Any] = {}
    for document in documents:
        value = document.value
        action = value.get("action") if isinstance(value, dict) else None
        if value is None:  # what follows a last `---`
            continue
        if action == "global":
            template = before = {key: item for key, item in value.items() if key != "action"}
        elif action == "reset":
            template = {}
        elif action == "repeat":
            before = _laid_over(before, {key: item for key, item in value.items() if key != "action"})
            yield document, before
        elif not isinstance(value, dict) or "correlation" in value:
            yield document, value
        else:
            before = _laid_over(template, value)
            yield document, before


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _laid_over(under, value) if isinstance(value, dict) and isinstance(under, dict) else value
    return merged


def _compiled(document: Document, value: Any, environment: Environment) -> Compiled:
    if isinstance(value, dict) and "filter" in value and not {"detection", "correlation"} & value.keys():
        return Compiled(**metadata_of(document, value), filter=filter_of(document, value))
    if isinstance(value, dict) and (fault := meaning_fault(value)):
        raise refused(document, fault.what, *fault.steps, repair=fault.repair)
    if not isinstance(value, dict) or not ({"detection", "correlation"} & value.keys()):
        raise refused(document, "this is no Sigma rule", repair="a rule has title, logsource and detection")
    if "action" in value:
        raise refused(document, f"unknown action {value['action']!r}", "action", repair="use global, repeat or reset")
    try:
        if "correlation" in value:
            return Compiled(**metadata_of(document, value), correlation=correlation_of(value))
        return _plain_rule(document, value, environment)
    except Misplaced as error:
        raise refused(document, error.what, *place(document, error.detection, error.field), repair=error.repair) from error
    except RuleRefused as error:
        steps = (section(value), "condition") if "condition" in error.what else (section(value),)
        raise refused(document, error.what, *steps, repair=error.repair) from error
    except PYSIGMA_ERRORS as error:
        raise blamed(document, value, error) from error


def _plain_rule(document: Document, value: dict[str, Any], environment: Environment) -> Compiled:
    core = {"title": "rule", "logsource": value.get("logsource"), "detection": detections_of(value["detection"])}
    rule = SigmaRule.from_dict(core)
    environment.pipeline.apply(rule)
    tree = condition_of(rule.detection, Values(environment.catalogue, environment.lists))
    dumped = codec.dump(tree)
    names = tuple(sorted(fields(tree)))
    return Compiled(
        **metadata_of(document, value),
        fields=names,
        lines={name: document.line(*steps) for name in names if (steps := place(document, None, name))},
        tree=dumped,
        tree_hash=json_digest(dumped),
    )
