"""Where a value of a playbook came from: text of a log knows that it is, however it is spelled and wherever it was kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

NEVER = "comes from a log, and what does is never a program, an address or a query"
REPAIR = "write it out, or take it from `variables`, ingest/institutions.yml or a person's answer"


class LogText(str):
    """Text that somebody else wrote into a log. What is made of it by a template is a message, and plain text."""

    __slots__ = ()


def from_log(value: Any) -> Any:
    """The same value, each text in it known as a log's."""
    return _each(value, LogText)


def plain(value: Any) -> Any:
    """The same value without that knowledge, as it goes into a journal or to an action."""
    return _each(value, str)


def is_from_log(value: Any) -> bool:
    """Whether some text in the value is a log's."""
    if isinstance(value, Mapping):
        return any(is_from_log(one) for pair in value.items() for one in pair)
    return any(map(is_from_log, value)) if isinstance(value, (list, tuple)) else isinstance(value, LogText)


def marked(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The values by name, those of `names` known as a log's."""
    known = frozenset(names)
    return {name: from_log(value) if name in known else value for name, value in values.items()}


def _each(value: Any, kind: type[str]) -> Any:
    if isinstance(value, str):
        return kind(value)
    if isinstance(value, Mapping):
        return {key: _each(held, kind) for key, held in value.items()}
    return [_each(held, kind) for held in value] if isinstance(value, (list, tuple)) else value
