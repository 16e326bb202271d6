"""What any header of a syslog line says, as the record that parsers get: priority, host, tag and process number in ECS names."""

from __future__ import annotations

from functools import lru_cache

from soc.event import Event
from soc.parsing.hosts import may_be_host, may_be_program
from soc.parsing.parser import Clock, Record, new_record
from soc.parsing.relayed import LEADS, is_cut, is_repeated, rejoin, undo
from soc.parsing.values import count, ip

FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"),
)  # RFC 5424, 6.2.1
SEVERITIES = "emergency alert critical error warning notice informational debug".split()


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


PRIORITIES = _priorities()
_NO_FIELDS: Event = {}
_NOBODY: tuple[Event, str, str | None] = ({}, "", None)
LONGEST = 510  # characters of host and tag that are remembered


def record(line: str, code: str | None, moment: int, host: str, tag: str, procid: str | None, message: str, clock: Clock) -> Record:
    """A header's record, without what RFC 5424 has besides: priority (text) or None, moment, host and tag or "", process number."""
    times = 1
    if message[:1] in LEADS and is_repeated(message):
        message, times = undo(message)
    if is_cut[tag] and (whole := rejoin(tag, message)) is not None:
        tag, message = "", whole
    said = sender if len(host) + len(tag) <= LONGEST else sender.__wrapped__
    known, program, address = said(code, host, tag)
    fields = known.copy()
    fields["@timestamp"] = moment
    fields["message"] = message
    if times > 1:
        fields["soc.repeated"] = times
    if procid:
        fields["log.syslog.procid"] = procid
        if (pid := count(procid)) is not None:
            fields["process.pid"] = pid
    if address is not None:
        fields["host.ip"] = [address]
    return new_record(Record, (line, fields, program, message, clock, ()))


@lru_cache(maxsize=1 << 12)
def usual_sender(code: str | None, host: str, tag: str) -> tuple[Event, str, str | None]:
    """As `sender`; no fields at all when the host can be none, or the tag names no program."""
    return sender(code, host, tag) if may_be_host[host] and (not tag or may_be_program(tag)) else _NOBODY


@lru_cache(maxsize=1 << 12)
def sender(code: str | None, host: str, tag: str) -> tuple[Event, str, str | None]:
    """What lines of one priority, host and tag have in common, with places for the rest; the program; the host's address.

    A tag of two words is a program's name or a relayed host and a program: it is routed by the last word.
    """
    fields: Event = {"@timestamp": 0, **PRIORITIES.get(code, _NO_FIELDS)}
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
