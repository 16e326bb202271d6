"""The wording of a Cisco message as a pattern with slots: `Deny IP spoof from \\(<src>\\) to <dst> on interface <sif>`.

Between the slots stands a regular expression. Names that a peer chooses (`<user>`, `<group>`) are greedy, so that only the
device's own words behind them count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from soc.event import Event
from soc.parsing.values import count, ip, mac, port, related

from ._ip import protocol

Setter = Callable[[Event, str], None]
Row = tuple[str, Event, str]
"""Number of the message (`400xxx`: each that has no row of its own), fields that it always has, its wording."""

NETWORK: Event = {"event.category": ["network"]}
TCP: Event = {"network.transport": "tcp", "network.iana_number": "6"}
UDP: Event = {"network.transport": "udp", "network.iana_number": "17"}
ICMP: Event = {"network.transport": "icmp", "network.iana_number": "1"}
ICMP6: Event = {"network.transport": "ipv6-icmp", "network.iana_number": "58"}
GRE: Event = {"network.transport": "gre", "network.iana_number": "47"}

_ADDRESS = r"[\w.:%-]*(?:\w|::)"
_INTERFACE = r"(?:NP Identity Ifc|[^\s:/()]+)"  # the device itself is the one name with blanks
_PORT_WORDS = """
    ftp-data=20 ftp=21 ssh=22 telnet=23 smtp=25 time=37 tacacs=49 domain=53 bootps=67 bootpc=68 tftp=69 www=80 http=80
    kerberos=88 pop3=110 sunrpc=111 ident=113 nntp=119 ntp=123 netbios-ns=137 netbios-dgm=138 netbios-ssn=139 imap4=143
    snmp=161 snmptrap=162 bgp=179 ldap=389 https=443 isakmp=500 rip=520 syslog=514 ldaps=636 sqlnet=1521 h323=1720 pptp=1723
    radius=1645 radius-acct=1646 nfs=2049 sip=5060 pcanywhere-data=5631 secureid-udp=5510
"""  # Cisco ASA General Operations CLI Guide, "TCP and UDP Ports"
_SERVICES = {name: int(number) for name, _, number in (pair.partition("=") for pair in _PORT_WORDS.split())}
_PEOPLE = ("user.name", "source.user.name", "destination.user.name")
_PLACES = ("source.ip", "source.nat.ip", "destination.ip", "destination.nat.ip", "client.ip", "server.ip")
_HOSTS = ("source.domain", "destination.domain", "server.domain")
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_UNIT = re.compile(r"\b([0-9]{1,5})\s?([dhms])")  # so many digits: a century still fits 64 bits of nanoseconds
_CLOCK = re.compile(r"([0-9]{1,6}):([0-9]{2}):([0-9]{2})")


def because(reason: str) -> Event:
    return {"event.reason": reason}


def address(event: Event, side: str, text: str) -> None:
    """A device with `names` prints a name in place of an address: then that is the side's address and domain.

    Digits and dots that are no address are the rest of one that was cut off, and nothing.
    """
    if (known := ip(text)) is not None:
        event[f"{side}.ip"] = known
    elif not text.replace(".", "").isdigit():
        event[f"{side}.address"] = event[f"{side}.domain"] = text


def person(event: Event, prefix: str, text: str) -> None:
    r"""`LOCAL\jdoe`, `EXAMPLE\jdoe`, `jdoe`; behind a comma a security group. LOCAL is no domain but the device's own list."""
    domain, _, name = text.partition(",")[0].strip().rpartition("\\")
    if name:
        event[f"{prefix}.name"] = name
        if domain and domain != "LOCAL":
            event[f"{prefix}.domain"] = domain


def nanoseconds(text: str) -> int | None:
    """Of `0:00:30`, `25:01:07`, `0h:05m:12s`, `1d 2h:03m:04s`; None of anything else."""
    units = _UNIT.findall(text)
    if not units and (clock := _CLOCK.fullmatch(text)):
        units = list(zip(clock.groups(), "hms", strict=True))
    return sum(int(number) * _SECONDS[unit] for number, unit in units) * 1_000_000_000 if units else None


def _text(field: str) -> Setter:
    def put(event: Event, text: str) -> None:
        event[field] = text

    return put


def _value(field: str, read: Callable[[str], Any]) -> Setter:
    def put(event: Event, text: str) -> None:
        if (value := read(text)) is not None:
            event[field] = value

    return put


