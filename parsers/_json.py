"""Values of JSON that came from a log, as values that fit the field catalogue; None where they are of another kind."""

from __future__ import annotations

from typing import Any

import orjson

from soc.errors import ParseError

_LONG = 1 << 63
MOST_LABELS = 2000  # read from one object; an event keeps fewer, and the routes count the rest
_DEEPEST = 8
_PLAIN = frozenset((str, int, float, bool))


def read(text: str, what: str) -> Any:
    """The JSON value of a line. Raises ParseError, which names the column."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ParseError(f"no valid {what}: {error.msg} at column {error.pos + 1}") from error


def text(value: Any) -> str | None:
    """Text that is not empty."""
    return value if type(value) is str and value else None


def texts(value: Any) -> list[str]:
    """The texts of a list, each once; a single text is a list of one."""
    items = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(item for item in items if type(item) is str and item))


def count(value: Any) -> int | None:
    """An integer of 64 bits that is not negative, also one written as 12.0."""
    if type(value) is float and value == value and abs(value) < _LONG and value == int(value):
        value = int(value)
    return value if type(value) is int and 0 <= value < _LONG else None


def port(value: Any) -> int | None:
    number = count(value)
    return number if number is not None and number <= 65535 else None


def flat(value: Any, name: str, labels: dict[str, str], depth: int = 0) -> None:
    """Adds what lies in a value to labels under dotted names, lists of plain values joined by commas; a bounded lot of it."""
    if type(value) is dict and depth < _DEEPEST:
        for key, inner in value.items():
            kind = type(inner)
            if kind is str:
                labels[f"{name}.{key}"] = inner
            elif kind is bool:
                labels[f"{name}.{key}"] = "true" if inner else "false"
            elif kind is list and len(inner) == 1 and type(inner[0]) is str:
                labels[f"{name}.{key}"] = inner[0]
            elif inner is not None:
                flat(inner, f"{name}.{key}", labels, depth + 1)
            if len(labels) > MOST_LABELS:
                return
    elif value is not None and len(labels) <= MOST_LABELS:
        labels[name] = _written(value)


def _written(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is list:
        if len(value) == 1 and type(value[0]) is str:
            return value[0]
        if all(type(item) in _PLAIN for item in value):
            return ",".join(map(_written, value))
    return orjson.dumps(value).decode() if isinstance(value, (dict, list)) else str(value)
