"""The day, its clock and its dice, and who is where. Institutions are those of ingest/institutions.yml."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

MIDNIGHT = datetime(2026, 10, 14, tzinfo=UTC)
SECONDS = 86_400
_BUSY = (2, 2, 1, 1, 1, 2, 5, 9, 12, 12, 11, 9, 8, 11, 12, 11, 8, 5, 4, 4, 3, 3, 3, 2)  # traffic by hour of a working day, UTC
_STRANGERS = ("203.0.113.", "198.51.100.", "192.0.2.")  # their upper halves belong to nobody in institutions.yml
BASE62 = string.ascii_letters + string.digits
BASE32 = string.ascii_lowercase + "234567"
SITES = (
    "www.example.org", "static.example.org", "mail.example.com", "login.example.com", "cdn.example.net", "updates.example.net",
    "journals.example.org", "maps.example.com", "video.example.net", "weather.example.org", "api.example.com", "ntp.example.net",
)  # fmt: skip
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
)


class Line(NamedTuple):
    """A line of a log. `at`: seconds after midnight UTC, which it sorts by; `file`: below the folder of logs."""

    at: float
    file: str
    text: str


class Dice(Random):
    """Every choice of the day, from one seed each."""

    def moments(self, count: int) -> list[float]:
        """Moments of a working day, in order."""
        hours = self.choices(range(24), _BUSY, k=count)
        return sorted(hour * 3600 + self.random() * 3600 for hour in hours)

    def port(self) -> int:
        """A port that a client takes."""
        return self.randrange(32768, 60999)

    def stranger(self) -> str:
        """An address somewhere in the internet."""
        return self.choice(_STRANGERS) + str(self.randrange(130, 200))

    def stranger6(self) -> str:
        return f"2001:db8:f{self.randrange(16):x}::{self.randrange(1, 256):x}"

    def token(self, length: int, alphabet: str = BASE62) -> str:
        return "".join(self.choices(alphabet, k=length))


def moment(at: float) -> datetime:
    return MIDNIGHT + timedelta(microseconds=int(at * 1_000_000))


def bsd(at: float, hours_ahead: int = 0) -> str:
    """RFC 3164, 4.1.2: `Oct 14 08:13:02`, local time."""
    when = moment(at) + timedelta(hours=hours_ahead)
    return f"{when:%b} {when.day:2} {when:%H:%M:%S}"


def iso(at: float) -> str:
    """RFC 3339 with microseconds: `2026-10-14T08:13:02.123456+00:00`."""
    return moment(at).isoformat(timespec="microseconds")


def epoch(at: float) -> float:
    """Seconds since 1970 with microseconds, as Zeek writes them."""
    return round(moment(at).timestamp(), 6)


def clients(prefix: str, first: int, count: int) -> Sequence[str]:
    return [f"{prefix}{number}" for number in range(first, first + count)]


def within_the_day(lines: Iterable[Line]) -> list[Line]:
    """The lines in order; what would come after midnight has not happened yet."""
    return sorted((line for line in lines if 0 <= line.at < SECONDS), key=lambda line: line.at)


def spread(dice: Dice, count: int, make: Callable[[float], Iterable[Line]]) -> Iterator[Line]:
    """What `make` says of each of `count` moments of the day."""
    for at in dice.moments(count):
        yield from make(at)
