"""What a rule says of itself: read leniently, so that a wrong date costs no detection; the fault is told apart."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from sigma.rule import SigmaRule

from soc.detect.language.keys import stated_fault
from soc.detect.language.sigma import PYSIGMA_ERRORS
from soc.detect.rules.rule import LEVELS
from soc.document import Document
from soc.text import canonical_json

NAMESPACE = UUID("0b0de1a2-52c5-5c0b-8a3e-6f1f9a3c7d11")  # of ids made for rules that state none


def metadata_of(document: Document, value: dict[str, Any]) -> dict[str, Any]:
    """The attributes of `Compiled` that every rule has, `fault` among them."""
    level, logsource = _text(value.get("level")).lower(), value.get("logsource")
    stated = logsource if isinstance(logsource, dict) and "correlation" not in value else {}
    said = ("title", "logsource", "detection", "correlation", *(("filter",) if "filter" in value else ()))
    core = canonical_json({key: repr(value.get(key)) for key in said})
    return {
        "id": _id(value.get("id")),
        "made_id": str(uuid5(NAMESPACE, core.decode())),
        "name": _text(value.get("name")),
        "title": _text(value.get("title")) or "untitled",
        "line": document.line("title"),
        "level": level if level in LEVELS else "medium",
        "status": _text(value.get("status")).lower(),
        "tags": _texts(value.get("tags")),
        "description": _text(value.get("description")),
        "author": _text(value.get("author")),
        "references": _texts(value.get("references")),
        "falsepositives": _texts(value.get("falsepositives")),
        "logsource": (_key(stated, "product"), _key(stated, "category"), _key(stated, "service")),
        "fault": metadata_fault(document, value),
    }


def metadata_fault(document: Document, value: dict[str, Any]) -> tuple[str, int, str] | None:
    """The first thing that is wrong in what the rule says of itself: what, its line, what repairs it."""
    if fault := stated_fault(value):
        return fault.what, document.line(*fault.steps), fault.repair
    try:
        SigmaRule.from_dict(value | {"logsource": {"product": "any"}, "detection": {"a": "a", "condition": "a"}})
    except PYSIGMA_ERRORS as error:
        return str(error), document.line("title"), "see the Sigma rules specification 2.1.0"
    return None


def _id(stated: Any) -> str:
    try:
        return str(UUID(stated))
    except (ValueError, AttributeError, TypeError):
        return _text(stated)


def _key(logsource: dict[str, Any], name: str) -> str | None:
    value = logsource.get(name)
    return value if isinstance(value, str) and value else None


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else "" if value is None else str(value)


def _texts(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(_text(item) for item in items)
