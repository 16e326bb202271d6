"""The header of RFC 5424 and its structured data.

    <165>1 2026-10-11T22:14:15.003Z mail.example.org su 4711 ID47 [origin@32473 ip="192.0.2.1"] BOM'su root' failed

RFC 5424, section 6. Structured data become labels named `sd-id.param`; of equal names the last value stands.
More lenient than the RFC: a missing message, structured data left out, a header of any length, an app's name that holds
the process number ("su[4711]").
"""

from __future__ import annotations

import re

from soc.event import Event
from soc.parsing.header import PRIORITIES
from soc.parsing.hosts import may_be_host
from soc.parsing.parser import Clock, Record, new_record
from soc.parsing.relayed import LEADS, is_cut, is_repeated, rejoin, undo
from soc.parsing.remembered import Remembered
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


def _is_plain(app: str) -> bool:
    return not (app.endswith("]") or is_cut[app])


_plain = Remembered(_is_plain, most=1 << 12, longest=255)  # the app's name is one and nothing else


def read_5424(line: str, at: int, code: str | None, clock: Clock) -> Record | None:
    """The record of a line with `<PRI>1 ` up to `at`.

    None when no such header follows. Raises ParseError for a time or structured data that cannot be read.
    """
    fields: Event = {"@timestamp": clock.received, **PRIORITIES.get(code, {})}
    said = _header(line[at:], fields, clock)
    if said is None:
        return None
    program, message = said
    fields["message"] = message
    if message[:1] in LEADS and is_repeated(message):
        message, times = undo(message)
        fields["message"] = message
        if times > 1:
            fields["soc.repeated"] = times
    if not _plain[program] and (whole := rejoin(program, message)) is not None:
        program, message = "", whole
        fields["message"] = message
        del fields["log.syslog.appname"], fields["process.name"]
    host = fields.get("host.name", "")
    if (host[:1].isdigit() or ":" in host) and (address := ip(host)) is not None:
        fields["host.name"] = address
        fields["host.ip"] = [address]
        del fields["host.hostname"]
    return new_record(Record, (line, fields, program, message, clock, ()))


def _header(text: str, fields: Event, clock: Clock) -> tuple[str, str] | None:
    """Program and message; adds what else the header says to `fields`. None when it is no such header."""
    parts = text.split(" ", 5)
    if len(parts) < 5:
        return None
    stamp, host, app, procid, msgid = parts[:5]
    rest = parts[5] if len(parts) == 6 else ""
    if stamp != _NIL:
        if stamp[4:5] != "-" or stamp[10:11] != "T":
            return None
        fields["@timestamp"] = iso(stamp, clock)
    fields["log.syslog.version"] = "1"
    if host != _NIL:
        fields["log.syslog.hostname"] = host
        if may_be_host[host]:
            fields["host.name"] = fields["host.hostname"] = host
    if not _plain[app] and (tag := _TAG(app)):
        app, procid = tag[1], tag[2] if procid == _NIL else procid
    if app != _NIL:
        fields["log.syslog.appname"] = fields["process.name"] = app
    if procid != _NIL:
        fields["log.syslog.procid"] = procid
        if (pid := count(procid)) is not None:
            fields["process.pid"] = pid
    if msgid != _NIL:
        fields["log.syslog.msgid"] = msgid
    message = _structured(rest, fields)
    return app if app != _NIL else "", message


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
