"""Zeek's logs, as JSON and as tables.

    {"ts":1791756855.132979,"uid":"CCworw1fI2gPWTcRR2","id.orig_h":"192.0.2.4","id.orig_p":58559,"id.resp_h":"198.51.100.4",…}

Zeek documentation, "Log Files" and "Zeek Log Formats and Inspection". Tables: `_zeek_tsv`; which log a record is from that does not say
it: `_zeek_logs`; which field becomes what: `_zeek`, `_zeek_more`; what follows from several: `_zeek_meaning`, `_zeek_logins`.
"""

from __future__ import annotations

from typing import Any

from soc.event import Event
from soc.parsing import Clock, Parser, Record
from soc.parsing.values import ip, related

from ._json import flat, read, text
from ._zeek_datasets import KINDS, KNOWN, SUPPLIES, Kind
from ._zeek_fields import FIELDS
from ._zeek_logs import log_of, marked
from ._zeek_meaning import MEANINGS
from ._zeek_read import Map, moment
from ._zeek_tsv import preamble, table

_RECORDS = frozenset(("id", "certificate", "san", "basic_constraints", "seen", "times"))  # Zeek writes id.orig_h, some shippers nest it
_DNS_FLAGS = ("AA", "TC", "RD", "RA")
_DNS_NUMBERS = frozenset(("qclass", "qtype", "rcode", "qclass_name"))  # said again by name, or taken over below
_META = frozenset(("ts", "_path", "_write_ts", "_system_name", "@stream", "@system", "@proc", "@timestamp"))


def parse(record: Record) -> Event | None:
    line = record.message
    if line.startswith("{"):
        said = read(line, "Zeek JSON")
        if not isinstance(said, dict):
            return None
        log = text(said.get("_path")) or text(said.get("@stream")) or log_of(said)
        if log is None and not _of_a_connection(said):
            return None
    else:
        shape = table(record.preamble)
        said = shape.record(line)
        log = shape.path or log_of(name for name, _ in shape.readers)
    return _event(said, log, record.clock)


def _of_a_connection(said: dict[str, Any]) -> bool:
    """A record of a log that nobody can name, such as a package of Zeek's adds."""
    return "ts" in said and ("uid" in said or "id.orig_h" in said or "id_orig_h" in said or type(said.get("id")) is dict)


def _event(said: dict[str, Any], log: str | None, clock: Clock) -> Event:
    name = log if log in KINDS else "other"
    kind = KINDS[name]
    event: Event = {
        "@timestamp": moment(said.get("ts"), clock),
        "event.dataset": f"zeek.{name}",
        "event.category": kind.category.split(),
        "event.type": [kind.type],
        "observer.vendor": "Zeek",
        "observer.product": "Zeek",
        "observer.type": "sensor",
    }
    if log:
        event["zeek.log"] = log
    labels: dict[str, str] = {}
    _fields(said, KNOWN[name], event, labels)
    if name == "dns":
        _dns_words(event, said, labels)
    _conclude(event, said, name, kind)
    if labels:
        event["labels"] = labels
    return event


def _fields(said: dict[str, Any], known: Map, event: Event, labels: dict[str, str]) -> None:
    for key, value in said.items():
        target = known.get(key)
        if target is not None:
            fitting = target[1](value)
            if fitting is not None:
                event[target[0]] = fitting
                continue
        if type(value) is dict and key in _RECORDS:
            _fields({f"{key}.{inner}": held for inner, held in value.items()}, known, event, labels)
        elif key not in _META:
            flat(value, key, labels)


def _conclude(event: Event, said: dict[str, Any], name: str, kind: Kind) -> None:
    """What follows from several fields."""
    if kind.protocol:
        event["network.protocol"] = kind.protocol
    if kind.transport and "network.transport" not in event:
        event["network.transport"] = kind.transport
    if name == "files":
        _hosts(event, said)
    more = MEANINGS[name](event) if name in MEANINGS else ()
    source, destination = event.get("source.ip"), event.get("destination.ip")
    if source:
        event["source.address"] = source
    if destination:
        event["destination.address"] = destination
    if listed := related(source, destination, *more):
        event["related.ip"] = listed
        event["network.type"] = "ipv6" if ":" in (source or destination or listed[0]) else "ipv4"
    if name != "conn":
        _related(event)


_NAMES = "url.domain dns.question.name tls.client.server_name source.domain destination.domain threat.indicator.url.domain".split()
_HASHES = """file.hash.md5 file.hash.sha1 file.hash.sha256 zeek.x509.fingerprint threat.indicator.file.hash.md5
    threat.indicator.file.hash.sha1 threat.indicator.file.hash.sha256""".split()


def _related(event: Event) -> None:
    if names := related(*map(event.get, _NAMES)):
        event["related.hosts"] = names
    if user := event.get("user.name"):
        event["related.user"] = [user]
    if hashes := related(*map(event.get, _HASHES)):
        event["related.hash"] = hashes


def _dns_words(event: Event, said: dict[str, Any], labels: dict[str, str]) -> None:
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


def recognises(line: str) -> bool:
    return marked(line) if line.startswith("{") else line.startswith("#separator ")


PARSER = Parser(
    name="zeek",
    title="Zeek",
    envelope="none",
    parse=parse,
    recognises=recognises,
    preamble=preamble,
    fields=FIELDS,
    supplies=SUPPLIES,
)
