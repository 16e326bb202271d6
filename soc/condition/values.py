"""The values of a field as conditions see them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from soc.event import Event
from soc.times import to_moment

LABEL = "labels."
NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")  # no exponent, no inf: what every executor reads alike
YEARS = (-62_135_596_800_000_000, 253_402_300_799_999_999)  # first and last moment that has a year of four digits


def values_of(event: Event, field: str) -> tuple[Any, ...]:
    """The field's values in order. None, an empty list and a missing field give none; `labels.KEY` is the label KEY."""
    if field.startswith(LABEL):
        value = event.get("labels", {}).get(field[len(LABEL) :])
    else:
        value = event.get(field)
    if isinstance(value, (list, tuple)):
        return tuple(item for item in value if item is not None)
    return () if value is None else (value,)


def texts_of(event: Event, field: str) -> list[str]:
    """Those of the field's values that are text, in order."""
    return [value for value in values_of(event, field) if isinstance(value, str)]


def canonical(value: str | int | float | bool) -> str:
    """The one text of a value: `true`, `4624`, `1.5`; a whole number has no decimal point. Text is itself."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def number_in(text: str) -> float | None:
    """The number a text spells in decimal digits, as a double; None when it spells none (`1e3`, `0x10`, ` 5`)."""
    return float(text) if NUMBER.fullmatch(text) else None


def exact_in(text: str) -> Decimal | None:
    """As `number_in`, with all digits."""
    return Decimal(text) if NUMBER.fullmatch(text) else None


def moment_in(text: str) -> int | None:
    """The moment of an ISO 8601 date or time, in UTC unless it states a zone; None for any other text."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return to_moment(when if when.tzinfo else when.replace(tzinfo=UTC))
