"""Moments and durations.

Inside soc a moment is an `int`: microseconds since 1970-01-01T00:00:00Z. Text is made at the edges only.
No function here reads a clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from soc.errors import UsageError

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_DURATION = re.compile(r"(\d+)\s*([smhdw])")
_LONGEST = 365_000 * DAY  # before or after the present it is still a date


def to_moment(when: datetime) -> int:
    """The moment of a datetime that carries a zone. Raises ValueError when it carries none."""
    if when.tzinfo is None:
        raise ValueError(f"a datetime without a zone: {when}")
    return (when - EPOCH) // _MICROSECOND


def to_datetime(moment: int) -> datetime:
    """The moment as a datetime in UTC."""
    return EPOCH + timedelta(microseconds=moment)


def iso(moment: int) -> str:
    """ISO 8601 in UTC with milliseconds, microseconds only when there are any: `2026-10-11T22:14:15.000Z`."""
    second, micros = divmod(moment, SECOND)
    if micros % 1000:
        return f"{_seconds[second]}{micros:06d}Z"
    return _seconds[second] + _MILLIS[micros // 1000]


_MILLIS = [f"{millis:03d}Z" for millis in range(1000)]


class _Seconds(dict[int, str]):
    """What was written of the last seconds: the moments of events lie close together, and asking a dict calls no function."""

    def __missing__(self, seconds: int) -> str:
        if len(self) >= 1 << 12:
            self.clear()
        text = self[seconds] = (EPOCH + timedelta(seconds=seconds)).isoformat()[:19] + "."
        return text


_seconds = _Seconds()


def parse_iso(text: str) -> int:
    """The moment of an ISO 8601 text with a zone. Raises ValueError for anything else."""
    return to_moment(datetime.fromisoformat(text))


def parse_duration(text: str) -> int:
    """Microseconds of `90s`, `15m`, `24h`, `7d`, `2w` or sums such as `1h30m`, at most a thousand years. Raises UsageError."""
    compact = text.replace(" ", "")
    parts = _DURATION.findall(compact)
    if not parts or "".join(n + u for n, u in parts) != compact:
        raise UsageError(f"{text!r} is no duration; write for example 90s, 15m, 24h, 7d or 1h30m")
    if len(compact) > 99 or (micros := sum(int(number) * _UNITS[unit] for number, unit in parts)) > _LONGEST:
        raise UsageError(f"{compact[:20]!r} is longer than {duration_text(_LONGEST)}, the longest duration")
    return micros


def duration_text(micros: int) -> str:
    """A duration in its largest whole units, as `parse_duration` reads it: `1h30m`, `7d`, `0s`."""
    out, rest = "", micros // SECOND
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            out += f"{count}{unit}"
    return out or "0s"
