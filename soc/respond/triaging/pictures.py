"""Alerts and cases as documents under the names that dashboards know: ECS and `kibana.alert.*`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from soc.condition.values import texts_of
from soc.desk.cases.case import Head
from soc.fields import ECS_VERSION, canonical_ip
from soc.model import Alert
from soc.respond.triaging.whose import own_evidence
from soc.times import iso

Document = dict[str, Any]
RISK = {"informational": 10, "low": 21, "medium": 47, "high": 73, "critical": 99}  # as Elastic's rules score their severities
WORKFLOW = {"closed": "closed", "new": "open"}  # every other status of a case: somebody is at it
_SHOWN = ("source.ip", "destination.ip", "user.name", "host.name", "event.dataset")


def alert_documents(alerts: Iterable[Alert], cases: Mapping[str, Head]) -> dict[str, Document]:
    """One document an alert, by its id. `cases`: alert -> the case that it lies in."""
    return {alert.id: _present(_alert(alert, cases.get(alert.id))) for alert in alerts}


def case_documents(heads: Iterable[Head]) -> dict[str, Document]:
    """One document a case, by its id."""
    return {head.id: _present(_case(head)) for head in heads}


def _alert(alert: Alert, case: Head | None) -> Document:
    reach = alert.extent
    key = [f"{name}: {value}" for name, value in alert.key.items()]
    return {
        **_common(iso(reach.last), alert.institution, case.id if case else None),
        "event.kind": "signal",
        "kibana.alert.uuid": alert.id,
        "kibana.alert.status": "active",
        "kibana.alert.workflow_status": WORKFLOW.get(case.status, "acknowledged") if case else "open",
        "kibana.alert.severity": alert.level,
        "kibana.alert.risk_score": RISK.get(alert.level),
        "kibana.alert.start": iso(reach.first),
        "kibana.alert.end": iso(reach.last),
        "kibana.alert.original_time": iso(min(item.time for item in reach.evidence)) if reach.evidence else None,
        "kibana.alert.reason": f"{alert.title}: {reach.count} events; {', '.join(key)}",
        "kibana.alert.rule.uuid": alert.rule_id,
        "kibana.alert.rule.name": alert.title,
        "kibana.alert.rule.tags": list(alert.tags),
        "kibana.alert.rule.category": "Sigma",
        "kibana.alert.rule.producer": "soc",
        "kibana.alert.case_ids": [case.id] if case else None,
        "kibana.space_ids": ["default"],
        "threat.technique.id": [tag[7:].upper() for tag in alert.tags if tag.startswith("attack.t") and tag[8:9].isdigit()],
        "soc.alert.key": key,
        "soc.alert.events": reach.count,
        "soc.alert.run_type": alert.run_type,
        **_seen(alert),
    }


def _seen(alert: Alert) -> Document:
    """Who and what, as the evidence has it: at most the eleven events that it is, and nothing of another institution's."""
    events = own_evidence(alert, alert.institution)
    found = {name: sorted({text for one in events for text in texts_of(one.event, name)}) for name in _SHOWN}
    return {name: [text for text in texts if not name.endswith(".ip") or canonical_ip(text)] for name, texts in found.items()}


def _case(head: Head) -> Document:
    names = ("title", "status", "verdict", "owner", "severity", "priority", "category", "tlp", "alerts")
    moments = {f"soc.case.{name}": getattr(head, name) for name in ("opened_at", "updated_at", "closed_at")}
    return {
        **_common(iso(head.opened_at), head.institution, head.id),
        "event.kind": "state",
        **{f"soc.case.{name}": getattr(head, name) for name in names},
        **{name: None if moment is None else iso(moment) for name, moment in moments.items()},
    }


def _common(time: str, institution: str, case: str | None) -> Document:
    return {"@timestamp": time, "ecs.version": ECS_VERSION, "organization.id": institution, "soc.case.id": case}


def _present(document: Document) -> Document:
    return {name: value for name, value in document.items() if value is not None and value != []}
