"""Connections and translations that an ASA built and tore down; the messages it writes most of.

    Built outbound TCP connection 4711 for outside:203.0.113.7/443 (203.0.113.7/443) to inside:10.1.2.3/51514 (192.0.2.10/51514)
    Teardown TCP connection 4711 for outside:203.0.113.7/443 to inside:10.1.2.3/51514 duration 0:00:30 bytes 4082 TCP FINs

The side with the lower security level is printed first. `source` is who began: the first side of an inbound connection,
the second of an outbound one. A teardown seldom says which it was, and a line is read for itself. Decided: the side that has a
service's port, where one side alone has, did not begin; else the first did.
"""

from __future__ import annotations

import re

from soc.event import Event
from soc.parsing.remembered import Remembered
from soc.parsing.values import ip, port, related

from ._asa_shape import GRE, NETWORK, Row, address, person
from ._ip import protocol

_SIDE = r"([^ :/()]+|NP Identity Ifc): ?([^ /()]+)/([0-9]{1,5})"
_MAPPED = r" ?\(([^ /()]+)/([0-9]{1,5})\)"
_WHO = r"(?: ?\((?!type )([^)]*)\))?"
_BUILT = re.compile(
    rf"Built (inbound|outbound) (?:Probe )?([^ ]+) connection ([0-9]+) for {_SIDE}{_MAPPED}{_WHO} to {_SIDE}{_MAPPED}{_WHO}"
    r"(?: \(([^)]*)\))?"
).match
_INBOUND = (2, 3, *range(4, 17))
_OUTBOUND = (2, 3, *range(10, 16), *range(4, 10), 16)
_TEARDOWN = re.compile(
    rf"Teardown (?:Probe )?([^ ]+) connection ([0-9]+) for {_SIDE}{_WHO} to {_SIDE}{_WHO}"
    r" duration ([0-9]{1,6}):([0-9]{2}):([0-9]{2}) bytes ([0-9]{1,18}) ?(.*)",
    re.DOTALL,
).match
_DIRECTED = re.compile(r"Teardown (inbound|outbound) (.*)", re.DOTALL).fullmatch
_LOW = frozenset(map(str, range(1024))) | {"2049"}  # NFS, whose clients have low ports
_SERVICE = _LOW - {"20", "2049"}  # FTP's data come from 20
_ENDING = re.compile(r"([^(]*?)(?: from (NP Identity Ifc|[^ ()]+))? ?(?:\(([^)]*)\))?$").match  # TCP Reset-I from inside (jdoe)
_ECHO = rf"([^ /()]+)(?:/[0-9]+)?{_WHO}"
_ICMP = re.compile(
    rf"(?:Built|Teardown)(?: (inbound|outbound))? (ICMP(?:v6)?) connection for faddr {_ECHO} ?[fg]addr {_ECHO} ?laddr {_ECHO}"
    r"(?: \((?!type )([^)]*)\))?(?: ?\(?type ([0-9]{1,3}),? code ([0-9]{1,3}))?"
).match
_DENY_SIDE = rf"([^ :/()]+|NP Identity Ifc): ?([^ /()]+)(?:/([0-9]{{1,5}}))?{_WHO}"
_DENY = re.compile(
    rf"Deny (?:protocol )?(\S+) src {_DENY_SIDE} dst {_DENY_SIDE}(?: ?\(type ([0-9]{{1,3}}), code ([0-9]{{1,3}})\))?"
    r" by access-group(?: [\"“]?([^\"”\s]*)|$)"
).match
_SECOND = 1_000_000_000


def built(text: str) -> Event | None:
    """302013, 302015: None when it is worded otherwise."""
    match = _BUILT(text)
    if match is None:
        return None
    direction = match[1]
    transport, number, gate, near, near_port, near_nat, near_nat_port, near_user, *other = match.group(
        *(_INBOUND if direction == "inbound" else _OUTBOUND)
    )
    far_gate, far, far_port, far_nat, far_nat_port, far_user, user = other
    event = _between(transport, gate, near, near_port, far_gate, far, far_port)
    event["event.type"] = ["connection", "start"]
    event["event.action"] = "flow-creation"
    event["event.outcome"] = "success"
    event["network.direction"] = direction
    event["cisco.asa.connection_id"] = number
    if near_nat != near or near_nat_port != near_port:
        _mapped(event, "source", near_nat, near_nat_port)
    if far_nat != far or far_nat_port != far_port:
        _mapped(event, "destination", far_nat, far_nat_port)
    if near_user or far_user or user:
        _people(event, near_user, far_user, user)
    return event


