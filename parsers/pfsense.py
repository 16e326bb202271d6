"""pfSense and OPNsense: packets that pf logged (filterlog), and logins to the web interface.

    <134>Oct 11 22:14:15 filterlog[92653]: 7,,,1000000103,igb0,match,block,in,4,0x0,,52,4711,0,DF,6,tcp,60,203.0.113.7,192.0.2.10,44123,22,…

Columns: Netgate, pfSense documentation, "Raw Filter Log Format"; OPNsense, filterlog(8) in opnsense/ports, which writes the
same and a rule's label where pfSense has a tracking number. The direction is the packet's at the interface of the firewall,
hence ingress and egress: what comes in from the LAN is ingress as well. What OPNsense's AuthenticationFactory says of a password
is `authentication`: the web interface tells the same login again, as `login` and with its address.
"""

from __future__ import annotations

import re

from soc.errors import ParseError
from soc.event import Event
from soc.parsing import ANY, Dataset, Parser, Record
from soc.parsing.values import count, integer, ip, port, related

from ._ip import protocol
from ._pfsense_fields import FIELDS

_COMMON = "rule number, sub-rule number, anchor, tracker, interface, reason, action, direction, IP version".split(", ")
_IPV4 = [*_COMMON, *"TOS, ECN, TTL, ID, offset, flags, protocol number, protocol, length, source, destination".split(", ")]
_IPV6 = [*_COMMON, *"traffic class, flow label, hop limit, protocol, protocol number, length, source, destination".split(", ")]
_UDP = "source port, destination port, data length".split(", ")
_TCP = [*_UDP, *"TCP flags, sequence number, acknowledgement, window, urgent pointer, options".split(", ")]
_FATES = {"pass": ["allowed"], "block": ["denied"], "reject": ["denied"], "synproxy": ["denied"]}
_WAYS = {"in": ("ingress", "observer.ingress.interface.name"), "out": ("egress", "observer.egress.interface.name")}
_OPNSENSE = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_PFSENSE = re.compile(r"[0-9]{10}").fullmatch  # times of creation; 1000000000 and up are the system's own rules
_WEB = re.compile(
    r"""
    (?:/\S{1,128}:\ )?(?:                                                      # /index.php:
    (?P<failed>webConfigurator\ authentication\ error\ for\ user|              # pfSense
       Web\ GUI\ authentication\ error\ for)|                                  # OPNsense
    (?P<left>(?:User\ logged\ out|(?P<reason>Session\ timed\ out))\ for\ user)|
    Successful\ login\ for\ user)
    \ '(?P<user>.{0,256})'\ from:?\ '?(?P<ip>[^\s'()]+)'?(?:\ \([^()]*\))?\.?\s*  # 'eve' from: 203.0.113.7 (Local Database)
    """,
    re.VERBOSE,
).fullmatch  # the user is greedy and the end is fixed: a name that imitates the rest stays a name
_AUDIT = re.compile(
    r"""
    user\ (?P<user>.{0,256})\                                               # user root could not authenticate for WebGui
    (?:could\ not\ authenticate|(?P<passed>authenticated\ successfully))\ for\ [^\s.,]{1,64}
    (?:\.?\ \[using\ [^][]{0,512}\]|,\ (?P<reason>failed\ constraints)\ on\ .*)?  # . [using OPNsense\… + OPNsense\…]
    """,
    re.VERBOSE,
).fullmatch  # the user is greedy, as above
_BARE = re.compile(r"(?:filterlog(?:\[[0-9]{1,10}\])?: )?(?=[0-9]+,[0-9]*,)").match  # copied without a header


def parse(record: Record) -> Event | None:
    if record.program == "filterlog":
        event = _packet(record.message.split(","))
    elif said := _login(record.message) or _audit(record.message):
        event = said
    elif not record.program and (bare := _BARE(record.message)):
        event = _packet(record.message[bare.end() :].split(","))
    else:
        return None
    event["observer.type"] = "firewall"
    if host := record.fields.get("host.name"):
        event["observer.name"] = host
    return event


def _packet(columns: list[str]) -> Event:
    if len(columns) < len(_COMMON):
        raise _cut_off(columns, _COMMON)
    number, subrule, anchor, tracker, interface, reason, action, direction, version = columns[:9]
    event: Event = {
        "event.category": ["network"],
        "event.action": action,
        "event.type": ["connection", *_FATES.get(action, ())],
    }
    if reason:
        event["event.reason"] = reason
    for field, value in (("pfsense.rule.number", count(number)), ("pfsense.rule.sub_number", count(subrule))):
        if value is not None:
            event[field] = value
    if anchor:
        event["rule.ruleset"] = anchor
    _rule(event, tracker)
    if direction in _WAYS:
        event["network.direction"], gate = _WAYS[direction]
        event[gate] = interface
    if version == "4":
        rest = _ipv4(event, columns)
    elif version == "6":
        rest = _ipv6(event, columns)
    else:
        raise ParseError(f"a filterlog line with IP version {version[:16]!r}; it is 4 or 6")
    _payload(event, rest)
    return event


