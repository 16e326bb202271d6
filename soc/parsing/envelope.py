"""The header of a syslog line, read once: RFC 3164 as most senders write it, and RFC 5424 (`soc.parsing.structured`).

    <38>Oct 11 22:14:15 gw1 sshd[4721]: Failed password for root from 203.0.113.7 port 52144 ssh2

What else is met in practice is read by `soc.parsing.dialects`, which is loaded when the first such line comes.
"""

from __future__ import annotations

import re

from soc.errors import ParseError
from soc.parsing.header import PRIORITIES, sender
from soc.parsing.parser import Clock, Record, new_record
from soc.parsing.structured import BOM, read_5424
from soc.parsing.timestamps import local

EXPECTED = "no RFC 3164 header; expected '<PRI>Mmm dd hh:mm:ss host tag: text'"
_USUAL = re.compile(
    r"(?:<([0-9]{1,3})>)?(.{6} ([0-9]{4} )?..:..:..) ([^ :\[]{1,255}) "
    r"(?(3): (?=%)(?!%\S++ message repeated )|([^ :\[\]%{<0-9][^ :\[]{0,254})(?:\[([0-9]{1,10})\])?: (?!\[ID | ?message repeated ))(.*)",
    re.DOTALL,
).match  # <38>Oct 11 22:14:15 gw1 sshd[4721]: text; <166>Oct 11 2026 22:14:15 fw1 : %ASA-…


def read_header(line: str, clock: Clock) -> Record | None:
    """The line's record; None when it has no syslog header. Raises ParseError for a time that no calendar has.

    A header without a time counts as written when it was received.
    """
    if match := _USUAL(line):
        priority, stamp, year, host, tag, pid, message = match.groups()
        try:
            moment = clock.read.get(stamp) or local(stamp, clock)
        except ParseError:
            if year:
                raise
            return _dialect(line, clock)
        known, program, address = sender(priority, host, tag or "")  # as `record` goes on, without a call: nearly every line passes here
        fields = known.copy()
        fields["@timestamp"] = moment
        fields["message"] = message
        if pid:
            fields["log.syslog.procid"] = pid
            fields["process.pid"] = int(pid)
        if address is not None:
            fields["host.ip"] = [address]
        return new_record(Record, (line, fields, program, message, clock, ()))
    end = line.find(">1 ", 2, 7) if line[:1] == "<" else -1
    if end > 0 and (priority := line[1:end]) in PRIORITIES and (modern := read_5424(line, end + 3, priority, clock)):
        return modern
    return _dialect(line, clock)


def _dialect(line: str, clock: Clock) -> Record | None:
    from soc.parsing.dialects import read_dialect

    if not line.startswith(BOM):
        return read_dialect(line, clock)
    found = read_header(line.lstrip(BOM), clock)  # editors and shells put it before a file's first line
    return found._replace(line=line) if found else None
