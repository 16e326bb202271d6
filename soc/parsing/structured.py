"""The header of RFC 5424 and its structured data.

    <165>1 2026-10-11T22:14:15.003Z mail.example.org su 4711 ID47 [origin@32473 ip="192.0.2.1"] BOM'su root' failed

RFC 5424, section 6. Structured data become labels named `sd-id.param`; of equal names the last value stands.
More lenient than the RFC: a missing message, structured data left out, a header of any length, an app's name that holds
the process number ("su[4711]").
"""

from __future__ import annotations

import re
from functools import lru_cache

from soc.event import Event
from soc.parsing.header import LONGEST, PRIORITIES
from soc.parsing.hosts import may_be_host
from soc.parsing.parser import Clock, Record, new_record
from soc.parsing.relayed import LEADS, is_cut, is_repeated, rejoin, undo
from soc.parsing.timestamps import iso
from soc.parsing.values import count, ip

_NIL = "-"
BOM = "\ufeff"
_QUOTED = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_NAME = r'[^\s=\]"]++'
_ELEMENTS = re.compile(rf"(?:\[{_NAME}(?: ++{_NAME}={_QUOTED})*+ *+\])++", re.DOTALL)
_TOKEN = re.compile(rf"\[({_NAME})| ({_NAME})={_QUOTED}", re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\\]])')
_TAG = re.compile(r"([^\[]+)\[([0-9]{1,10})\]").fullmatch


def read_5424(line: str, at: int, code: str | None, clock: Clock) -> Record | None:
    """The record of a line with `<PRI>1 ` up to `at`.

    None when no such header follows. Raises ParseError for a time or structured data that cannot be read.
    """
    parts = line[at:].split(" ", 5)
    if len(parts) < 5:
        return None
    stamp, host, app, procid, msgid = parts[:5]
    if stamp != _NIL and (stamp[4:5] != "-" or stamp[10:11] != "T"):
        return None
    said = _sender if len(host) + len(app) <= LONGEST else _sender.__wrapped__
    known, program, number, address = said(code, host, app)
    fields = known.copy()
    if address is not None:
        fields["host.ip"] = [address]
    fields["@timestamp"] = clock.received if stamp == _NIL else iso(stamp, clock)
    if procid == _NIL:
        procid = number
    if procid != _NIL:
        fields["log.syslog.procid"] = procid
        if (pid := count(procid)) is not None:
            fields["process.pid"] = pid
    if msgid != _NIL:
        fields["log.syslog.msgid"] = msgid
    message = _structured(parts[5] if len(parts) == 6 else "", fields)
    if message[:1] in LEADS and is_repeated(message):
        message, times = undo(message)
        if times > 1:
            fields["soc.repeated"] = times
    if program and "process.name" not in fields:
        program, message = _rejoined(program, message, fields)
    fields["message"] = message
    return new_record(Record, (line, fields, program, message, clock, ()))


@lru_cache(maxsize=1 << 12)
def _sender(code: str | None, host: str, app: str) -> tuple[Event, str, str, str | None]:
    """What lines of one priority, host and app have in common; the program; the number in the app's name, or NIL; the host's address.

    A program whose name may be the beginning of the message is not among the fields yet.
    """
    fields: Event = {"@timestamp": 0, **PRIORITIES.get(code, {}), "log.syslog.version": "1"}
    address = ip(host)
    if host != _NIL:
        fields["log.syslog.hostname"] = host
        if address is not None:
            fields["host.name"] = address
        elif may_be_host[host]:
            fields["host.name"] = fields["host.hostname"] = host
    tag = _TAG(app)
    program, number = tag.groups() if tag else (app, _NIL)
    if program == _NIL:
        return fields, "", number, address
    if not is_cut[program]:
        fields["log.syslog.appname"] = fields["process.name"] = program
    return fields, program, number, address


def _rejoined(program: str, message: str, fields: Event) -> tuple[str, str]:
    """Program and message where it has to be seen whether the one is the beginning of the other."""
    if (whole := rejoin(program, message)) is not None:
        return "", whole
    fields["log.syslog.appname"] = fields["process.name"] = program
    return program, message


def _structured(rest: str, fields: Event) -> str:
    """The message behind the structured data."""
    if rest[:1] == _NIL and rest[1:2] in ("", " "):
        return rest[2:].removeprefix(BOM)
    if rest[:1] != "[":
        return rest.removeprefix(BOM)
    elements = _ELEMENTS.match(rest)
    if elements is None:
        return rest  # a message that begins with a bracket, and no structured data before it
    labels, prefix = {}, ""
    for name, key, value in _TOKEN.findall(elements[0]):
        if name:
            prefix = f"{name}."
        else:
            labels[prefix + key] = _ESCAPED.sub(r"\1", value) if "\\" in value else value
    if labels:
        fields["labels"] = labels
    return rest[elements.end() :].removeprefix(" ").removeprefix(BOM)
