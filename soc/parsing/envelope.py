"""The header of a syslog line, read once: RFC 3164 as most senders write it, and RFC 5424 (`soc.parsing.structured`).

    <38>Oct 11 22:14:15 gw1 sshd[4721]: Failed password for root from 203.0.113.7 port 52144 ssh2
    2026-10-11T22:14:15.003123+02:00 gw1 sshd[4721]: Failed password for root from 203.0.113.7 port 52144 ssh2

What else is met in practice is read by `soc.parsing.dialects`, which is loaded when the first such line comes.
"""

from __future__ import annotations

import re

from soc.errors import ParseError
from soc.parsing.half import Half
from soc.parsing.header import PRIORITIES, record, usual_sender
from soc.parsing.hosts import is_session
from soc.parsing.parser import Clock, Record, new_record
from soc.parsing.structured import BOM, read_5424
from soc.parsing.timestamps import iso, local

EXPECTED = "no RFC 3164 header; expected '<PRI>Mmm dd hh:mm:ss host tag: text'"
_OWN_WORDS = r"(?=[^\[ m0-9]|\[(?!ID )|(?!\[ID | ?message repeated | ?[0-9](?:\.[0-9])?\|))"  # not Solaris's, nor what relays change
_TAG = r"([^ :\[\]%{<0-9][^ :\[]{0,254})(?:\[([0-9]{1,10})\])?: " + _OWN_WORDS
_USUAL = re.compile(
    r"(?:<([0-9]{1,3})>)?(.{6} ([0-9]{4} )?..:..:..) ([^ :\[]{1,255}) "
    rf"(?(3): (?=%.{{14}}[^m]|%(?!\S++ message repeated ))|{_TAG})(.*)",
    re.DOTALL,
).match  # <38>Oct 11 22:14:15 gw1 sshd[4721]: text; <166>Oct 11 2026 22:14:15 fw1 : %ASA-…
_USUAL_ISO = re.compile(
    rf"(?:<([0-9]{{1,3}})>)?([0-9]{{4}}-..-..T..:..:..[0-9.]*(?:Z|[+-]..:..)) ([^ :\[]{{1,255}}) {_TAG}(.*)", re.DOTALL
).match  # 2026-10-11T22:14:15.003123+02:00 gw1 sshd[4721]: text


def read_header(line: str, clock: Clock) -> Record | None:
    """The line's record; None when it has no syslog header, or not all of one. Raises ParseError for a time that no calendar has.

    A header without a time counts as written when it was received.
    """
    found = read_start(line, clock)
    return found if type(found) is Record else None


def read_start(line: str, clock: Clock) -> Record | Half | None:
    """As `read_header`; of a line that begins with a time and has not all of a header, what it has."""
    if match := _USUAL(line):
        priority, stamp, year, host, tag, pid, message = match.groups()
        try:
            moment = clock.read.get(stamp) or local(stamp, clock)
        except ParseError:
            if year:
                raise
            return _dialect(line, clock)
        known, program, address = usual_sender(priority, host, tag or "")  # as `record` goes on, without a call: most lines pass here
        if not known:
            return _dialect(line, clock)
        fields = known.copy()
        fields["@timestamp"] = moment
        fields["message"] = message
        if pid:
            fields["log.syslog.procid"] = pid
            fields["process.pid"] = int(pid)
        if address is not None:
            fields["host.ip"] = [address]
        return new_record(Record, (line, fields, program, message, clock, ()))
    if match := _USUAL_ISO(line):
        priority, stamp, host, tag, pid, message = match.groups()
        if usual_sender(priority, host, tag)[0] and (pid or not is_session(host)):
            return record(line, priority, iso(stamp, clock), host, tag, pid, message, clock)
    end = line.find(">1 ", 2, 7) if line[:1] == "<" else -1
    if end > 0 and (priority := line[1:end]) in PRIORITIES and (modern := read_5424(line, end + 3, priority, clock)):
        return modern
    return _dialect(line, clock)


def _dialect(line: str, clock: Clock) -> Record | Half | None:
    from soc.parsing.dialects import read_dialect

    if not line.startswith(BOM):
        return read_dialect(line, clock)
    found = read_start(line.lstrip(BOM), clock)  # editors and shells put it before a file's first line
    return found._replace(line=line) if found else None
