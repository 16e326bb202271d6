"""Cisco Secure Firewall: ASA, the same messages of Threat Defense (FTD), PIX and FWSM, and FTD's connection events.

    <166>Oct 11 2026 22:14:15 asa1 : %ASA-6-302013: Built inbound TCP connection 4711 for outside:203.0.113.7/44123 …
    <164>2026-10-11T22:14:15Z ftd1 : %FTD-4-106023: Deny tcp src outside:203.0.113.7/44123 dst inside:192.0.2.10/22 …

Cisco Secure Firewall ASA Series Syslog Messages; Cisco Secure Firewall Threat Defense Syslog Messages. A message whose number
is not known is an event with its number, severity and text; one whose number is known and whose wording is not is that and
besides of kind pipeline_error, since what it says was lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from soc.event import Event
from soc.parsing import ANY, Dataset, Parser, Record

from . import _asa_deny, _asa_flow, _asa_login, _asa_vpn
from ._asa_fields import FIELDS
from ._asa_shape import Shape, concluded
from ._ftd import security_event

Header = tuple[Event, str, Callable[[str], Event | None] | None, int]
"""What the header says (shared, not to be changed), the number, the reader of a flow, where the text begins."""

_HEADER = re.compile(
    r"(?:[^\s%]{1,255})?[ :]{0,3}"  # what some relays leave before it
    r"%?(ASA|FTD|PIX|FWSM)-(?:[\w-]{0,32}-)?([0-7])-([0-9]{6})(?:: ?| )"  # %ASA-session-6-302013:  <- with its class
).match
_BLANKS = re.compile("  +")
_LEVELS = ("emergency", "alert", "critical", "error", "warning", "notification", "informational", "debugging")
_USUAL_HEADER = len("%ASA-6-302013: ")
_MOST_HEADERS = 4096
_TOO_MANY = 1 << 63  # for a long
_EVENTS = frozenset(str(430000 + kind) for kind in range(1, 6))
_headers: dict[str, Header] = {}


def _shapes() -> dict[str, tuple[Shape, ...]]:
    known: dict[str, tuple[Shape, ...]] = {}
    for code, fields, wording in (*_asa_deny.ROWS, *_asa_flow.ROWS, *_asa_login.ROWS, *_asa_vpn.ROWS):
        known[code] = (*known.get(code, ()), Shape(wording, fields))
    return known


_SHAPES = _shapes()


def parse(record: Record) -> Event | None:
    message = record.message
    known = _headers.get(message[:_USUAL_HEADER]) or _header(message)
    if known is None:
        return None
    origin, code, flow, end = known
    text = message[end:]
    meaning = flow(text) if flow else _meaning(code, text)
    if meaning is None and "  " in text:  # some devices and relays write several blanks for one
        single = _BLANKS.sub(" ", text)
        meaning = flow(single) if flow else _meaning(code, single)
    if meaning is None:
        meaning = {"event.kind": "pipeline_error", "error.message": _unknown(code, text)}
    elif flow is None and "cisco.asa.hit_count" in meaning:
        _count_hits(meaning, record.fields.get("soc.repeated", 1))
    if host := record.fields.get("host.name"):
        meaning["observer.name"] = host
    meaning.update(origin)
    return meaning


def _count_hits(event: Event, times: int) -> None:
    """The event stands for its hits, or for as many times as many as a relay saw it repeated."""
    if 1 < (hits := event["cisco.asa.hit_count"] * times) < _TOO_MANY:
        event["soc.repeated"] = hits


def _header(message: str) -> Header | None:
    """The device's own header, at the start or behind what a relay left there."""
    header = _HEADER(message)
    if header is None:
        return None
    product, level, code = header.groups()
    origin: Event = {
        "event.code": code,
        "event.severity": int(level),
        "log.level": _LEVELS[int(level)],
        "observer.vendor": "Cisco",
        "observer.product": product,
        "observer.type": "firewall",
    }
    known = origin, code, _asa_flow.BUILDERS.get(code), header.end()
    if known[-1] == _USUAL_HEADER and len(_headers) < _MOST_HEADERS:
        _headers[message[:_USUAL_HEADER]] = known
    return known


def _meaning(code: str, text: str) -> Event | None:
    """The fields of a message; None when its number is known and its wording is not."""
    if code in _EVENTS:
        return security_event(code, text)
    shapes = _SHAPES.get(code) or _SHAPES.get(f"{code[:3]}xxx")
    if shapes is None:
        return {}
    read = next((event for shape in shapes if (event := shape.read(text)) is not None), None)
    return None if read is None else concluded(read)


def _unknown(code: str, text: str) -> str:
    return f"message {code} is worded in a way that soc does not know, or was cut off: {text[:128]!r}"


_SUPPLIED = """
    event.category event.type event.action event.outcome event.code event.severity event.duration event.reason log.level
    observer.vendor observer.product observer.name observer.ingress.interface.name observer.egress.interface.name
    observer.ingress.zone observer.egress.zone
    source.ip source.port source.address source.domain source.mac source.nat.ip source.nat.port source.bytes source.packets
    source.user.name source.user.domain
    destination.ip destination.port destination.address destination.domain destination.mac destination.nat.ip destination.nat.port
    destination.bytes destination.packets destination.user.name destination.user.domain
    server.ip server.address server.domain
    network.transport network.iana_number network.type network.bytes network.packets network.protocol network.application
    network.vlan.id related.ip related.user related.hosts related.hash
    rule.name rule.id rule.ruleset rule.category user.name user.domain process.command_line
    url.original url.domain file.path file.name file.size file.hash.sha256
    user_agent.original http.response.status_code http.request.referrer
    dns.question.name dns.question.type dns.response_code
"""

PARSER = Parser(
    name="cisco_asa",
    title="Cisco Secure Firewall: ASA, Threat Defense, PIX",
    parse=parse,
    marks=("%ASA-", "%FTD-", "%PIX-", "%FWSM-"),
    fields=FIELDS,
    supplies=[
        Dataset(
            "cisco_asa.log",
            logsources=[{"category": "firewall"}, {"product": "cisco", "category": "firewall", "service": "asa"}],
            fields={
                **dict.fromkeys([*_SUPPLIED.split(), *(field.name for field in FIELDS)], ANY),
                "event.kind": {"event", "alert", "pipeline_error"},
                "observer.type": {"firewall"},
                "network.direction": {"inbound", "outbound"},
            },
        )
    ],
)
