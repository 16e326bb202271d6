"""Stamps to moments (`soc.times`). Nothing here reads a clock or the machine's zone: both come in a `Clock`.

Local time that a zone's clocks showed twice means the first of the two; local time that they skipped is read with the
offset before the change. A leap second is the second after it. Texts are read once an hour of log time, then remembered.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

from soc.errors import ParseError
from soc.parsing.parser import Clock
from soc.times import DAY, EPOCH, SECOND, to_datetime, to_moment

FIRST = to_moment(datetime(1, 1, 1, tzinfo=UTC))  # what can be written with a year of four digits
LAST = to_moment(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))
MONTHS = {name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_TWO = [f"{number:02}" for number in range(61)]
_TAILS = {f":{_TWO[minute]}:{_TWO[second]}": (minute * 60 + second) * SECOND for minute in range(60) for second in range(61)}
_HOUR = re.compile(r"([A-Z][a-z]{2}) ([ 0-9]?[0-9]) (?:([0-9]{4}) )?([0-9]{2})")
_YEARS_BACK = 8  # 29 February can lie eight years back (1896 to 1904)
_MOST_HOURS = 20_000  # a zone's cache: more than two years of hours
_FOREVER = 1 << 62

_MOST_STAMPS = 5_000
_UNDATED = len("Oct 11 22:14:15")

_hours: dict[tzinfo, dict[str, tuple[int, int]]] = {}  # zone -> "Oct 11 22" -> moment of the hour, the next moment so written


def undated(stamp: str, clock: Clock) -> int:
    """The latest moment written `stamp` ("Oct 11 22:14:15") in the clock's zone and at most a day after its receipt.

    The day allows for a sender whose clock runs ahead. Raises ParseError when the stamp is none, or no year has its day.
    """
    moment = clock.read.get(stamp)
    return _keep(stamp, _undated(stamp, clock), clock) if moment is None else moment


def local(stamp: str, clock: Clock) -> int:
    """The moment of a stamp as syslog headers bear it, `undated` or `dated`, remembered with the clock. Raises ParseError."""
    return undated(stamp, clock) if len(stamp) == _UNDATED else _keep(stamp, dated(stamp, clock.zone), clock)


def _keep(stamp: str, moment: int, clock: Clock) -> int:
    if len(clock.read) > _MOST_STAMPS:
        clock.read.clear()
    clock.read[stamp] = moment
    return moment


def _undated(stamp: str, clock: Clock) -> int:
    limit = clock.received + DAY
    hours = _hours.get(clock.zone)
    if hours is not None and (hour := hours.get(stamp[:-6])) is not None and (tail := _TAILS.get(stamp[-6:])) is not None:
        moment = hour[0] + tail
        if moment <= limit < hour[1]:
            return moment
    return _nearest(stamp, clock.zone, limit)


def dated(stamp: str, zone: tzinfo) -> int:
    """The moment written `stamp` ("Oct 11 2026 22:14:15") in the zone. Raises ParseError when there is none."""
    hours = _hours.get(zone)
    if hours is not None and (hour := hours.get(stamp[:-6])) is not None and (tail := _TAILS.get(stamp[-6:])) is not None:
        return hour[0] + tail
    month, day, year, hour_of_day, tail = _split(stamp)
    moment = _local(year, month, day, hour_of_day, tail, zone) if year else None
    if moment is None:
        raise ParseError(f"no such day or time: {stamp!r}")
    _remember(stamp, zone, moment - tail, _FOREVER, (year, month, day, hour_of_day))
    return moment


def iso(text: str, clock: Clock) -> int:
    """The moment of an ISO 8601 text, in the clock's zone when it names none. Raises ParseError."""
    leap = text[17:19] == "60"
    try:
        when = datetime.fromisoformat(f"{text[:17]}59{text[19:]}" if leap else text)
        if when.tzinfo is None:
            when = when.replace(tzinfo=clock.zone)
        past = when - EPOCH
    except (ValueError, OverflowError) as error:
        raise ParseError(f"no ISO 8601 time: {text[:64]!r}") from error
    moment = (past.days * 86400 + past.seconds + leap) * SECOND + past.microseconds
    if not FIRST <= moment <= LAST:
        raise ParseError(f"no year of four digits: {text[:64]!r}")
    return moment


def epoch(text: str) -> int:
    """The moment of decimal seconds since 1970, as in "1791749655.123456"; digits past the microsecond are cut. Raises ParseError."""
    whole, _, fraction = text.partition(".")
    digits = fraction[:6].ljust(6, "0")
    if not (whole.isdecimal() and digits.isdecimal() and whole.isascii() and digits.isascii()) or len(whole) > 12:
        raise ParseError(f"no seconds since 1970: {text[:64]!r}")
    moment = int(whole) * SECOND + int(digits)
    if moment > LAST:
        raise ParseError(f"no year of four digits: {text[:64]!r}")
    return moment


def _nearest(stamp: str, zone: tzinfo, limit: int) -> int:
    month, day, year, hour, tail = _split(stamp)
    if year:
        raise ParseError(f"no undated stamp: {stamp!r}")
    latest, after = _year(limit, zone), _FOREVER
    for candidate in range(latest + _YEARS_BACK, latest - _YEARS_BACK - 1, -1):
        moment = _local(candidate, month, day, hour, tail, zone)
        if moment is None:
            continue
        if moment <= limit:
            _remember(stamp, zone, moment - tail, after, (candidate, month, day, hour))
            return moment
        after = moment - tail
    raise ParseError(f"no year has the day in {stamp!r}")


def _split(stamp: str) -> tuple[int, int, int, int, int]:
    """Month, day, year (0 when it names none), hour, and the rest of the hour in microseconds."""
    match, tail = _HOUR.fullmatch(stamp[:-6]), _TAILS.get(stamp[-6:])
    if not match or tail is None or match[1] not in MONTHS:
        raise ParseError(f"no time in {stamp[:64]!r}; expected 'Mmm dd hh:mm:ss'")
    return MONTHS[match[1]], int(match[2]), int(match[3] or 0), int(match[4]), tail


def _year(moment: int, zone: tzinfo) -> int:
    try:
        return to_datetime(moment).astimezone(zone).year
    except OverflowError as error:
        raise ParseError("the clock is beyond the year 9999") from error


def _local(year: int, month: int, day: int, hour: int, tail: int, zone: tzinfo) -> int | None:
    minute, second = divmod(tail // SECOND, 60)
    leap = minute == 60  # :59:60
    try:
        past = datetime(year, month, day, hour, 59 if leap else minute, 59 if leap else second, tzinfo=zone) - EPOCH
    except (ValueError, OverflowError):
        return None
    moment = (past.days * 86400 + past.seconds + leap) * SECOND
    return moment if FIRST <= moment <= LAST else None


def _remember(stamp: str, zone: tzinfo, start: int, after: int, hour: tuple[int, int, int, int]) -> None:
    """Keeps the hour's moment, unless the zone changes its offset within the hour."""
    last = 3599 * SECOND
    if _local(*hour, 0, zone) == start and _local(*hour, last, zone) == start + last:
        known = _hours.setdefault(zone, {})
        if len(known) >= _MOST_HOURS:
            known.clear()
        known[stamp[:-6]] = (start, after)
