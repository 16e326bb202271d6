"""A line that begins with a time and has not all of a header (`soc.parsing.dialects`): what it means if a parser says so."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from soc.parsing.header import record
from soc.parsing.hosts import NIL, is_session, is_telling
from soc.parsing.parser import Clock, Record

Parts = tuple[str | None, str, str, str | None, str]
"""Priority, host (NIL when it is said that there is none), tag ("" when there is none), process number, message."""


class Kind(Enum):
    """How far a time tells that the line is of syslog: as RFC 3164 has it; as daemons and journalctl write it; as any log does."""

    BSD = 1
    ISO = 2
    LOOSE = 3


class Half(NamedTuple):
    """`text`: what stands behind the time, and `parts` what that would be in a header."""

    line: str
    moment: int
    text: str
    kind: Kind
    parts: Parts
    clock: Clock

    @property
    def program(self) -> str:
        """Whose message it may be: of the tag, or where none is marked as such of the first word behind the host."""
        _, host, tag, _, message = self.parts
        name = tag or (message.partition(" ")[0] if host else "")
        return name.partition("(")[0].rpartition("/")[2]

    def named(self) -> Record:
        """As a message of that program: 2026-10-11T22:14:15Z gw1 sshd Failed password …   <- RFC 5424, in a file of rsyslog's"""
        code, host, tag, procid, message = self.parts
        if not tag:
            tag, _, message = message.partition(" ")
        return record_of(self.line, self.moment, (code, host, tag, procid, message), self.clock)

    def plain(self) -> Record:
        """As a message of whatever program, with its host where that is likely one."""
        host = self.parts[1]
        likely = host.islower() if self.kind is Kind.BSD else self.kind is Kind.ISO and is_telling(host) and not is_session(host)
        return record_of(self.line, self.moment, self.parts if likely else (None, "", "", None, self.text), self.clock)


def record_of(line: str, moment: int, parts: Parts, clock: Clock) -> Record:
    code, host, tag, procid, message = parts
    return record(line, code, moment, "" if host == NIL else host, tag, procid, message, clock)
