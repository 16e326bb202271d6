"""Whose alert it is and which group it belongs to. Institution is in every key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice, product
from typing import Any

from soc.condition.fold import fold
from soc.model import UNKNOWN
from soc.text import canonical_json

MOST_GROUPS = 16  # an event with more combinations of group values joins the first sixteen
DEFAULT_KEY = ("source.ip", "user.name", "host.name")
SIDES = ("destination", "source", "feed")
INSTITUTION_FIELDS = tuple(f"soc.institution.{side}" for side in SIDES)

Get = Callable[[str], Any]
"""The value of a field of one event, None when it is missing."""


def institution(get: Get, side: str | None) -> str:
    """The side that the rule's tuning names, else the first of destination, source and feed that is known, else `unknown`."""
    for name in (side,) if side else SIDES:
        if value := get(f"soc.institution.{name}"):
            return str(value)
    return UNKNOWN


def default_key(get: Get) -> bytes:
    """The key of a single-event rule without tuning: the first of source.ip, user.name and host.name that names something."""
    for name in DEFAULT_KEY:
        if (values := texts(get(name))) and values[0]:
            return canonical_json({name: values[0]})
    return canonical_json({})


def keys(get: Get, group_by: Sequence[str], aliases: Mapping[str, str]) -> list[bytes]:
    """The groups an event joins, one per combination of its values; none when a group-by field is missing.

    `aliases` maps a name of `group_by` to the field that holds it in this event.
    """
    values = [texts(get(aliases.get(name, name))) for name in group_by]
    combinations = islice(product(*values), MOST_GROUPS) if all(values) else ()
    return [canonical_json(dict(zip(group_by, combination, strict=True))) for combination in combinations]


def texts(value: Any) -> list[str]:
    """The folded texts of a value or of each value of a list, without repeats, in order."""
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(fold(as_text(item)) for item in items if item is not None))


def as_text(value: Any) -> str:
    """A value as keys and keyword comparisons see it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
