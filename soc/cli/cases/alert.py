"""`soc alert`: what the rules found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import cell, chosen, emit, emit_object, note, output_option, safe_echo
from soc.cli.call.when import moment
from soc.desk.cases.words import SEVERITIES
from soc.desk.desk import Tx
from soc.errors import UsageError
from soc.event import Event
from soc.model import Alert
from soc.parsing.printed import Printer
from soc.times import iso

COLUMNS = ("last", "level", "institution", "title", "key", "count", "case", "id")
SHORT = 12  # characters of an id that tables show; any beginning that fits one alert names it


@click.group()
def alert() -> None:
    """Alerts: one for each key of a rule and span of time in which the rule triggered.

    \b
    Example:  soc alert list --since 24h --level high
              soc alert show 3f9c12ab
    """


@alert.command("list")
@click.option("--rule", help="Only alerts of this rule, by id.")
@click.option("--institution", help="Only alerts of this institution.")
@click.option("--level", type=click.Choice(SEVERITIES), help="Only alerts of this level.")
@click.option("--case", help="Only alerts of this case.")
@click.option("--since", help="Last trigger not before: 90m, 24h, 7d, a date, or all, as without it.")
@click.option("--until", help="Last trigger before: 90m, 24h, 7d or a date.")
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@output_option
@pass_soc
def list_(soc: Soc, /, since: str | None, until: str | None, output: str | None, **filters: Any) -> None:
    """Alerts, newest first.

    \b
    Example:  soc alert list --institution example-hospital --since 7d
    """
    now = soc.now()
    first, end = (moment(text, now) if text else None for text in (None if since == "all" else since, until))
    with soc.desk.read() as tx:
        found = tx.alerts(**filters, since=first, until=end)
        cases = tx.cases_of_alerts(alert.id for alert in found)
    print_alerts(soc, found, cases, output)
    if not found:
        note("no alert" + ("; --since all looks further back" if since not in (None, "all") else ""))


@alert.command()
@click.argument("id")
@output_option
@pass_soc
def show(soc: Soc, id: str, output: str | None) -> None:
    """One alert with all fields of its evidence. The beginning of an id is enough when it fits one alert alone.

    \b
    Example:  soc alert show 3f9c12ab
    """
    with soc.desk.read() as tx:
        found = the_alert(tx, id)
        case, grown = tx.cases_of_alerts([found.id]).get(found.id), tx.extents(found.id)
    form, row = chosen(output), alert_row(found, Printer(soc.content.catalogue), case)
    if form == "json":
        history = [{"at": iso(at), "count": extent.count, "first": iso(extent.first), "last": iso(extent.last)} for at, extent in grown]
        emit_object(row | {"extents": history})
    elif form == "csv":
        emit([row], COLUMNS, form)
    else:
        _print(row)


def print_alerts(soc: Soc, found: Iterable[Alert], cases: Mapping[str, str], output: str | None) -> None:
    """Prints alerts; a table has what fits a terminal, the other formats all fields."""
    printer = Printer(soc.content.catalogue)
    shown = [alert_row(alert, printer, cases.get(alert.id)) for alert in found]
    if chosen(output) == "table":
        shown = [row | {"id": row["id"][:SHORT], "last": row["last"][:16].replace("T", " ")} for row in shown]
    emit(shown, COLUMNS, output)


def the_alert(tx: Tx, id: str) -> Alert:
    """The alert whose id begins so. Raises UsageError when none or several do."""
    matches = tx.alert_ids(id)
    found = tx.alert(matches[0]) if matches else None
    if found is None:
        raise UsageError(f"there is no alert {id}\n  list them with: soc alert list")
    if len(matches) > 1:
        raise UsageError(f"several alerts begin with {id}: {', '.join(matches[:5])}\n  give more of the id")
    return found


def alert_row(alert: Alert, printer: Printer, case: str | None = None) -> dict[str, Any]:
    """An alert as it is printed: all fields, moments in ISO 8601, evidence as flat events."""
    return {
        "id": alert.id,
        "rule_id": alert.rule_id,
        "title": alert.title,
        "level": alert.level,
        "tags": list(alert.tags),
        "institution": alert.institution,
        "key": ", ".join(f"{field} {value}" for field, value in alert.key.items()),
        "group": dict(alert.key),
        "cell": [iso(alert.cell_start), iso(alert.cell_end)],
        "count": alert.extent.count,
        "first": iso(alert.extent.first),
        "last": iso(alert.extent.last),
        "run_type": alert.run_type,
        "detail": dict(alert.detail),
        "events": [shown_event(item.event, printer) for item in alert.extent.evidence],
    } | ({"case": case} if case else {})


def shown_event(event: Event, printer: Printer) -> dict[str, Any]:
    """A kept event as it is printed: flat, moments in ISO 8601."""
    return printer.flat(dict(event)) if type(event.get("@timestamp")) is int else dict(event)


def _print(values: Mapping[str, Any]) -> None:
    for name in ("id", "title", "rule_id", "level", "tags", "institution", "key", "count", "first", "last", "cell", "run_type", "case"):
        if values.get(name):
            safe_echo(f"{name:<12} {cell(values[name])}")
    for number, event in enumerate(values["events"], start=1):
        click.echo(f"\nEvidence {number}")
        for field, value in sorted(event.items()):
            safe_echo(f"  {field:<32} {cell(value)}")
