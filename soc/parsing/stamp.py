"""The time at the start of a syslog line, in the spellings met in practice.

    Oct 11 22:14:15    Oct  1 2026 22:14:15.123    Aug 24 05:34:00 CST 1987    *Mar  1 18:46:11.123 UTC:
    2026-10-11T22:14:15.003+02:00    2026-10-11 22:14:15 +0200    Sun 2026-10-11 22:14:15 CEST    2026 Oct 11 22:14:15 CEST:
    1791756855.003123

RFC 3164, 4.1.2; RFC 3339; Cisco IOS "service timestamps"; Cisco NX-OS System Messages; journalctl(1), short-iso, short-full and short-unix.
"""

from __future__ import annotations

import re
from datetime import UTC

from soc.parsing.half import Kind
from soc.parsing.hosts import ZONES
from soc.parsing.parser import Clock
from soc.parsing.timestamps import MONTHS, dated, epoch, iso, undated

_SAYS_UTC = ("UTC", "GMT", "Z")
_MONTH = "|".join(MONTHS)
_BSD = re.compile(
    rf"""
    [*.]?(?P<month>{_MONTH})\ {{1,2}}(?P<day>[0-9]{{1,2}})\ {{1,2}}    # *Mar  1     <- a star: the sender's clock is not set
    (?:(?P<year>[0-9]{{4}})\ )?                                        # 2026
    (?P<hour>[0-9]{{1,2}})(?P<tail>:[0-9]{{2}}:[0-9]{{2}})             # 18:46:11
    (?:[.,](?P<fraction>[0-9]{{1,9}}))?                                # .123
    (?:\ (?P<zone>{ZONES})(?=[: ]))?                              # UTC         <- never a host
    (?:\ (?P<late_year>[12][0-9]{{3}})(?=:?[ ]))?                      # 1987
    """,
    re.VERBOSE,
)
_ISO = re.compile(
    rf"""
    (?:[A-Z][a-z]{{2}}\ )?                                             # Sun
    (?P<when>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T\ ][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:[.,][0-9]{{1,9}})?
    (?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)                                 # +02:00
    (?:\ (?P<offset>[+-][0-9]{{2}}(?::?[0-9]{{2}})?)(?=[ :]))?          # +0200       <- with a blank before it
    (?:\ (?P<zone>{ZONES})(?=[ :]))?                          # CEST
    """,
    re.VERBOSE,
)
_UNIX = re.compile(r"[0-9]{10}\.[0-9]{6}(?= )")
_WITH_ZONE = re.compile(r"[A-Z][a-z]{2} [0-9]{4}-|[0-9]{4}-[0-9-]{5}T.*(?:Z|[+-][0-9]{2}:?[0-9]{2})$|[0-9]{10}\.").match
_EARLY_YEAR = re.compile(rf"([12][0-9]{{3}}) (?={_MONTH})")


def kind_of(stamp: str) -> Kind:
    """Of the text of a time."""
    if _WITH_ZONE(stamp):
        return Kind.ISO
    return Kind.LOOSE if stamp[4:5] == "-" else Kind.BSD


def read_stamp(line: str, at: int, clock: Clock) -> tuple[int, int] | None:
    """The moment written at this place and where its text ends; None when no time stands there.

    Zone abbreviations but UTC and GMT are passed over: they name no offset for certain.
    Raises ParseError for a time that no calendar has.
    """
    if match := _BSD.match(line, at):
        return _bsd(match, clock), match.end()
    if match := _ISO.match(line, at):
        when, offset, zone = match.groups()
        local = Clock(clock.received, UTC) if zone in _SAYS_UTC else clock
        return iso(when + offset if offset else when, local), match.end()
    if (year := _EARLY_YEAR.match(line, at)) and (match := _BSD.match(line, year.end())):
        return _bsd(match, clock, year[1]), match.end()
    if match := _UNIX.match(line, at):
        return epoch(match[0]), match.end()
    return None


def stamp_end(line: str, at: int) -> int | None:
    """Where the text of a time ends that begins at this place, whether a calendar has it or not; None when none begins there."""
    year = _EARLY_YEAR.match(line, at)
    match = _BSD.match(line, year.end() if year else at) or _ISO.match(line, at)
    return match.end() if match else None


def _bsd(match: re.Match[str], clock: Clock, early_year: str = "") -> int:
    year = early_year or match["year"] or match["late_year"]
    local = Clock(clock.received, UTC) if match["zone"] in _SAYS_UTC else clock
    day, time = f"{match['month']} {match['day']:>2}", f"{match['hour']:0>2}{match['tail']}"
    moment = dated(f"{day} {year} {time}", local.zone) if year else undated(f"{day} {time}", local)
    return moment + (int(match["fraction"][:6].ljust(6, "0")) if match["fraction"] else 0)


def cut_off(text: str) -> bool:
    """Whether the text begins like a stamp: a header that is broken off, not a message."""
    return _BEGINS.match(text) is not None


_BEGINS = re.compile(rf"\s*(?:[*.]?(?:{_MONTH})\ +[0-9]|[0-9]{{4}}-[0-9]{{2}}|1\ [0-9-]|$)".replace("\\ ", " "))
