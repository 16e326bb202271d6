"""The header of a syslog line, read once: RFC 3164 with the dialects met in practice, and RFC 5424 (`soc.parsing.structured`).

    <38>Oct 11 22:14:15 gw1 sshd[4721]: Failed password for root from 203.0.113.7 port 52144 ssh2

Understood besides: no priority, or a priority alone; an octet count before it (RFC 6587, 3.4.1); the stamps of
`soc.parsing.stamp`; no host (FreeBSD, OPNsense, pfSense); hosts that are IPv6 addresses; "host : %ASA-…" and sequence
numbers (Cisco); tags with paths, spaces or without a process number; "last message repeated 3 times"; Cisco's own header or
the first sender behind a relay's; "auth.info" before the tag (busybox), "[ID 800047 auth.info]" behind it (Solaris); a
byte order mark before all.
"""

from __future__ import annotations

import re
from functools import lru_cache

from soc.errors import ParseError
from soc.model import Event
from soc.parsing.parser import Clock, Record, new_record
from soc.parsing.stamp import cut_off, read_stamp, stamp_end
from soc.parsing.structured import BOM, read_5424
from soc.parsing.timestamps import dated, undated
from soc.parsing.values import count, ip

EXPECTED = "no RFC 3164 header; expected '<PRI>Mmm dd hh:mm:ss host tag: text'"
FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"),
)  # RFC 5424, 6.2.1
SEVERITIES = "emergency alert critical error warning notice informational debug".split()
_LEVELS = {"emerg": 0, "alert": 1, "crit": 2, "err": 3, "error": 3, "warn": 4, "warning": 4, "notice": 5, "info": 6, "debug": 7}
_IN_WORDS = {f"{name}.{level}": str(8 * i + code) for i, name in enumerate(FACILITIES) for level, code in _LEVELS.items()}

_PLAIN = re.compile(
    r"(?:<([0-9]{1,3})>)?(.{6} ..:..:..) ([^ :\[]+) ([^ :\[\]%{<0-9][^ :\[]*)(?:\[([0-9]{1,10})\])?: (?!\[ID )(.*)", re.DOTALL
).match  # <38>Oct 11 22:14:15 gw1 sshd[4721]: text
_CISCO = re.compile(r"(?:<([0-9]{1,3})>)?(.{6} [0-9]{4} ..:..:..) ([^ :\[]+) : (%.*)", re.DOTALL).match
_OCTETS = re.compile(r"[0-9]{1,9} (?=<[0-9]{1,3}>)")
_PRIORITY = re.compile(r"<([0-9]{1,3})>:? ?")  # a colon: Cisco's "format emblem"
_SEQUENCE = re.compile(r"[0-9]{1,12}: (?:([^\s:\[]+): (?=[*.]?[A-Z][a-z]{2} ))?")  # 123: host: *Mar  1 18:46:11: %SYS-5-CONFIG_I
_SOLARIS = r"(?:\[ID [0-9]{1,10} ([a-z0-9]{1,16}\.[a-z]{1,16})\] )?"  # [ID 800047 auth.info] text
_TAG = re.compile(rf"([^\s:\[\]%{{<][^\s:\[]*)(?:\[([^\]\s]{{0,32}})\]:?|:)(?: {_SOLARIS}|$)")
_SPACED_TAG = re.compile(rf"([^\s:\[\]%{{<][^:\[\]]{{0,47}})\[([0-9]{{1,10}})\]: {_SOLARIS}")
_HOST_AND_TAG = re.compile(r"([^\s:\[\]%{<]+) (?=[^\s:\[\]%{<][^\s:\[]*\[[0-9]{1,10}\]: )")
_CISCO_TEXT = re.compile(r"(?: ([^\s%]{0,254}[^\s%:]))? ?:? ?(?=%)")  # behind the second time: fw1 : %ASA-6-605005: …
_REPEATED = ("last message repeated ", "message repeated ")


def _priorities() -> dict[str | None, Event]:
    known: dict[str | None, Event] = {None: {}}
    for code in range(8 * len(FACILITIES)):
        facility, severity = divmod(code, 8)
        fields: Event = {
            "log.syslog.priority": code,
            "log.syslog.facility.code": facility,
            "log.syslog.facility.name": FACILITIES[facility],
            "log.syslog.severity.code": severity,
            "log.syslog.severity.name": SEVERITIES[severity],
        }
        known |= {str(code): fields, f"{code:02}": fields, f"{code:03}": fields}
    return known