def teardown(text: str, direction: str | None = None) -> Event | None:
    """302014, 302016: None when it is worded otherwise."""
    match = _TEARDOWN(text)
    if match is None:
        directed = None if direction else _DIRECTED(text)
        return teardown(f"Teardown {directed[2]}", directed[1]) if directed else None
    transport, number, gate, near, near_port, user, far_gate, far, far_port, far_user, hours, minutes, seconds, size, ending = (
        match.groups()
    )
    if direction == "outbound" or (near_port in _SERVICE and far_port not in _LOW and not direction):
        event = _between(transport, far_gate, far, far_port, gate, near, near_port)
        user, far_user = far_user, user
    else:
        event = _between(transport, gate, near, near_port, far_gate, far, far_port)
    event["event.type"] = ["connection", "end"]
    event["event.action"] = "flow-expiration"
    event["event.outcome"] = "success"
    event["event.duration"] = (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * _SECOND
    if direction:
        event["network.direction"] = direction
    event["network.bytes"] = int(size)
    event["cisco.asa.connection_id"] = number
    initiator = None
    if ending:
        reason, who, initiator = _endings[ending]
        if reason:
            event["event.reason"] = reason
        if who:
            event["cisco.asa.termination_initiator"] = who
    if user or far_user or initiator:
        _people(event, user, far_user, initiator)
    return event


def _ended(text: str) -> tuple[str | None, str | None, str | None]:
    """Why, from which interface, by whose connection."""
    match = _ENDING(text)
    return (match[1], match[2], match[3]) if match else (text, None, None)


_endings = Remembered(_ended, most=4096, longest=256)


def echo(text: str) -> Event | None:
    """302020, 302021: foreign, global and local address of an ICMP exchange. None when it is worded otherwise."""
    match = _ICMP(text)
    if match is None:
        return None
    direction, transport, foreign, foreign_user, mapped, _, local, local_user, user, kind, code = match.groups()
    if direction == "outbound":
        event = _between(transport, "", local, None, "", foreign, None)
        people = local_user, foreign_user, user
    else:
        event = _between(transport, "", foreign, None, "", local, None)
        people = foreign_user, local_user, user
    start = text.startswith("B")
    event["event.type"] = ["connection", "start" if start else "end"]
    event["event.action"] = "flow-creation" if start else "flow-expiration"
    event["event.outcome"] = "success"
    if direction:
        event["network.direction"] = direction
    if mapped != local:
        _mapped(event, "source" if direction == "outbound" else "destination", mapped, "")
    if kind:
        event["cisco.asa.icmp_type"], event["cisco.asa.icmp_code"] = int(kind), int(code)
    if any(people):
        _people(event, *people)
    return event


def deny(text: str) -> Event | None:
    """106023: None when it is worded otherwise."""
    match = _DENY(text)
    if match is None:
        return None
    transport, gate, near, near_port, user, far_gate, far, far_port, far_user, kind, code, acl = match.groups()
    event = _between(transport, gate, near, near_port, far_gate, far, far_port)
    event["event.type"] = ["connection", "denied"]
    event["event.action"] = "firewall-rule"
    event["event.outcome"] = "failure"
    if acl:
        event["rule.name"] = acl
    if kind:
        event["cisco.asa.icmp_type"], event["cisco.asa.icmp_code"] = int(kind), int(code)
    if user or far_user:
        _people(event, user, far_user, None)
    return event


def _between(transport: str, gate: str, near: str, near_port: str | None, far_gate: str, far: str, far_port: str | None) -> Event:
    """Source and destination, the protocol, and what is related."""
    source, destination = ip(near), ip(far)
    keyword, number = protocol(transport)
    event: Event = {
        "event.category": ["network"],
        "network.transport": keyword,
        "network.iana_number": number,
        "network.type": "ipv6" if ":" in near or ":" in far else "ipv4",
        "source.ip": source,
        "destination.ip": destination,
        "related.ip": [source, destination] if source != destination else [source],
    }
    if near_port and (sender := int(near_port)) <= 65535:
        event["source.port"] = sender
    if far_port and (receiver := int(far_port)) <= 65535:
        event["destination.port"] = receiver
    if gate:
        event["observer.ingress.interface.name"] = event["cisco.asa.source_interface"] = gate
        event["observer.egress.interface.name"] = event["cisco.asa.destination_interface"] = far_gate
    if source is None or destination is None or number is None or keyword is None:
        _partly_named(event, near, far)
    return event


def _partly_named(event: Event, near: str, far: str) -> None:
    """Names where addresses were expected, or a protocol without a number: fields without a value go."""
    for name in [name for name, value in event.items() if value is None]:
        del event[name]
    event["related.ip"] = related(*event["related.ip"])
    for side, text in (("source", near), ("destination", far)):
        if f"{side}.ip" not in event:
            address(event, side, text)
    if hosts := related(event.get("source.domain"), event.get("destination.domain")):
        event["related.hosts"] = hosts


def _mapped(event: Event, side: str, mapped: str, mapped_port: str) -> None:
    if (known := ip(mapped)) is not None and known != event.get(f"{side}.ip"):
        event[f"{side}.nat.ip"] = known
        event["related.ip"] = related(*event["related.ip"], known)
    if mapped_port and (number := port(mapped_port)) is not None and number != event.get(f"{side}.port"):
        event[f"{side}.nat.port"] = number


def _people(event: Event, source: str | None, destination: str | None, user: str | None) -> None:
    fields = ("source.user", "destination.user", "user")
    for field, text in zip(fields, (source, destination, user), strict=True):
        if text:
            person(event, field, text)
    event["related.user"] = related(*(event.get(f"{field}.name") for field in fields))


BUILDERS = {
    "106023": deny,
    "302013": built,
    "302014": teardown,
    "302015": built,
    "302016": teardown,
    "302020": echo,
    "302021": echo,
}

BUILT = {**NETWORK, "event.type": ["connection", "start"], "event.action": "flow-creation", "event.outcome": "success"}
GONE = {**NETWORK, "event.type": ["connection", "end"], "event.action": "flow-expiration", "event.outcome": "success"}
TRANSLATED = {**NETWORK, "event.type": ["start"], "event.action": "nat-creation", "event.outcome": "success"}
UNTRANSLATED = {**NETWORK, "event.type": ["end"], "event.action": "nat-expiration", "event.outcome": "success"}
HOST = {**NETWORK, "event.type": ["info"], "event.action": "local-host-created"}

_REAL = r"<sif>(?: ?\([^)]*\))?: ?<src>(?:/<sport>)?(?: ?\(<suser>\))? to <dif>(?: ?\([^)]*\))?: ?<snat>(?:/<snatport>)?"

ROWS: list[Row] = [
    ("302010", {**NETWORK, "event.type": ["info"]}, "<in_use> in use, <most_used> most used"),
    (
        "302017",
        BUILT | GRE,
        r"Built <dir> GRE connection <conn> from <sif>: ?<src>(?:/\w+)? \([^)]*\)(?: ?\(<suser>\))? to <dif>: ?<dst>(?:/\w+)?",
    ),
    (
        "302018",
        GONE | GRE,
        r"Teardown GRE connection <conn> from <sif>: ?<src>[^:]{0,128} to <dif>: ?<dst>(?:/\w+)? .{0,128}?duration <elapsed> bytes <bytes>",
    ),
    *(
        (code, BUILT, r"Built (?:director|backup|forwarder)(?:/backup)? stub <proto> connection for <source> \([^)]*\) to <destination>")
        for code in ("302022", "302024", "302026")
    ),
    *(
        (
            code,
            GONE,
            r"Teardown (?:\w+ )?stub <proto> connection for <source> to <destination> duration <elapsed> forwarded bytes <bytes> ?<reason>",
        )
        for code in ("302023", "302025", "302027")
    ),
    ("302303", BUILT, r"Built <proto> state-bypass connection <conn> from <source> ?\([^)]*\) to <destination>"),
    (
        "302304",
        GONE,
        "Teardown <proto> state-bypass connection <conn> from <source> to <destination> duration <elapsed> bytes <bytes> ?<reason>",
    ),
    ("305009", TRANSLATED, f"Built (?:dynamic|static|identity) translation from {_REAL}"),
    ("305010", UNTRANSLATED, f"Teardown (?:dynamic|static|identity) translation from {_REAL} duration <elapsed>$"),
    ("305011", TRANSLATED, f"Built (?:dynamic|static|identity) <proto> translation from {_REAL}"),
    ("305012", UNTRANSLATED, f"Teardown (?:dynamic|static|identity) <proto> translation from {_REAL} duration <elapsed>$"),
    ("305014", TRANSLATED | {"event.action": "nat-block-allocated"}, f"Allocated (?:<proto> )?block of ports for translation from {_REAL}"),
    ("609001", HOST, "Built local-host <sif>: ?<src>"),
    ("609002", HOST | {"event.action": "local-host-removed"}, "Teardown local-host <sif>: ?<src> duration <elapsed>$"),
]
