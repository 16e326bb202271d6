"""Whether an event is what its parser declares: recognition, dormancy of rules and documentation all rest on the declaration."""

from __future__ import annotations

from soc.event import Event
from soc.fields import Catalogue
from soc.parsing.parser import Any_, Dataset, Parser
from soc.parsing.routes import SYSLOG

_NAMES = """
    @timestamp message labels tags ecs.version error.message organization.id
    event.dataset event.id event.ingested event.kind event.original
    host.hostname host.ip host.name process.executable process.name process.pid
    log.syslog.appname log.syslog.facility.code log.syslog.facility.name log.syslog.hostname log.syslog.msgid log.syslog.priority
    log.syslog.procid log.syslog.severity.code log.syslog.severity.name log.syslog.version
    soc.batch soc.claimed soc.coarse soc.feed soc.labels_dropped soc.raw soc.reading soc.repeated soc.skew_ms
    soc.institution.destination soc.institution.feed soc.institution.source
"""
EVERYWHERE = frozenset(_NAMES.split())
"""Fields that the envelope, the routes or the pump set: no parser declares them."""


def undeclared(event: Event, parser: Parser, catalogue: Catalogue) -> list[tuple[str, str]]:
    """(fault, field) for each field that the parser does not declare, whose value its closed list lacks, or that is no such value."""
    dataset = event["event.dataset"]
    if dataset in (SYSLOG.name, f"{parser.name}.meta"):
        return []
    supplied = next((known for known in parser.supplies if known.name == dataset), None)
    if supplied is None:
        return [(f"dataset {dataset!r} is not among those that parser {parser.name!r} supplies", "event.dataset")]
    faults = [(fault, name) for name, value in event.items() if (fault := _fault(name, value, supplied))]
    return faults + [(fault, "") for fault in catalogue.check(event)]


def _fault(name: str, value: object, dataset: Dataset) -> str | None:
    values = dataset.fields.get(name)
    if values is None:
        return None if name in EVERYWHERE else f"field {name!r} is not declared for dataset {dataset.name!r}"
    if isinstance(values, Any_):
        return None
    strays = [item for item in (value if isinstance(value, list) else [value]) if item not in values]
    return f"field {name!r} holds {strays[0]!r}, which its declaration lacks: {', '.join(map(str, sorted(values)))}" if strays else None
