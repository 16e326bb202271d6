"""Suricata's EVE log: one JSON object a line, also behind a syslog header.

    {"timestamp":"2026-10-11T22:14:15.123456+0000","flow_id":1398609176796675,"in_iface":"ens5","event_type":"alert",
     "src_ip":"203.0.113.7","src_port":33270,"dest_ip":"192.0.2.10","dest_port":80,"proto":"TCP","alert":{"action":"allowed",…}}

Suricata 7 user guide, "EVE JSON Format". What each event type holds: `_eve`. What has no field of its own goes to labels under EVE's
names, but for statistics and raw packets, which stay in event.original.
"""

from __future__ import annotations

from typing import Any

from soc.errors import ParseError
from soc.event import Event
from soc.parsing import ANY, Dataset, Parser, Record
from soc.parsing.remembered import Remembered
from soc.parsing.values import ip, related

from ._eve import FIELDS, PARTS, PROTOCOLS, TYPES, Part, number_text, put, rest, stamp
from ._json import count, flat, read, text

_OF = {"alert": "alert", "dns": "dns", "http": "http", "tls": "tls", "flow": "flow", "netflow": "flow", "fileinfo": "fileinfo"}
_NONE: frozenset[str] = frozenset()
_RARE = frozenset(("host", "tx_id", "vlan"))
_TAKEN = frozenset(
    """timestamp flow_id in_iface event_type src_ip src_port dest_ip dest_port proto app_proto community_id vlan host tx_id
    stats pcap_cnt payload payload_printable packet packet_info stream""".split()
)
_SIDES = (
    ("src_ip", "src_port", "source.ip", "source.address", "source.port"),
    ("dest_ip", "dest_port", "destination.ip", "destination.address", "destination.port"),
)
_CATEGORY = {"fileinfo": ["network", "file"], "smtp": ["network", "email"], "http": ["network", "web"]}


def parse(record: Record) -> Event | None:
    eve = read(record.message, "EVE JSON")
    kind = eve.get("event_type") if type(eve) is dict else None
    if type(kind) is not str or not kind:
        return None
    written = eve.get("timestamp")
    if type(written) is not str:
        raise ParseError('EVE record without a timestamp; expected "timestamp":"2026-10-11T22:14:15.123456+0000"')
    event = _beginnings[kind].copy()
    event["@timestamp"] = stamp(written, record.clock)
    _ends(eve, event)
    rarities, parts = _plans[tuple(eve)]
    if rarities:
        _rarities(eve, event)
    for key, part, known in parts:
        said = eve[key]
        if part is not None and type(said) is dict:
            part(said, event)
            if not known.issuperset(said):
                rest(said, key, known, event)
        else:
            flat(said, key, event.setdefault("labels", {}))
    if "labels" in event and not event["labels"]:
        del event["labels"]
    if kind == "stats":
        event["event.kind"], event["event.category"] = "metric", ["network"]
    return event


def _begun(kind: str) -> Event:
    """What all records of a kind have in common. Shared between calls: to be copied."""
    begun: Event = {
        "@timestamp": 0,
        "event.dataset": f"suricata.{_OF.get(kind, 'other')}",
        "event.category": _CATEGORY.get(kind, ["network"]),
        "event.type": TYPES.get(kind, ["info"]),
        "observer.vendor": "OISF",
        "observer.product": "Suricata",
        "observer.type": "ids",
        "suricata.eve.event_type": kind,
    }
    if kind in PROTOCOLS:
        begun["network.protocol"] = kind
    elif kind == "drop":
        begun["event.action"] = "blocked"  # as an alert says it
    return begun


def _plan(keys: tuple[str, ...]) -> tuple[bool, tuple[tuple[str, Part | None, frozenset[str]], ...]]:
    """Of a record with these keys: whether rare ones are among them; those that a part reads with what it knows, and those for labels."""
    return not _RARE.isdisjoint(keys), tuple((key, *PARTS.get(key, (None, _NONE))) for key in keys if key not in _TAKEN)


_beginnings = Remembered(_begun, most=1 << 8, longest=64)
_plans = Remembered(_plan, most=1 << 10, longest=1 << 12, size=lambda keys: sum(map(len, keys)))


