"""Suricata's EVE log: one JSON object a line, also behind a syslog header.

    {"timestamp":"2026-10-11T22:14:15.123456+0000","flow_id":1398609176796675,"in_iface":"ens5","event_type":"alert",
     "src_ip":"203.0.113.7","src_port":33270,"dest_ip":"192.0.2.10","dest_port":80,"proto":"TCP","alert":{"action":"allowed",…}}

Suricata 7 user guide, "EVE JSON Format". What each event type holds: `_eve`. What has no field of its own goes to labels under EVE's
names, but for statistics and raw packets, which stay in event.original.
"""

from __future__ import annotations

import re

from msgspec import DecodeError

from soc.errors import ParseError
from soc.event import Event
from soc.parsing import ANY, Dataset, Parser, Record
from soc.parsing.remembered import Remembered
from soc.parsing.values import ip, related

from . import _eve
from ._eve import FIELDS, PROTOCOLS, TYPES, stamp
from ._eve_records import Eve
from ._ip import protocol
from ._typed import Labels, Reader, others

_OF = {"alert": "alert", "dns": "dns", "http": "http", "tls": "tls", "flow": "flow", "netflow": "flow", "fileinfo": "fileinfo"}
_CATEGORY = {"fileinfo": ["network", "file"], "smtp": ["network", "email"], "http": ["network", "web"]}
_RARE = (
    *(("fileinfo", _eve.fileinfo), ("ssh", _eve.ssh), ("smtp", _eve.smtp), ("email", _eve.email), ("netflow", _eve.netflow)),
    ("ether", _eve.ether),
)
_TYPE = re.compile(r'(?<!\\)"event_type"\s{0,8}:\s{0,8}"([a-z0-9_-]{1,32})"').search
_protocols = Remembered(protocol, most=1 << 10, longest=64)
_reader = Reader(Eve, "EVE JSON")
_at_once = _reader.at_once


def parse(record: Record) -> Event | None:
    labels: Labels = {}
    eve: Eve | None
    try:
        try:
            eve = _at_once(record.message)
        except (DecodeError, RecursionError):
            eve = _reader.by_value(record.message, labels)
        if eve is None or not eve.event_type:
            return None
        if not eve.timestamp:
            raise ParseError('EVE record without a timestamp; expected "timestamp":"2026-10-11T22:14:15.123456+0000"')
        event = _begun(eve, stamp(eve.timestamp, record.clock))
    except ParseError as error:
        return _failed(record.message, str(error))
    _objects(eve, event, labels)
    if labels:
        event["labels"] = labels
    return event


def _failed(text: str, reason: str) -> Event:
    """A record that cannot be read belongs to the dataset that its type says, if it still says one."""
    said = _TYPE(text)
    dataset = {"event.dataset": f"suricata.{_OF.get(said[1], 'other')}"} if said else {}
    return {**dataset, "event.kind": "pipeline_error", "error.message": reason}


def _objects(eve: Eve, event: Event, labels: Labels) -> None:
    """Any record may hold any object: an alert brings its flow and its HTTP request, whatever the type."""
    if (flow := eve.flow) is not None:
        _eve.flow(flow, event, labels)
    if (alert := eve.alert) is not None:
        _eve.alert(alert, event, labels)
    if (dns := eve.dns) is not None:
        _eve.dns(dns, event, labels)
    if (http := eve.http) is not None:
        _eve.http(http, event, labels)
    if (tls := eve.tls) is not None:
        _eve.tls(tls, event, labels)
    if eve.fileinfo or eve.ssh or eve.smtp or eve.email or eve.netflow or eve.ether:
        for name, reader in _RARE:
            if (part := getattr(eve, name)) is not None:
                reader(part, event, labels)
    if (tcp := eve.tcp) is not None:
        _eve.tcp(tcp, labels)
    if not (
        eve.metadata is eve.direction is eve.pkt_src is eve.ip_v is eve.files is None
        and eve.icmp_type is eve.icmp_code is eve.app_proto_ts is eve.app_proto_tc is None
    ):
        others(eve, "", labels)


def _common(kind: str) -> Event:
    """What all records of a kind have in common. Shared between events: to be copied."""
    common: Event = {
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
        common["network.protocol"] = kind
    elif kind == "drop":
        common["event.action"] = "blocked"  # as an alert says it
    elif kind == "stats":
        common["event.kind"] = "metric"
    return common


_kinds = Remembered(_common, most=1 << 8, longest=64)


def _begun(eve: Eve, moment: int) -> Event:
    """What it is, who spoke to whom, over what, and where it was seen."""
    event = _kinds[eve.event_type].copy()
    event["@timestamp"] = moment
    source, destination, from_port, to_port = ip(eve.src_ip), ip(eve.dest_ip), eve.src_port, eve.dest_port
    if source is not None and destination is not None and (from_port | to_port) >= 0:
        event["source.ip"] = event["source.address"] = source
        event["source.port"] = from_port
        event["destination.ip"] = event["destination.address"] = destination
        event["destination.port"] = to_port
        event["related.ip"] = [source, destination] if source != destination else [source]
        event["network.type"] = "ipv6" if ":" in source else "ipv4"
    else:
        _odd_ends(eve, event)
    if said := eve.proto:
        keyword, number = _protocols[said]  # of a name, or of digits where the sensor knows none
        if keyword is not None:
            event["network.transport"] = keyword
        if number is not None:
            event["network.iana_number"] = number
    if (application := eve.app_proto) and application != "failed":
        event["network.protocol"] = application
    if (flow := eve.flow_id) is not None:
        event["suricata.eve.flow_id"] = str(flow)
    if community := eve.community_id:
        event["network.community_id"] = community
    if interface := eve.in_iface:
        event["observer.ingress.interface.name"] = interface
    if eve.host or eve.vlan or eve.tx_id >= 0:
        _rarities(eve, event)
    return event


def _odd_ends(eve: Eve, event: Event) -> None:
    """A side without a port, or whose address is none or missing."""
    found = []
    for side, said, port in (("source", eve.src_ip, eve.src_port), ("destination", eve.dest_ip, eve.dest_port)):
        if (address := ip(said)) is not None:
            event[f"{side}.ip"] = address
            found.append(address)
        if said:
            event[f"{side}.address"] = address or said
        if port >= 0:
            event[f"{side}.port"] = port
    if found:
        event["related.ip"] = related(*found)
        event["network.type"] = "ipv6" if ":" in found[0] else "ipv4"


def _rarities(eve: Eve, event: Event) -> None:
    if host := eve.host:
        event["observer.name"] = host
    if (transaction := eve.tx_id) >= 0:
        event["suricata.eve.tx_id"] = transaction
    if vlan := eve.vlan:
        tag = vlan[0] if type(vlan) is list else vlan
        if type(tag) is int or (type(tag) is str and tag):
            event["network.vlan.id"] = str(tag)


def recognises(line: str) -> bool:
    return line.startswith("{") and '"event_type"' in line and '"timestamp"' in line


_COMMON = """event.category event.type observer.vendor observer.product observer.type observer.name observer.ingress.interface.name
    source.ip source.address source.port source.mac destination.ip destination.address destination.port destination.mac related.ip
    network.type network.transport network.iana_number network.protocol network.community_id network.vlan.id
    suricata.eve.event_type suricata.eve.flow_id suricata.eve.tx_id"""
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