_PRIORITIES = _priorities()
_NO_FIELDS: Event = {}


def read_header(line: str, clock: Clock) -> Record | None:
    """The line's record; None when it has no syslog header. Raises ParseError for a time that no calendar has.

    A header without a time counts as written when it was received.
    """
    if match := _PLAIN(line):
        priority, stamp, host, tag, pid, message = match.groups()
        try:
            moment = clock.read.get(stamp) or undated(stamp, clock)
        except ParseError:
            return _dialect(line, clock)
        known, program, address = _sender(priority, host, tag)
        fields = known.copy()
        fields["@timestamp"] = moment
        fields["message"] = message
        if pid:
            fields["log.syslog.procid"] = pid
            fields["process.pid"] = int(pid)
        if address is not None:
            fields["host.ip"] = [address]
        return new_record(Record, (line, fields, program, message, clock, ()))
    if line[:1] == "<" and (end := line.find(">1 ", 2, 7)) > 0 and (priority := line[1:end]) in _PRIORITIES:
        fields = {"@timestamp": clock.received, **_PRIORITIES[priority]}
        if modern := read_5424(line[end + 3 :], fields, clock):
            return _modern(line, fields, *modern, clock)
    elif match := _CISCO(line):
        priority, stamp, host, message = match.groups()
        return _record(line, priority, dated(stamp, clock.zone), host, "", None, message, clock)
    return _dialect(line, clock)


def _dialect(line: str, clock: Clock) -> Record | None:
    octets = _OCTETS.match(line)
    at = octets.end() if octets else 0
    code: str | None = None
    if priority := _PRIORITY.match(line, at):
        at, code = priority.end(), priority[1]
        if line.startswith("1 ", at):  # behind an octet count
            fields = {"@timestamp": clock.received, **_PRIORITIES.get(code, _NO_FIELDS)}
            if modern := read_5424(line[at + 2 :], fields, clock):
                return _modern(line, fields, *modern, clock)
    host = ""
    if sequence := _SEQUENCE.match(line, at):
        host, at = sequence[1] or "", sequence.end()
    stamp = read_stamp(line, at, clock)
    if stamp is None:
        return _stampless(line, code, host, line[at:], clock) if code else _marked(line, clock)
    moment, at = stamp
    rest = line[at:]
    if rest[:1] == ":" and not host:  # "Oct 11 2026 22:14:15: %ASA-6-302013: …": no host was told
        return _tagged(line, code, moment, host, rest[1:].lstrip(" "), clock)
    if rest[:1] not in (" ", ":") or not rest.strip():
        return None
    rest = rest.lstrip(": ")
    if not host:
        host, rest = _split_host(rest)
    return _tagged(line, code, moment, host, rest, clock)


def _marked(line: str, clock: Clock) -> Record | None:
    """The record behind a byte order mark, which editors and shells put before a file's first line; None when there is none."""
    record = read_header(line.lstrip(BOM), clock) if line.startswith(BOM) else None
    return record._replace(line=line) if record else None


def _modern(line: str, fields: Event, program: str, message: str, clock: Clock) -> Record:
    fields["message"] = message
    host = fields.get("host.name", "")
    if (host[:1].isdigit() or ":" in host) and (address := ip(host)) is not None:
        fields["host.name"] = address
        fields["host.ip"] = [address]
        del fields["host.hostname"]
    return Record(line, fields, program, message, clock)


def _stampless(line: str, code: str, host: str, rest: str, clock: Clock) -> Record | None:
    """A priority alone, as a local sender or a device without a clock writes it."""
    if cut_off(rest):
        return None
    if not host and (match := _HOST_AND_TAG.match(rest)):
        host, rest = match[1], rest[match.end() :]
    return _tagged(line, code, clock.received, host, rest, clock)


