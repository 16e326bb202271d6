"""`soc case show`: everything about one case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from soc.cli.call.context import Soc
from soc.cli.call.output import cell, chosen, emit, emit_object, safe_echo
from soc.cli.cases.alert import alert_row, print_alerts, shown_event
from soc.cli.cases.listed import minute, row
from soc.cli.cases.playbook import question_lines
from soc.desk.cases.case import Case
from soc.desk.cases.log import Entry, broken
from soc.desk.desk import Tx
from soc.errors import UsageError
from soc.event import Event
from soc.model import Alert
from soc.parsing.printed import Printer
from soc.respond.triaging.whose import is_anothers, own_events, own_evidence
from soc.times import iso

EVENT_COLUMNS = ("@timestamp", "event.dataset", "text")
FIELDS = ("institution", "title", "status", "verdict", "priority", "severity", "category", "owner", "tlp", "opened", "updated", "closed")


def show_case(soc: Soc, tx: Tx, id: str, output: str | None) -> None:
    """Prints one case: JSON is one object, CSV the timeline, a table all of it. Raises UsageError when there is no such case."""
    case = tx.case(id)
    if case is None:
        raise UsageError(f"there is no case {id}\n  list them with: soc case list --status all")
    alerts = sorted(tx.alerts(case=id), key=lambda alert: (alert.extent.first, alert.id))
    observables = sorted({*tx.observables(id), *case.observables})
    form = chosen(output)
    if form == "json":
        emit_object(as_object(case, alerts, observables, Printer(soc.content.catalogue)))
    elif form == "csv":
        emit([_line(event) for event in timeline(case, alerts)], EVENT_COLUMNS, form)
    else:
        _print(soc, case, alerts, observables)


def as_object(case: Case, alerts: Sequence[Alert], observables: Sequence[tuple[str, str]], printer: Printer) -> dict[str, Any]:
    """The case as one JSON-able object."""
    return row(case.head) | {
        "alerts": [_row(alert, case, printer) for alert in alerts],
        "observables": [{"kind": kind, "value": value} for kind, value in observables],
        "links": [{"kind": kind, "case": other} for kind, other in case.links],
        "notes": [{"at": iso(at), "actor": actor, "text": text} for at, actor, text in case.notes],
        "evidence": [{**one, "events": [shown_event(event, printer) for event in one["events"]]} for one in attached(case)],
        "questions": list(_asked(case)),
        "timeline": [shown_event(event, printer) for event in timeline(case, alerts)],
        "left_out": left_out(case, alerts),
        "log": [_entry(entry) for entry in case.log],
        "log_fault": broken(case.log),
    }


def timeline(case: Case, alerts: Iterable[Alert]) -> list[Event]:
    """The events that are kept with a case, those of its alerts and those attached, each once, in order of time.

    None of another institution's, which may lie in the evidence of an alert: what is shown of a case is handed on.
    """
    kept = [item.event for alert in alerts for item in own_evidence(alert, case.head.institution)]
    kept += [event for one in attached(case) for event in one["events"]]
    unique = {str(event.get("event.id", id(event))): event for event in kept}
    return sorted(unique.values(), key=lambda event: (_moment(event), str(event.get("event.id", ""))))


def attached(case: Case) -> list[dict[str, Any]]:
    """What was attached to the case, without events of other institutions, which an earlier version did attach."""
    return [{**one, "events": own_events(one.get("events", ()), case.head.institution)} for one in case.evidence]


def left_out(case: Case, alerts: Iterable[Alert]) -> int:
    """How many events that are kept with the case are another institution's, and not in its timeline."""
    kept = [*case.evidence, *({"events": [item.event for item in alert.extent.evidence]} for alert in alerts)]
    return sum(is_anothers(event, case.head.institution) for one in kept for event in one.get("events", ()))


def _asked(case: Case) -> Sequence[Mapping[str, Any]]:
    """The questions that wait for an answer: a closed case asks nothing."""
    return () if case.head.status == "closed" else case.questions


def _row(alert: Alert, case: Case, printer: Printer) -> dict[str, Any]:
    own = own_evidence(alert, case.head.institution)
    return alert_row(alert, printer) | {"events": [shown_event(item.event, printer) for item in own]}


def _print(soc: Soc, case: Case, alerts: Sequence[Alert], observables: Sequence[tuple[str, str]]) -> None:
    values = row(case.head)
    safe_echo(f"Case {case.head.id}")
    for name in FIELDS:
        if values[name] is not None:
            safe_echo(f"  {name:<12} {cell(values[name])}")
    for kind, other in case.links:
        safe_echo(f"  {kind:<12} {other}")
    if fault := broken(case.log):
        safe_echo(f"  WARNING: {fault} in its log")
    for asked in _asked(case):
        _heading("Question that waits for an answer")
        for line in question_lines(soc, case.head.id, asked):
            safe_echo(f"  {line}")
    _heading(f"Alerts ({len(alerts)})")
    print_alerts(soc, alerts[:50], {}, "table")
    if len(alerts) > 50:
        click.echo(f"  … and {len(alerts) - 50} more: soc alert list --case {case.head.id}")
    if observables:
        _heading("Observables")
        for kind, value in observables[:50]:
            safe_echo(f"  {kind:<8} {value}")
    _heading("Timeline")
    emit([_line(event) for event in timeline(case, alerts)[:200]], EVENT_COLUMNS, "table")
    if more := left_out(case, alerts):
        safe_echo(f"  … and {more} events of other institutions, which are shown by: soc alert show")
    _heading("Log")
    shown = [entry for entry in case.log if entry.action != "alert"] if len(case.log) > 200 else case.log
    emit([_in_one_line(entry) for entry in shown], ("at", "actor", "action", "said"), "table")


def _heading(text: str) -> None:
    click.echo(f"\n{text}")


def _entry(entry: Entry) -> dict[str, Any]:
    said = "  ".join(f"{name}: {_brief(value)}" for name, value in entry.said.items())
    return {"seq": entry.seq, "at": iso(entry.at), "actor": entry.actor, "action": entry.action, "said": said, "hash": entry.hash}


def _in_one_line(entry: Entry) -> dict[str, Any]:
    return _entry(entry) | {"at": minute(entry.at)}


def _brief(value: Any) -> str:
    return f"{len(value)}" if isinstance(value, list) and len(value) > 5 else cell(value)


def _line(event: Event) -> dict[str, Any]:
    return {
        "@timestamp": iso(_moment(event)) if "@timestamp" in event else "",
        "event.dataset": event.get("event.dataset"),
        "text": event.get("event.original") or event.get("message") or "",
    }


def _moment(event: Event) -> int:
    moment = event.get("@timestamp", 0)
    return moment if type(moment) is int else 0
