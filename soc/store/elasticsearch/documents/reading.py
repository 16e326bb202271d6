"""Values of a document as the types of the catalogue, whatever they were written as."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from soc.condition.numbers import LONG
from soc.condition.values import canonical, moment_in
from soc.event import Event
from soc.fields import LABELS, canonical_ip
from soc.text import canonical_json
from soc.times import parse_iso

PLAIN = {"keyword": str, "ip": str, "long": int, "bool": bool, "map": dict}  # what needs no reading
_OURS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")  # as `soc.times.iso` writes it


def read_as(value: Any, kind: str) -> Any:
    """The value as this type; items of a list that cannot be are left out. None where nothing of it can be."""
    read = _READ[kind]
    if type(value) is list:
        return [item for one in value if (item := read(one)) is not None] or None
    return read(value)


def put(event: Event, name: str, value: Any, written: Any) -> None:
    """Sets a field; where there is no value, what was written becomes the label of its name."""
    if value is not None:
        event[name] = value
    elif written is not None and written != []:
        event.setdefault(LABELS, {})[name] = text_of(written)


def text_of(value: Any) -> str:
    """Any value of a document as text."""
    return canonical(value) if isinstance(value, (str, bool, int, float)) else canonical_json(value).decode()


def _keyword(value: Any) -> str | None:
    return None if value is None else text_of(value)


def _address(value: Any) -> str | None:
    return None if value is None else canonical_ip(text := text_of(value)) or text


def _long(value: Any) -> int | None:
    if isinstance(value, str):
        value = int(value) if re.fullmatch(r"[+-]?\d{1,19}", value) else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and LONG[0] <= value <= LONG[1] else None


def _double(value: Any) -> float | None:
    if isinstance(value, str):
        return float(value) if _DOUBLE.fullmatch(value) else None
    return float(value) if type(value) in (int, float) and (not isinstance(value, int) or value.bit_length() < 1000) else None


def _bool(value: Any) -> bool | None:
    return value if type(value) is bool else {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def _date(value: Any) -> int | None:
    if isinstance(value, str):
        return parse_iso(value) if _OURS.fullmatch(value) else moment_in(value)
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    return value if type(value) is int else None


_DOUBLE = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|nan|-?inf")
_READ: dict[str, Callable[[Any], Any]] = {
    "keyword": _keyword,
    "ip": _address,
    "long": _long,
    "double": _double,
    "bool": _bool,
    "date": _date,
    "map": lambda value: value if type(value) is dict else None,
}