def _port(field: str) -> Setter:
    def put(event: Event, text: str) -> None:
        number = port(text)
        if number is None:
            number = _SERVICES.get(text.lower())
        if number is not None:
            event[field] = number

    return put


def _service(event: Event, text: str) -> None:
    """The service of the device that somebody logs in to: `ssh`, `https`, `telnet`, or a port's number."""
    _port("destination.port")(event, text)
    if not text.isdigit():
        event["network.protocol"] = text.lower()


def _protocol(event: Event, text: str) -> None:
    keyword, number = protocol(text)
    if keyword:
        event["network.transport"] = keyword
    if number:
        event["network.iana_number"] = number


def _interface(side: str, gate: str) -> Setter:
    def put(event: Event, text: str) -> None:
        event[f"cisco.asa.{side}_interface"] = event[f"observer.{gate}.interface.name"] = text

    return put


_SLOTS: dict[str, tuple[str, Setter]] = {
    "src": (_ADDRESS, lambda event, text: address(event, "source", text)),
    "dst": (_ADDRESS, lambda event, text: address(event, "destination", text)),
    "web": (r"[^\s:]+", lambda event, text: address(event, "destination", text)),
    "server": (_ADDRESS, lambda event, text: address(event, "server", text)),
    "sport": (r"[\w-]+", _port("source.port")),
    "dport": (r"[\w-]+", _port("destination.port")),
    "snat": (_ADDRESS, _value("source.nat.ip", ip)),
    "dnat": (_ADDRESS, _value("destination.nat.ip", ip)),
    "snatport": (r"\d+", _value("source.nat.port", port)),
    "dnatport": (r"\d+", _value("destination.nat.port", port)),
    "sif": (_INTERFACE, _interface("source", "ingress")),
    "dif": (_INTERFACE, _interface("destination", "egress")),
    "suser": (r"(?!type )[^)/]*", lambda event, text: person(event, "source.user", text)),
    "duser": (r"(?!type )[^)/]*", lambda event, text: person(event, "destination.user", text)),
    "user": (r".{0,256}", lambda event, text: person(event, "user", text)),
    "group": (r".{0,128}", _text("cisco.asa.group")),
    "proto": (r"[\w-]+", _protocol),
    "dir": (r"inbound|outbound", _text("network.direction")),
    "acl": (r"[^\s\"“”]+", _text("rule.name")),
    "reason": (r".*", _text("event.reason")),
    "conn": (r"\d+", _text("cisco.asa.connection_id")),
    "elapsed": (r"[\d:dhms ]+?", _value("event.duration", nanoseconds)),
    "bytes": (r"\d+", _value("network.bytes", count)),
    "sent": (r"\d+", _value("destination.bytes", count)),
    "received": (r"\d+", _value("source.bytes", count)),
    "type": (r"\d+", _value("cisco.asa.icmp_type", count)),
    "code": (r"\d+", _value("cisco.asa.icmp_code", count)),
    "flags": (r"[A-Z0-9 -]*?", lambda event, text: event.update({"cisco.asa.tcp_flags": text.split()})),
    "hits": (r"\d+", _value("cisco.asa.hit_count", count)),
    "command": (r".*", _text("process.command_line")),
    "application": (r".{0,128}", _text("cisco.asa.application")),
    "spi": (r"\w+", _text("cisco.asa.spi")),
    "assigned": (_ADDRESS, _value("cisco.asa.assigned_ip", ip)),
    "session": (r"[^,]*?", _text("cisco.asa.session_type")),
    "policy": (r".{0,128}", _text("cisco.asa.policy")),
    "old": (r"\d+", _value("cisco.asa.privilege.old", count)),
    "new": (r"\d+", _value("cisco.asa.privilege.new", count)),
    "signature": (r"\d+", _text("rule.id")),
    "title": (r".*", _text("rule.name")),
    "object": (r"[^\]]*", _text("cisco.asa.threat.object")),
    "rate": (r"[\w -]{1,32}?", _text("cisco.asa.threat.rate")),
    "burst": (r"\d+", _value("cisco.asa.threat.burst_rate", count)),
    "average": (r"\d+", _value("cisco.asa.threat.average_rate", count)),
    "total": (r"\d+", _value("cisco.asa.threat.total_count", count)),
    "smac": (r"[0-9a-fA-F.:-]+", _value("source.mac", mac)),
    "dmac": (r"[0-9a-fA-F.:-]+", _value("destination.mac", mac)),
    "level": (r"[\w -]+?", _text("cisco.asa.threat.level")),
    "cause": (r".{1,256}?", _text("event.reason")),
    "in_use": (r"\d+", _value("cisco.asa.connections.in_use", count)),
    "most_used": (r"\d+", _value("cisco.asa.connections.most_used", count)),
    "seconds": (r"\d+", _value("event.duration", lambda text: nanoseconds(f"{text}s"))),
    "tries": (r"\d+", _value("cisco.asa.tries", count)),
    "service": (r"[\w-]+", _service),
    "sa": (r"[\w -]{1,32}?", _text("cisco.asa.session_type")),
    "what": (r"\S+", _text("cisco.asa.received")),
    "account": (r".{1,256}?", lambda event, text: person(event, "user", text.partition("/")[0] if text.lower() != "unknown" else "")),
    "category": (r".*", _text("cisco.asa.threat.category")),
    "listed": (r".{0,256}?", _text("cisco.asa.threat.listed")),
    "url": (r".*", _text("url.original")),
    "file": (r".{0,1024}", _text("file.path")),
    "verb": (r"\w+", lambda event, text: event.update({"event.action": f"ftp-{text.lower()}"})),
    "client": (r".*", _text("user_agent.original")),
}
_SLOT = re.compile(r"<(\w+)>")
_MACROS = {  # outside:203.0.113.7/44123(EXAMPLE\jdoe, 5:group); the port is missing where there is none
    "<source>": r"<sif>: ?<src>(?:/<sport>)?(?: ?\(<suser>\))?",
    "<destination>": r"<dif>: ?<dst>(?:/<dport>)?(?: ?\(<duser>\))?",
    "<who>": r"(?:'<user>'|<user>)",
    "<through>": r"(?:'<application>'|<application>)",
    "<list>": r"(?:[\"“]?<acl>[\"”]? |[\"“][\"”] )?",  # a list may have no name
    "on interface <sif>": r"on interface(?: <sif>)?",
    "<icmp>": r"(?: ?\(type <type>, code <code>\))?",
}


