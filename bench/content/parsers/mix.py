"""The mix of events that the run, match and hunts sections work on: nested ECS objects, one a line, as a shipper would send them.

    {"@timestamp":1790000000123,"event":{"kind":"event","dataset":"fw.traffic",…},"ecs":{"version":"8.17"},"observer":{…},"source":{…},…}

Ten kinds: firewall, Zeek dns and http, Suricata alerts, sshd, and five of Sysmon. Not a format for anybody's logs. Each
dataset declares what a full parser of its kind would fill, so that rules are neither dormant nor refused.
"""

from __future__ import annotations

from typing import Any

import orjson

from soc.errors import ParseError
from soc.event import Event
from soc.fields import base_catalogue
from soc.parsing import ANY, Dataset, Field, Parser, Record

_BEGINS = '{"@timestamp":1'
_SYSMON = """IntegrityLevel LogonId Hashes GrandParentImage ParentUser TargetObject Details EventType NewName Initiated SignatureStatus
    Signature Signed SourceIsIpv6 DestinationIsIpv6 SourceHostname CreationUtcTime Provider_Name"""
_VENDOR = [
    Field("winlog.channel", "keyword", meaning="event channel"),
    Field("winlog.record_id", "long", meaning="number of the record"),
    Field("winlog.event_id", "keyword", meaning="number of the event type"),
    *(Field(f"winlog.event_data.{name}", "keyword", meaning="as Sysmon names it") for name in _SYSMON.split()),
    Field("dll.code_signature.signed", "bool", meaning="whether it is signed"),
    Field("mix.session_id", "keyword", meaning="Zeek's uid"),
    Field("mix.flow_id", "long", meaning="Suricata's flow"),
    Field("mix.signature_id", "keyword", meaning="Suricata's signature"),
]
_RENAMED = {"zeek.session_id": "mix.session_id", "suricata.flow_id": "mix.flow_id", "suricata.signature_id": "mix.signature_id"}


def parse(record: Record) -> Event | None:
    try:
        said = orjson.loads(record.message)
    except orjson.JSONDecodeError as error:
        raise ParseError(f"no valid JSON of the mix: {error.msg} at column {error.pos + 1}") from error
    event: Event = {}
    _flat(said, event)
    event["@timestamp"] *= 1000
    event["event.dataset"] = _DATASETS[event["event.dataset"]]
    if "mix.signature_id" in event:
        event["mix.signature_id"] = str(event["mix.signature_id"])
    if "dns.answers" in event:
        answers = event.pop("dns.answers")
        event["dns.answers.data"] = [answer["data"] for answer in answers]
        event["dns.answers.type"] = [answer["type"] for answer in answers]
        event["dns.answers.ttl"] = [answer["ttl"] for answer in answers]
    del event["event.ingested"]
    return event


class _Names(dict[str, str]):
    """The names of what lies in an object, by its keys; `inside` those of the objects in it. Equal texts are one object."""

    def __init__(self, object_: str) -> None:
        self._object, self.inside = object_, _Objects(f"{object_}.")

    def __missing__(self, key: str) -> str:
        name = f"{self._object}.{key}"
        self[key] = known = _RENAMED.get(name, name)
        return known


class _Objects(dict[str, _Names]):
    """The names in objects, by the objects' keys."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def __missing__(self, key: str) -> _Names:
        self[key] = known = _Names(f"{self._prefix}{key}")
        return known


_NAMES = _Objects("")


def _flat(said: dict[str, Any], event: Event) -> None:
    for key, value in said.items():
        if type(value) is dict:
            _deep(value, _NAMES[key], event)
        else:
            event[key] = value


def _deep(said: dict[str, Any], names: _Names, event: Event) -> None:
    for name, inner in said.items():
        if type(inner) is dict:
            _deep(inner, names.inside[name], event)
        else:
            event[names[name]] = inner


def recognises(line: str) -> bool:
    return line.startswith(_BEGINS)


_KNOWN = dict.fromkeys((*base_catalogue(), *(field.name for field in _VENDOR)), ANY)


def _dataset(name: str, *logsources: dict[str, str]) -> Dataset:
    return Dataset(f"mix.{name}", logsources, _KNOWN)


def _sysmon(*categories: str) -> list[dict[str, str]]:
    return [{"product": "windows", "category": category, "service": "sysmon"} for category in categories]


_SUPPLIES = [
    _dataset("fw.traffic", {"category": "firewall"}),
    _dataset("zeek.dns", {"category": "dns"}, {"product": "zeek", "service": "dns"}),
    _dataset("zeek.http", {"category": "proxy"}, {"category": "webserver"}, {"product": "zeek", "service": "http"}),
    _dataset("suricata.alert", {"category": "ids"}),
    _dataset("linux.auth", {"product": "linux", "service": "auth"}, {"product": "linux", "service": "sshd"}),
    _dataset("windows.process_creation", *_sysmon("process_creation")),
    _dataset("windows.registry_set", *_sysmon("registry_set", "registry_event")),
    _dataset("windows.file_event", *_sysmon("file_event")),
    _dataset("windows.network_connection", *_sysmon("network_connection")),
    _dataset("windows.image_load", *_sysmon("image_load")),
]
_DATASETS = {dataset.name.removeprefix("mix."): dataset.name for dataset in _SUPPLIES}

PARSER = Parser(
    name="mix",
    title="the benchmark's mix",
    envelope="none",
    parse=parse,
    recognises=recognises,
    fields=_VENDOR,
    supplies=_SUPPLIES,
)