def _ends(eve: dict[str, Any], event: Event) -> None:
    """Who spoke to whom, over what, and where it was seen."""
    get = eve.get
    sender, receiver, from_port, to_port = get("src_ip"), get("dest_ip"), get("src_port"), get("dest_port")
    if (
        type(sender) is type(receiver) is str
        and type(from_port) is type(to_port) is int
        and not (from_port | to_port) >> 16
        and (source := ip(sender)) is not None
        and (destination := ip(receiver)) is not None
    ):
        event["source.ip"] = event["source.address"] = source
        event["source.port"] = from_port
        event["destination.ip"] = event["destination.address"] = destination
        event["destination.port"] = to_port
        event["related.ip"] = [source, destination] if source != destination else [source]
        event["network.type"] = "ipv6" if ":" in source else "ipv4"
    else:
        _odd_ends(eve, event)
    if type(value := get("proto")) is str and value:
        event["network.transport"] = value.lower()
    if type(value := get("app_proto")) is str and value and value != "failed":
        event["network.protocol"] = value
    if type(value := get("flow_id")) is int:
        event["suricata.eve.flow_id"] = str(value)
    if type(value := get("community_id")) is str and value:
        event["network.community_id"] = value
    if type(value := get("in_iface")) is str and value:
        event["observer.ingress.interface.name"] = value


def _rarities(eve: dict[str, Any], event: Event) -> None:
    put(event, "observer.name", text(eve.get("host")))
    put(event, "suricata.eve.tx_id", count(eve.get("tx_id")))
    if (vlan := eve.get("vlan")) and (tag := number_text(vlan[0] if type(vlan) is list else vlan)):
        event["network.vlan.id"] = tag


def _odd_ends(eve: dict[str, Any], event: Event) -> None:
    """A side without a port, or whose address is none or missing."""
    found = []
    for said_ip, said_port, field_ip, field_address, field_port in _SIDES:
        stated, number = eve.get(said_ip), eve.get(said_port)
        if type(stated) is str and stated:
            address = ip(stated)
            if address is not None:
                event[field_ip] = address
                found.append(address)
            event[field_address] = address or stated
        if type(number) is int and 0 <= number <= 65535:
            event[field_port] = number
    if found:
        event["related.ip"] = related(*found)
        event["network.type"] = "ipv6" if ":" in found[0] else "ipv4"


def recognises(line: str) -> bool:
    return line.startswith("{") and '"event_type"' in line and '"timestamp"' in line


_COMMON = """event.category event.type observer.vendor observer.product observer.type observer.name observer.ingress.interface.name
    source.ip source.address source.port destination.ip destination.address destination.port related.ip network.type network.transport
    network.protocol network.community_id network.vlan.id suricata.eve.event_type suricata.eve.flow_id suricata.eve.tx_id"""
_FLOW = """source.bytes source.packets destination.bytes destination.packets network.bytes network.packets event.start event.end
    event.duration suricata.eve.flow.state suricata.eve.flow.reason suricata.eve.flow.alerted"""
_HTTP = """url.domain url.original url.path url.query url.port http.request.method http.request.referrer http.response.status_code
    http.response.body.bytes http.response.mime_type http.version user_agent.original related.hosts"""
_DNS = """dns.type dns.id dns.op_code dns.question.name dns.question.type dns.response_code dns.header_flags dns.answers.name
    dns.answers.type dns.answers.data dns.answers.ttl dns.resolved_ip related.hosts"""
_TLS = """tls.client.server_name tls.server.subject tls.server.issuer tls.server.x509.serial_number tls.server.x509.alternative_names
    tls.server.hash.sha1 tls.server.not_before tls.server.not_after tls.client.ja3 tls.server.ja3s tls.resumed tls.version
    tls.version_protocol related.hosts"""
_FILE = """file.path file.name file.size file.hash.md5 file.hash.sha1 file.hash.sha256 related.hash suricata.eve.fileinfo.magic
    suricata.eve.fileinfo.state"""
_ALERTS = "event.action event.severity rule.id rule.version rule.name rule.category suricata.eve.alert.gid"
_REST = """suricata.eve.ssh.client.software_version suricata.eve.ssh.server.software_version email.from.address email.to.address
    email.subject email.message_id email.x_mailer"""
_EVERY = f"{_COMMON} {_FLOW} {_HTTP} {_DNS} {_TLS} {_FILE} {_ALERTS} {_REST}"


def _dataset(name: str, *more: dict[str, str], **closed: set[str]) -> Dataset:
    """Any record may carry any part: an alert brings its flow and its HTTP request, whatever the type."""
    values = dict.fromkeys(_EVERY.split(), ANY) | {field.replace("__", "."): frozenset(held) for field, held in closed.items()}
    return Dataset(f"suricata.{name}", [{"product": "suricata", "service": name}, *more], values)


PARSER = Parser(
    name="suricata",
    title="Suricata EVE",
    envelope="none",
    parse=parse,
    recognises=recognises,
    fields=FIELDS,
    supplies=[
        _dataset("alert", {"category": "ids"}, {"product": "suricata", "category": "ids"}, event__action={"allowed", "blocked"}),
        _dataset("dns", {"category": "dns"}),
        _dataset("http"),
        _dataset("tls"),
        _dataset("flow"),
        _dataset("fileinfo"),
        _dataset("other"),
    ],
)
