"""Zeek's logs: conn dns http ssl ssh notice files, and the others as far as they have fields in common; as JSON and as tables.

    {"ts":1791756855.132979,"uid":"CCworw1fI2gPWTcRR2","id.orig_h":"192.0.2.4","id.orig_p":58559,"id.resp_h":"198.51.100.4",…}

Zeek 6 documentation, "Log Files" and "Zeek Log Formats and Inspection". Which field becomes what: `_zeek`; tables: `_zeek_tsv`.
"""

from __future__ import annotations

import re
from typing import Any

from soc.errors import ParseError
from soc.event import Event
from soc.parsing import ANY, Clock, Dataset, Parser, Record
from soc.parsing.timestamps import epoch, iso
from soc.parsing.values import ip, related

from ._json import flat, path_and_query, read, text
from ._zeek import EVERY, FIELDS, MAPS
from ._zeek_logs import log_of, marked
from ._zeek_tsv import preamble, table

_KNOWN = {name: {**EVERY, **known} for name, known in MAPS.items()}
_DNS_FLAGS = ("AA", "TC", "RD", "RA")
_DNS_NUMBERS = frozenset(("qclass", "qtype", "rcode", "qclass_name", "Z"))  # said again by name, or taken over below
_META = frozenset(("ts", "_path", "_write_ts", "_system_name", "@stream", "@system", "@proc", "@timestamp"))
_KIND: dict[str, tuple[list[str], list[str]]] = {  # log -> event.category, event.type
    "conn": (["network"], ["connection"]),
    "dns": (["network"], ["protocol"]),
    "http": (["network", "web"], ["protocol"]),
    "ssl": (["network"], ["protocol"]),
    "ssh": (["network"], ["protocol"]),
    "notice": (["network", "intrusion_detection"], ["info"]),
    "files": (["file"], ["info"]),
    "other": (["network"], ["info"]),
}
_TLS = re.compile(r"(DTLS|TLS|SSL)v([0-9])([0-9]?)").match  # TLSv12, DTLSv12, SSLv3, TLSv13-draft28
_ENDED = ("SF", "S1", "S2", "S3", "RSTO", "RSTR")  # a connection came about


def parse(record: Record) -> Event | None:
    line = record.message
    if line.startswith("{"):
        said = read(line, "Zeek JSON")
        if not isinstance(said, dict):
            return None
        if isinstance(said.get("id"), dict):
            said |= {f"id.{key}": value for key, value in said.pop("id").items()}
        log = text(said.get("_path")) or text(said.get("@stream")) or log_of(said)
        if log is None and not _of_a_connection(said):
            return None
    else:
        shape = table(record.preamble)
        said = shape.record(line)
        log = shape.path or log_of(name for name, _ in shape.readers)
    return _event(said, log, record.clock)


def _of_a_connection(said: dict[str, Any]) -> bool:
    return "ts" in said and ("uid" in said or "id.orig_h" in said or "id_orig_h" in said)  # of a log of somebody's own


def _event(said: dict[str, Any], log: str | None, clock: Clock) -> Event:
    name = log if log is not None and log in MAPS else "other"
    category, kind = _KIND[name]
    event: Event = {
        "@timestamp": _moment(said.get("ts"), clock),
        "event.dataset": f"zeek.{name}",
        "event.category": category,
        "event.type": kind,
        "observer.vendor": "Zeek",
        "observer.product": "Zeek",
        "observer.type": "sensor",
    }
    if log:
        event["zeek.log"] = log
    labels: dict[str, str] = {}
    known = _KNOWN[name]
    for key, value in said.items():
        target = known.get(key)
        if target is not None:
            fitting = target[1](value)
            if fitting is not None:
                event[target[0]] = fitting
                continue
        if key not in _META:
            flat(value, key, labels)
    if name == "dns":
        _dns(event, said, labels)
    _conclude(event, said, name)
    labels = {key: value for key, value in labels.items() if value != ""}
    if labels:
        event["labels"] = labels
    return event


