"""Values of a sensor's JSON, as values that fit the field catalogue; None where they are of another kind."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

import orjson

from soc.errors import ParseError

LARGEST = (1 << 63) - 1
MOST_LABELS = 2000  # read from one object; an event keeps fewer, and the routes count the rest
_LONGEST_NAME = 512  # of what a label's name repeats for each value in it: else a line of a megabyte makes labels of gigabytes
_DEEPEST = 8
_DEEPEST_WRITTEN = 64  # orjson reads nests of 1,024, and writes them to 254
_PLAIN = frozenset((str, int, float, bool))
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}://[^/?#]*([^?#]*)(?:\?([^#]*))?").match  # http://example.com/a?b   <- to a proxy


def read(text: str, what: str) -> Any:
    """The JSON value of a line. Raises ParseError, which names the column."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ParseError(f"no valid {what}: {error.msg} at column {error.pos + 1}") from error


def text(value: Any) -> str | None:
    return value if type(value) is str else None


def texts(value: Any) -> list[str]:
    """The texts of a list, each once; a single text is a list of one."""
    items = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(item for item in items if type(item) is str))


def count(value: Any) -> int | None:
    """An integer of 64 bits that is not negative, also one written as 12.0."""
    value = whole(value)
    return value if type(value) is int and 0 <= value <= LARGEST else None


def whole(value: Any) -> Any:
    """The integer of 64 bits that was written as 12.0; any other value as it is."""
    return int(value) if type(value) is float and value.is_integer() and abs(value) <= LARGEST else value


def port(value: Any) -> int | None:
    number = count(value)
    return number if number is not None and number <= 65535 else None


def path_and_query(url: str) -> tuple[str | None, str | None]:
    """Of what HTTP is asked for, a path or a full URL; None where there is none: `*`, a name to connect to."""
    if url.startswith("/"):
        path, mark, query = url.partition("?")
        return path, query if mark else None
    absolute = _ABSOLUTE(url)
    return (absolute[1] or None, absolute[2]) if absolute else (None, None)


def flat(value: Any, name: str, labels: dict[str, str], depth: int = 0) -> None:
    """Adds what lies in a value to labels under dotted names, lists of plain values joined by commas; a bounded lot of it.

    An empty list is no value.
    """
    if type(value) is dict and depth < _DEEPEST:
        prefix, room = f"{name[:_LONGEST_NAME]}.", MOST_LABELS - len(labels)
        for key, inner in value.items() if len(value) <= room else islice(value.items(), max(room, 0)):
            kind = type(inner)
            if kind is list and len(inner) == 1 and type(inner[0]) is str:
                labels[prefix + key] = inner[0]
            elif kind is str:
                labels[prefix + key] = inner
            elif kind is bool:
                labels[prefix + key] = "true" if inner else "false"
            elif inner is not None and inner != []:
                flat(inner, prefix + key, labels, depth + 1)
    elif value is not None and value != [] and len(labels) <= MOST_LABELS:
        labels[name] = written(value)


def written(value: Any) -> str:
    """As a label says it: lists of plain values joined by commas, objects as JSON."""
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is list:
        if len(value) == 1 and type(value[0]) is str:
            return value[0]
        if all(type(item) in _PLAIN for item in value):
            return ",".join(map(written, value))
    if type(value) is not dict and type(value) is not list:
        return str(value)
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # too deep
        return orjson.dumps(_cut(value, _DEEPEST_WRITTEN)).decode()


def _cut(value: Any, depth: int) -> Any:
    """The value with an ellipsis for what lies deeper."""
    if type(value) is dict:
        return {key: _cut(inner, depth - 1) for key, inner in value.items()} if depth else "…"
    if type(value) is list:
        return [_cut(inner, depth - 1) for inner in value] if depth else "…"
    return value
