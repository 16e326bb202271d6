"""Values of Zeek's records as values that fit the field catalogue; None where they are of another kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from soc.errors import ParseError
from soc.parsing import Clock
from soc.parsing.timestamps import epoch, iso
from soc.parsing.values import ip, mac

from ._json import count, text, texts

Reader = Callable[[Any], Any]
_NS = 1_000_000_000
_LONGEST = 1 << 33  # seconds
_ANY_CLOCK = Clock(0, UTC)  # Zeek writes its zone


def number_text(value: Any) -> str | None:
    return str(value) if type(value) is int else text(value)


def lower(value: Any) -> str | None:
    said = text(value)
    return None if said is None else said.lower()


def address(value: Any) -> str | None:
    said = text(value)
    return ip(said) if said else None


def flag(value: Any) -> bool | None:
    return value if type(value) is bool else None


def nanoseconds(value: Any) -> int | None:
    """Seconds, in nanoseconds to the microsecond that Zeek measures."""
    fits = type(value) in (int, float) and 0 <= value < _LONGEST
    return round(value * 1_000_000) * 1000 if fits else None


def list_of(value: Any) -> list[str] | None:
    return texts(value) or None


def sequence(value: Any) -> list[str] | None:
    """The texts of a list in their order, each as often as it comes."""
    return [item for item in value if type(item) is str] or None if isinstance(value, list) else None


def counts(value: Any) -> list[int] | None:
    items = value if isinstance(value, list) else [value]
    return [
        number for item in items if (number := count(round(item) if type(item) is float and abs(item) < _LONGEST else item)) is not None
    ] or None


def hexadecimal(value: Any) -> str | None:
    said = text(value)
    return None if said is None else said.replace(":", "").upper()


def moment(value: Any, clock: Clock) -> int:
    """A time as seconds since 1970 or as ISO 8601. Raises ParseError."""
    if type(value) in (int, float):
        return epoch(f"{value:.6f}")
    if type(value) is str and value:
        return epoch(value) if value[0].isdecimal() and "-" not in value else iso(value, clock)
    raise ParseError('Zeek record without a time; expected "ts"')


def when(value: Any) -> int | None:
    """A time after 1970: Zeek writes 0 where none was said."""
    try:
        return moment(value, _ANY_CLOCK) or None
    except ParseError:
        return None


def transport(value: Any) -> str | None:
    said = lower(value)
    return said if said and said != "unknown_transport" else None


def hardware(value: Any) -> str | None:
    said = text(value)
    return mac(said) if said else None


def addresses(value: Any) -> list[str] | None:
    return [one for said in texts(value) if (one := ip(said)) is not None] or None


def real(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and math.isfinite(value) else None


def digits(value: Any) -> int | None:
    """A number that is written as text."""
    return int(value) if type(value) is str and value.isascii() and value.isdecimal() and len(value) < 19 else count(value)


def named(value: Any) -> str | None:
    """A user that was seen: Zeek writes `<unknown>` before it has seen one."""
    said = text(value)
    return said if said != "<unknown>" else None


Map = Mapping[str, tuple[str, Reader]]