def _cut_off(columns: list[str], names: list[str]) -> ParseError:
    return ParseError(f"a filterlog line of {len(columns)} columns, cut off before: {names[len(columns)]}")


def _rule(event: Event, tracker: str) -> None:
    """The rule's number or label; its form tells whose it is."""
    if tracker and tracker != "0":
        event["rule.id"] = tracker
    if _PFSENSE(tracker):
        event["observer.vendor"], event["observer.product"] = "Netgate", "pfSense"
    elif _OPNSENSE(tracker):
        event["observer.vendor"], event["observer.product"] = "Deciso", "OPNsense"


def _ipv4(event: Event, columns: list[str]) -> list[str]:
    if len(columns) < len(_IPV4):
        raise _cut_off(columns, _IPV4)
    tos, ecn, ttl, identification, offset, flags, number, name, length, source, destination = columns[9:20]
    event["network.type"] = "ipv4"
    if tos:
        event["pfsense.ip.tos"] = tos
    if ecn:
        event["pfsense.ip.ecn"] = ecn
    if flags and flags != "none":
        event["pfsense.ip.flags"] = flags
    for field, text in (("pfsense.ip.ttl", ttl), ("pfsense.ip.id", identification), ("pfsense.ip.offset", offset)):
        if (value := count(text)) is not None:
            event[field] = value
    _addresses(event, number, name, length, source, destination)
    return columns[20:]


def _ipv6(event: Event, columns: list[str]) -> list[str]:
    if len(columns) < len(_IPV6):
        raise _cut_off(columns, _IPV6)
    traffic, flow, hops, name, number, length, source, destination = columns[9:17]
    event["network.type"] = "ipv6"
    if traffic:
        event["pfsense.ip.tos"] = traffic
    if flow:
        event["pfsense.ip.flow_label"] = flow
    if (value := count(hops)) is not None:
        event["pfsense.ip.ttl"] = value
    _addresses(event, number, name, length, source, destination)
    return columns[17:]


def _addresses(event: Event, number: str, name: str, length: str, source: str, destination: str) -> None:
    keyword, assigned = protocol(number)
    name = name.lower()
    event["network.transport"] = name if name in ("carp", "pfsync") else keyword or name
    if assigned:
        event["network.iana_number"] = assigned
    if (size := count(length)) is not None:
        event["network.bytes"] = size
    sender, receiver = ip(source), ip(destination)
    if sender is None or receiver is None:
        side, text = ("source", source) if sender is None else ("destination", destination)
        raise ParseError(f"a filterlog line with the {side} {text[:64]!r}, which is no IP address")
    event["source.ip"], event["destination.ip"] = sender, receiver
    event["related.ip"] = related(sender, receiver)


def _payload(event: Event, rest: list[str]) -> None:
    """What stands behind the addresses: by protocol; nothing behind the first fragment; a message where pf could not read on."""
    if rest and rest[0].startswith("errormsg="):
        event["pfsense.error"] = ",".join(rest)[len("errormsg=") :].strip("'")
        return
    transport = event["network.transport"]
    if transport in ("tcp", "udp"):
        if not event.get("pfsense.ip.offset"):
            _ports(event, transport, rest)
    elif transport in ("icmp", "ipv6-icmp"):
        _icmp(event, rest)
    elif transport == "carp":
        _carp(event, rest)


def _ports(event: Event, transport: str, rest: list[str]) -> None:
    names = _TCP if transport == "tcp" else _UDP
    if len(rest) < len(names):
        raise ParseError(f"a filterlog line of {transport.upper()}, cut off before: {names[len(rest)]}")
    sender, receiver = port(rest[0]), port(rest[1])
    if sender is None or receiver is None:
        raise ParseError(f"a filterlog line with the ports {rest[0][:16]!r} and {rest[1][:16]!r}; ports are 0 to 65535")
    event["source.port"], event["destination.port"] = sender, receiver
    if (length := count(rest[2])) is not None:
        event[f"pfsense.{transport}.length"] = length
    if transport == "udp":
        return
    _, _, _, flags, sequence, acknowledgement, window, urgent, options = rest[:9]
    if flags:
        event["pfsense.tcp.flags"] = flags
    if sequence:
        event["pfsense.tcp.seq"] = sequence
    if options:
        event["pfsense.tcp.options"] = options.split(";")
    for field, text in (("pfsense.tcp.ack", acknowledgement), ("pfsense.tcp.window", window), ("pfsense.tcp.urgent", urgent)):
        if (value := count(text)) is not None:
            event[field] = value