def _conclude(event: Event, said: dict[str, Any], name: str) -> None:
    """What follows from several fields."""
    if name == "files":
        _hosts(event, said)
    source, destination = event.get("source.ip"), event.get("destination.ip")
    if source:
        event["source.address"] = source
    if destination:
        event["destination.address"] = destination
    addresses = [source, destination]
    if name == "dns":
        event["network.protocol"] = "dns"
        addresses += _answers(event)
    elif name in ("http", "ssl", "ssh"):
        event["network.protocol"] = {"ssl": "tls"}.get(name, name)
        event.setdefault("network.transport", "udp" if event.get("zeek.ssl.version", "").startswith("DTLS") else "tcp")
    if name == "conn":
        _sums(event)
        if event.get("zeek.conn.state") in _ENDED:
            event["event.type"] = ["connection", "end"]
    elif name == "http" and (url := event.get("url.original")):
        path, query = path_and_query(url)
        if path is not None:
            event["url.path"] = path
        if query is not None:
            event["url.query"] = query
    elif name == "ssl" and (version := _TLS(event.get("zeek.ssl.version", ""))):
        event["tls.version_protocol"] = version[1].lower()
        event["tls.version"] = f"{version[2]}.{version[3]}" if version[3] else version[2]
    elif name == "notice":
        event["event.kind"] = "alert"
        if note := event.get("zeek.notice.note"):
            event["rule.name"] = note
    elif name == "ssh" and "zeek.ssh.auth_success" in event:
        event["event.outcome"] = "success" if event["zeek.ssh.auth_success"] else "failure"
        event["event.category"] = ["network", "authentication"]
        event["event.type"] = ["start"]
    if listed := related(*addresses):
        event["related.ip"] = listed
        event["network.type"] = "ipv6" if ":" in (source or destination or listed[0]) else "ipv4"
    if names := related(*(event.get(field) for field in ("url.domain", "dns.question.name", "tls.client.server_name"))):
        event["related.hosts"] = names
    if user := event.get("user.name"):
        event["related.user"] = [user]
    if hashes := related(*(event.get(f"file.hash.{kind}") for kind in ("md5", "sha1", "sha256"))):
        event["related.hash"] = hashes


def _dns(event: Event, said: dict[str, Any], labels: dict[str, str]) -> None:
    flags = [flag for flag in _DNS_FLAGS if said.get(flag) is True]
    if flags:
        event["dns.header_flags"] = flags
    if kind := text(said.get("qclass_name")):
        event["dns.question.class"] = {"C_INTERNET": "IN", "C_CHAOS": "CH", "C_HESIOD": "HS", "C_ANY": "ANY"}.get(kind, kind)
    for key in (*_DNS_FLAGS, *_DNS_NUMBERS):
        labels.pop(key, None)


def _hosts(event: Event, said: dict[str, Any]) -> None:
    """Before Zeek 5.1 files.log named sender and receiver in sets."""
    for key, side in (("tx_hosts", "source"), ("rx_hosts", "destination")):
        hosts = said.get(key)
        if isinstance(hosts, list) and hosts and type(hosts[0]) is str and (address := ip(hosts[0])):
            event.setdefault(f"{side}.ip", address)


def _answers(event: Event) -> list[str]:
    resolved = [address for answer in event.get("dns.answers.data", ()) if (address := ip(answer)) is not None]
    if resolved:
        event["dns.resolved_ip"] = related(*resolved)
    event["dns.type"] = "answer" if "dns.answers.data" in event or "dns.response_code" in event else "query"
    return resolved


def _sums(event: Event) -> None:
    for kind in ("bytes", "packets"):
        sides = [event[f"{side}.{kind}"] for side in ("source", "destination") if f"{side}.{kind}" in event]
        if sides:
            event[f"network.{kind}"] = min(sum(sides), (1 << 63) - 1)


def _moment(value: Any, clock: Clock) -> int:
    """`ts` as seconds since 1970 or as ISO 8601. Raises ParseError."""
    if type(value) in (int, float):
        return epoch(f"{value:.6f}")
    if type(value) is str and value:
        return epoch(value) if value[0].isdecimal() and "-" not in value else iso(value, clock)
    raise ParseError('Zeek record without a time; expected "ts"')


def recognises(line: str) -> bool:
    return marked(line) if line.startswith("{") else line.startswith("#separator ")


_COMMON = """event.category event.type observer.vendor observer.product observer.type zeek.log zeek.session_id source.ip source.address
    source.port destination.ip destination.address destination.port network.transport network.type network.protocol network.community_id
    related.ip related.hosts related.user related.hash"""
_MORE = {
    "conn": "network.bytes network.packets",
    "dns": "dns.type dns.resolved_ip dns.header_flags dns.question.class",
    "http": "url.path url.query",
    "ssl": "tls.version tls.version_protocol",
    "ssh": "event.outcome",
    "notice": "rule.name",
}


def _dataset(name: str, *more: dict[str, str]) -> Dataset:
    fields = {*_COMMON.split(), *_MORE.get(name, "").split(), *(target for target, _ in MAPS[name].values())}
    return Dataset(f"zeek.{name}", [{"product": "zeek", "service": name}, *more], dict.fromkeys(sorted(fields), ANY))


PARSER = Parser(
    name="zeek",
    title="Zeek",
    envelope="none",
    parse=parse,
    recognises=recognises,
    preamble=preamble,
    fields=FIELDS,
    supplies=[
        _dataset("other"),  # the first: that of lines that fail
        _dataset("conn"),
        _dataset("dns", {"category": "dns"}),
        _dataset("http"),
        _dataset("ssl"),
        _dataset("ssh"),
        _dataset("notice"),
        _dataset("files"),
    ],
)
