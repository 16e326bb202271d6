"""Moments as analysts write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from soc.errors import UsageError
from soc.times import DAY, parse_duration, to_moment

_FIRST, _LAST = to_moment(datetime.min.replace(tzinfo=UTC)), to_moment(datetime.max.replace(tzinfo=UTC))


def moment(text: str, now: int) -> int:
    """`90m`, `24h`, `7d` before now, or a date or time in ISO 8601 (UTC when it names no zone). Raises UsageError."""
    if (stated := _stated(text)) is not None:
        return stated
    return _on_calendar(now - _duration(text), text)


def later(text: str, now: int) -> int:
    """As `moment`, but a duration lies ahead."""
    if (stated := _stated(text)) is not None:
        return stated
    return _on_calendar(now + _duration(text), text)


def as_of(text: str, now: int) -> int:
    """As `moment`, but a date means its end: what was written on that day lies before it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return moment(text, now)
    return _on_calendar(to_moment(datetime.combine(day, time(), UTC)) + DAY, text)


def _stated(text: str) -> int | None:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _on_calendar(to_moment(when if when.tzinfo else when.replace(tzinfo=UTC)), text)


def _on_calendar(moment: int, text: str) -> int:
    """The moment. Raises UsageError for one that could not be written as a date in UTC."""
    if not _FIRST <= moment <= _LAST:
        raise UsageError(f"{text!r} is no time of the years 1 to 9999\n  write for example 24h, 7d or 2026-10-11")
    return moment


def _duration(text: str) -> int:
    try:
        return parse_duration(text)
    except UsageError:
        raise UsageError(f"{text!r} is no time\n  write for example 24h, 7d, 2026-10-11 or 2026-10-11T22:14:15Z") from None
