"""Where in a rule file the fault lies, and what repairs it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from sigma.modifiers import modifier_mapping
from sigma.rule import SigmaDetection

from soc.detect.language.sigma import PYSIGMA_ERRORS
from soc.detect.language.spelling import renamed
from soc.document import Document
from soc.errors import RuleRefused


def refused(document: Document, what: str, *steps: str | int, repair: str = "") -> RuleRefused:
    """A refusal at the node with these keys."""
    return RuleRefused(what, line=document.line(*steps), repair=repair)


def place(document: Document, detection: str | None, field: str | None) -> tuple[str | int, ...]:
    """The keys that lead to where a detection names a field; as near as can be."""
    for steps in document.lines:
        last = steps[-1] if steps else ""
        if steps[:1] == ("detection",) and detection in (None, *steps[1:2]) and str(last).partition("|")[0] == (field or ""):
            return steps
    return ("detection", detection) if detection else ()


def blamed(document: Document, value: dict[str, Any], error: Exception) -> RuleRefused:
    """The refusal at the key that pySigma trips over, found by trying each on its own."""
    detections = value.get("detection")
    steps: tuple[str | int, ...] = (section(value),)
    for name, definition in detections.items() if isinstance(detections, dict) else ():
        if name not in ("condition", "timeframe") and (fault := _fault_in(definition)) is not None:
            steps, error = ("detection", str(name), *fault[0]), fault[1]
            break
    return refused(document, _said(error), *steps, repair=_repair(error))


def _fault_in(definition: Any) -> tuple[tuple[str | int, ...], Exception] | None:
    if isinstance(definition, dict):
        tries: list[tuple[tuple[str | int, ...], Any]] = [((str(key),), {key: item}) for key, item in definition.items()]
    else:
        tries = [((), definition)]
    for steps, one in tries:
        try:
            SigmaDetection.from_definition(renamed(one))
        except PYSIGMA_ERRORS as error:
            return steps, error
    return None


def _said(error: Exception) -> str:
    if "Sigma" in type(error).__name__:
        return str(error).rstrip(".")
    return f"cannot be read as Sigma ({type(error).__name__}: {error})"


def _repair(error: Exception) -> str:
    if type(error).__name__ == "SigmaModifierError":
        wrong = str(error).split("'")[1] if "'" in str(error) else ""
        near = get_close_matches(wrong, modifier_mapping, 1)
        known = ", ".join(sorted(modifier_mapping))
        return (f"did you mean {near[0]!r}? " if near else "") + f"known: {known}"
    return "see the Sigma rules specification 2.1.0"


def section(value: dict[str, Any]) -> str:
    """The part of the rule that says what it looks for."""
    return "correlation" if "correlation" in value else "detection"
