"""What a playbook may know of its case: the variables that are there without any step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from soc.desk.cases.case import Head
from soc.desk.cases.words import categories
from soc.event import Event
from soc.model import Alert
from soc.respond.playbooks.origin import from_log
from soc.respond.triaging.accounts import accounts
from soc.respond.triaging.whose import own_evidence
from soc.times import iso

MOST = 50  # values of one kind
LONGEST = 2_000  # characters of a line that is told; the whole of it is in the evidence
_FIELDS = {  # variable -> fields of the alerts' keys and evidence
    "sources": ("source.ip",),
    "destinations": ("destination.ip",),
    "users": ("user.name",),
    "hosts": ("host.name",),
    "domains": ("dns.question.registered_domain", "dns.question.name", "url.domain"),
}
FACTS = ("case", "alerts", *_FIELDS, "zones", "accounts")
_FROM_LOGS = frozenset(("case", "case.title", *FACTS[1:]))  # `case` as a whole, for its title


def facts(head: Head, alerts: Sequence[Alert]) -> dict[str, Any]:
    """`case`, `alerts` (by first trigger), and what they name, each a sorted list of at most fifty.

    Evidence that is another institution's tells nothing. What alerts say is known as text of a log (`soc.respond.playbooks.origin`).
    `zones` are the last three labels of each of `domains`: what a tunnel's names have in common. `accounts` are those that were
    let in, in the order of their alerts: the ones that made them come before those that merely lie in their evidence.
    """
    ordered = sorted(alerts, key=lambda alert: (alert.extent.first, alert.id))
    events = {alert.id: [item.event for item in own_evidence(alert, head.institution)] for alert in ordered}
    named = {name: sorted(set(_values(ordered, events, fields)))[:MOST] for name, fields in _FIELDS.items()}
    zones = sorted({".".join(name.rstrip(".").split(".")[-3:]) for name in named["domains"]})
    let_in = list(dict.fromkeys(name for alert in ordered for name in accounts(alert, head.institution)))[:MOST]
    told = [_alert(alert, events[alert.id]) for alert in ordered[:MOST]]
    return {"case": _case(head), **from_log({"alerts": told, **named, "zones": zones, "accounts": let_in})}


def is_fact_of_logs(path: str) -> bool:
    """Whether the variable, or the part of one, that `case.title` names comes from a log."""
    name = path.partition(".")[0]
    return path in _FROM_LOGS or (name != "case" and name in _FROM_LOGS)


def _case(head: Head) -> dict[str, Any]:
    names = ("id", "institution", "title", "severity", "priority", "category", "status", "owner", "tlp")
    family = categories().get(head.category)
    return {name: getattr(head, name) for name in names} | {
        "title": from_log(head.title),
        "alerts": head.alerts,
        "family": family.family if family else head.category,
    }


def _alert(alert: Alert, events: Sequence[Event]) -> dict[str, Any]:
    return {
        "rule": alert.rule_id,
        "title": alert.title,
        "level": alert.level,
        "tags": list(alert.tags),
        "count": alert.extent.count,
        "first": iso(alert.extent.first),
        "last": iso(alert.extent.last),
        "key": dict(alert.key),
        "lines": [_cut(str(event.get("event.original", ""))) for event in events],
    }


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _values(alerts: Iterable[Alert], events: Mapping[str, Sequence[Event]], fields: Sequence[str]) -> Iterator[str]:
    for alert in alerts:
        for field in fields:
            if value := alert.key.get(field):
                yield value
            for event in events[alert.id]:
                value = event.get(field)
                yield from [str(one) for one in (value if isinstance(value, list) else [value]) if one]
