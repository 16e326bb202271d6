"""Alerts and cases as documents for dashboards, under the names that Kibana gives its own alerts. The desk stays the truth.

Field names: Elastic's "Alert schema" (kibana.alert.*) and ECS; what neither has lies under `soc.case.*` and `soc.alert.*`.
"""

from __future__ import annotations

from typing import Any

_KEYWORD = {"type": "keyword", "ignore_above": 8191}
_WORDS = {"type": "keyword", "ignore_above": 8191, "fields": {"text": {"type": "text"}}}
_DATE = {"type": "date", "format": "strict_date_optional_time_nanos"}
_IP = {"type": "ip", "ignore_malformed": True}
_LONG = {"type": "long"}
DIGEST = "soc.digest"  # of the document: equal ones are not written again


def _strict(**groups: Any) -> dict[str, Any]:
    return {"dynamic": "strict", "subobjects": False, "properties": groups}


_SHARED: dict[str, Any] = {
    "@timestamp": _DATE,
    "ecs.version": _KEYWORD,
    "event.kind": _KEYWORD,
    "organization.id": _KEYWORD,
    "soc.case.id": _KEYWORD,
    DIGEST: {"type": "keyword", "index": False, "doc_values": False},
}
ALERTS: dict[str, Any] = _strict(
    **_SHARED,
    **dict.fromkeys(("kibana.alert.start", "kibana.alert.end", "kibana.alert.original_time"), _DATE),
    **dict.fromkeys(("kibana.alert.rule.name", "kibana.alert.reason"), _WORDS),
    **dict.fromkeys(
        (
            "kibana.alert.uuid",
            "kibana.alert.status",
            "kibana.alert.workflow_status",
            "kibana.alert.severity",
            "kibana.alert.rule.uuid",
            "kibana.alert.rule.tags",
            "kibana.alert.rule.category",
            "kibana.alert.rule.producer",
            "kibana.alert.case_ids",
            "kibana.space_ids",
            "threat.technique.id",
            "user.name",
            "host.name",
            "event.dataset",
            "soc.alert.key",
            "soc.alert.run_type",
        ),
        _KEYWORD,
    ),
    **{"kibana.alert.risk_score": {"type": "float"}, "soc.alert.events": _LONG, "source.ip": _IP, "destination.ip": _IP},
)
CASES: dict[str, Any] = _strict(
    **_SHARED,
    **{"soc.case.title": _WORDS, "soc.case.priority": _LONG, "soc.case.alerts": _LONG},
    **dict.fromkeys(("soc.case.opened_at", "soc.case.updated_at", "soc.case.closed_at"), _DATE),
    **dict.fromkeys(
        ("soc.case.status", "soc.case.verdict", "soc.case.owner", "soc.case.severity", "soc.case.category", "soc.case.tlp"), _KEYWORD
    ),
)