def _icmp(event: Event, rest: list[str]) -> None:
    kind = rest[0] if rest else ""
    if not kind or kind.startswith("datalength="):
        return
    event["pfsense.icmp.type"] = kind
    fields = _ICMP.get(kind, ("description",))
    for name, text in zip(fields, rest[1:], strict=False):
        value = ip(text) if name == "destination.ip" else text if name in ("protocol", "description") else integer(text)
        if value not in (None, ""):
            event[f"pfsense.icmp.{name}"] = value


_ICMP = {  # what stands behind the type
    "request": ("id", "seq"),
    "reply": ("id", "seq"),
    "tstamp": ("id", "seq"),
    "tstampreply": ("id", "seq"),
    "unreachproto": ("destination.ip", "protocol"),
    "unreachport": ("destination.ip", "protocol", "port"),
    "needfrag": ("destination.ip", "mtu"),
}


def _carp(event: Event, rest: list[str]) -> None:
    """Type, TTL, virtual host, version, skew and base of the interval between advertisements."""
    if rest and rest[0]:
        event["pfsense.carp.type"] = rest[0]
    for name, text in zip(("ttl", "vhid", "version", "advskew", "advbase"), rest[1:], strict=False):
        if (value := count(text)) is not None:
            event[f"pfsense.carp.{name}"] = value


def _login(message: str) -> Event | None:
    match = _WEB(message)
    address = ip(match["ip"]) if match else None
    if match is None or address is None:
        return None
    event: Event = {
        "event.dataset": "pfsense.auth",
        "event.category": ["authentication"],
        "event.type": ["end" if match["left"] else "start"],
        "event.action": "logout" if match["left"] else "login",
        "event.outcome": "failure" if match["failed"] else "success",
        "user.name": match["user"],
        "source.ip": address,
        "related.ip": [address],
        "related.user": [match["user"]] if match["user"] else [],
    }
    if match["reason"]:
        event["event.reason"] = match["reason"]
    return event


def _audit(message: str) -> Event | None:
    match = _AUDIT(message)
    if match is None:
        return None
    event: Event = {
        "event.dataset": "pfsense.auth",
        "event.category": ["authentication"],
        "event.type": ["start"],
        "event.action": "authentication",
        "event.outcome": "success" if match["passed"] else "failure",
        "user.name": match["user"],
        "related.user": [match["user"]] if match["user"] else [],
    }
    if match["reason"]:
        event["event.reason"] = match["reason"]
    return event


_SUPPLIED = """
    event.category event.type event.action event.reason rule.id rule.ruleset observer.name
    observer.ingress.interface.name observer.egress.interface.name
    source.ip source.port destination.ip destination.port network.transport network.iana_number network.bytes related.ip
"""
_FIREWALL = {"observer.type": {"firewall"}, "observer.vendor": {"Netgate", "Deciso"}, "observer.product": {"pfSense", "OPNsense"}}

PARSER = Parser(
    name="pfsense",
    title="pfSense and OPNsense: filterlog, logins to the web interface",
    parse=parse,
    programs={"filterlog", "php-fpm", "audit"},
    marks=("webConfigurator authentication error for user '", "Web GUI authentication error for '"),
    fields=FIELDS,
    supplies=[
        Dataset(
            "pfsense.log",
            logsources=[
                {"category": "firewall"},
                {"product": "pfsense", "category": "firewall"},
                {"product": "opnsense", "category": "firewall"},
            ],
            fields={
                **dict.fromkeys([*_SUPPLIED.split(), *(field.name for field in FIELDS)], ANY),
                **_FIREWALL,
                "network.direction": {"ingress", "egress"},
                "network.type": {"ipv4", "ipv6"},
            },
        ),
        Dataset(
            "pfsense.auth",
            logsources=[{"product": "pfsense", "service": "auth"}, {"product": "opnsense", "service": "auth"}],
            fields={
                **dict.fromkeys(
                    "event.category event.type event.reason user.name source.ip related.ip related.user observer.name".split(), ANY
                ),
                "observer.type": {"firewall"},
                "event.action": {"login", "logout", "authentication"},
                "event.outcome": {"success", "failure"},
            },
        ),
    ],
)