@dataclass(frozen=True)
class Shape:
    """A wording, and the fields that each message of it has. Compiled when it is first met."""

    pattern: str
    fields: Event

    @cached_property
    def _compiled(self) -> tuple[re.Pattern[str], list[Setter]]:
        pattern = self.pattern
        for macro, meaning in _MACROS.items():
            pattern = pattern.replace(macro, meaning)
        setters = [_SLOTS[name][1] for name in _SLOT.findall(pattern)]
        return re.compile(_SLOT.sub(lambda slot: f"({_SLOTS[slot[1]][0]})", pattern), re.DOTALL), setters

    def read(self, text: str) -> Event | None:
        """The fields of a message's text; None when it is not worded so."""
        pattern, setters = self._compiled
        match = pattern.match(text)
        if match is None:
            return None
        event = {name: [*value] if type(value) is list else value for name, value in self.fields.items()}
        for put, value in zip(setters, match.groups(), strict=True):
            if value:
                put(event, value)
        return event


def concluded(event: Event) -> Event:
    """The event with what follows from its fields: kind of network, related things; a translation to the same place is none."""
    for side in ("source", "destination"):
        if event.get(f"{side}.nat.ip", "") == event.get(f"{side}.ip") and event.get(f"{side}.nat.port") in (
            None,
            event.get(f"{side}.port"),
        ):
            event.pop(f"{side}.nat.ip", None)
            event.pop(f"{side}.nat.port", None)
    if event.get("network.transport") in ("icmp", "ipv6-icmp") and "source.port" in event:  # ICMP has no ports
        kind, code = event.pop("source.port"), event.pop("destination.port", 0)
        if "cisco.asa.hit_count" in event or "rule.name" in event:  # an access list prints type and code there, others an identifier
            event.setdefault("cisco.asa.icmp_type", kind)
            event.setdefault("cisco.asa.icmp_code", code)
    places = related(*map(event.get, _PLACES))
    if places:
        event["related.ip"] = places
        if "source.ip" in event or "destination.ip" in event:
            event["network.type"] = "ipv6" if ":" in places[0] else "ipv4"
    if people := related(*map(event.get, _PEOPLE)):
        event["related.user"] = people
    if hosts := related(*map(event.get, _HOSTS)):
        event["related.hosts"] = hosts
    return event