def _split_host(rest: str) -> tuple[str, str]:
    """The host, "" when none is told, and what follows it."""
    if rest.startswith(_REPEATED):
        return "", rest
    token, _, after = rest.partition(" ")
    if token.endswith(":") and ip(token) is None:
        return (token[:-1], after) if after.startswith("%") else ("", rest)
    if not after or "[" in token or token[0] in "%{<" or (":" in token and ip(token) is None):
        return "", rest
    if after.startswith(": "):
        return token, after[2:]
    return token, after


def _tagged(line: str, code: str | None, moment: int, host: str, rest: str, clock: Clock) -> Record:
    """The record of what follows the host: an optional sequence number and second time (Cisco, relayed), the tag, the message."""
    if sequence := _SEQUENCE.match(rest):
        end = stamp_end(rest, sequence.end())
        if end and rest.startswith(": ", end):
            rest = rest[end + 2 :]
    match = _TAG.match(rest)
    if match is None and rest[:1] not in "%{":
        code, host, rest = _between(code, host, rest)
        match = _TAG.match(rest) or _SPACED_TAG.match(rest)
    if match is None:
        return _record(line, code, moment, host, "", None, rest, clock)
    tag, procid, words = match.groups()
    if words and not code:
        code = _IN_WORDS.get(words)
    return _record(line, code, moment, host, tag, procid, rest[match.end() :], clock)


def _between(code: str | None, host: str, rest: str) -> tuple[str | None, str, str]:
    """Priority, host and text behind what stands between a header and the tag; all as they were when nothing does.

    That is facility and level in words (busybox), the first sender or the same host again (relays), or a header of
    Cisco's. A priority that a number told stays; of two hosts the inner one sent the line.
    """
    word, _, after = rest.partition(" ")
    if word in _IN_WORDS:
        return code or _IN_WORDS[word], host, after
    is_sender = word == host or ((word[:1].isdigit() or ":" in word) and ip(word) is not None)
    if is_sender and (after.startswith(("%", ": %")) or _TAG.match(after)):
        return code, word, after.removeprefix(": ")
    cisco = _cisco(code, host, rest) if "%" in rest else None
    return cisco or (code, host, rest)


def _cisco(code: str | None, host: str, rest: str) -> tuple[str | None, str, str] | None:
    """The same behind a header of Cisco's, which a relay left: <166>Oct 11 2026 22:14:15 fw1 : %ASA-6-605005: …"""
    priority = _PRIORITY.match(rest)
    at = priority.end() if priority else 0
    sequence = _SEQUENCE.match(rest, at)
    end = stamp_end(rest, sequence.end() if sequence else at)
    text = _CISCO_TEXT.match(rest, end) if end else None
    if text is None:
        return None
    sender = text[1] or (sequence[1] if sequence else None) or host
    return code or (priority[1] if priority else None), sender, rest[text.end() :]


def _record(line: str, code: str | None, moment: int, host: str, tag: str, procid: str | None, message: str, clock: Clock) -> Record:
    known, program, address = _sender(code, host, tag)
    fields = known.copy()
    fields["@timestamp"] = moment
    fields["message"] = message
    if procid:
        fields["log.syslog.procid"] = procid
        if (pid := count(procid)) is not None:
            fields["process.pid"] = pid
    if address is not None:
        fields["host.ip"] = [address]
    return new_record(Record, (line, fields, program, message, clock, ()))


@lru_cache(maxsize=1 << 12)
def _sender(code: str | None, host: str, tag: str) -> tuple[Event, str, str | None]:
    """What lines of one priority, host and tag have in common, with places for the rest; the program; the host's address.

    A tag of two words is a program's name or a relayed host and a program: it is routed by the last word.
    """
    fields: Event = {"@timestamp": 0, **_PRIORITIES.get(code, _NO_FIELDS)}
    address = ip(host) if host else None
    if host:
        fields["log.syslog.hostname"] = host
        fields["host.name"] = address or host
        if address is None:
            fields["host.hostname"] = host
    program = tag.partition("(")[0] or tag  # "su" of "su(pam_unix)"
    if program.startswith("/"):  # "cron" of "/usr/sbin/cron"; "postfix/smtpd" is a name of its own
        fields["process.executable"] = program
        program = program.rpartition("/")[2] or tag
    if tag:
        fields["log.syslog.appname"] = tag
        fields["process.name"] = program
    fields["message"] = ""
    _, _, last = program.partition(" ")
    return fields, last if last and " " not in last else program, address
