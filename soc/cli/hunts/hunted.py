"""What hunts have in common: where they look, from when to when, and how events are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from soc.cli.call.context import Soc
from soc.cli.call.output import F, chosen, emit, note
from soc.cli.call.when import moment
from soc.errors import UsageError
from soc.event import Event
from soc.fields import Catalogue
from soc.model import ALWAYS, Window
from soc.times import iso

if TYPE_CHECKING:
    from soc.condition.tree import Node
    from soc.detect.cells.cell import Cell
    from soc.detect.rules.rule import Rule, RuleSet
    from soc.hunt.correlated import Counted
    from soc.store.base import Searched

COLUMNS = ("@timestamp", "event.dataset", "event.action", "event.outcome", "source.ip", "destination.ip", "user.name", "message")


def index_option(command: F) -> F:
    """Adds `--index`."""
    text = "Look into these indices of the cluster, which soc does not write: 'filebeat-*'."
    return click.option("--index", help=text)(command)


def window_options(command: F) -> F:
    """Adds `--since` and `--until`."""
    since = click.option("--since", default="24h", show_default=True, help="How far back: 90m, 24h, 7d, a date, or all.")
    until = click.option("--until", help="Up to when: 90m, 24h, 7d ago or a date.  [default: no end]")
    return since(until(command))


def window_of(soc: Soc, since: str, until: str | None, *, end: int | None = None) -> Window:
    now = soc.now()
    first = ALWAYS.since if since == "all" else moment(since, now)
    last = moment(until, now) if until else end if end is not None else ALWAYS.until
    if first >= last:
        raise UsageError(f"--since {since} is not before --until {until or 'now'}")
    return Window(first, last)


def nothing(since: str, until: str | None) -> str:
    return f"no event matches since {since}{f' until {until}' if until else ''}" + (
        "" if since == "all" else "; --since all looks further back"
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hunt looks. `unsearched`: fields of a condition that it cannot be searched by. `counted`: what counts groups there."""

    events: Searched
    catalogue: Catalogue
    unsearched: Callable[[Node], list[str]] = lambda node: []
    counted: Counted | None = None


def searched(soc: Soc, index: str | None) -> Place:
    """Our own events, or the indices of a pattern. Raises UsageError where the store is no cluster, StoreError."""
    if index is None:
        return Place(soc.store, soc.content.catalogue, counted=soc.store)
    from soc.cli.call.clusters import others

    found = others(soc.config, index, soc.content.catalogue)
    return Place(found, found.catalogue, found.unsearched)


def warn_of_blind(where: Place, node: Node, index: str | None) -> None:
    """Says on stderr which fields of the condition these indices cannot be searched by."""
    if names := where.unsearched(node):
        note(f"{index} cannot be searched by {', '.join(names)}: what hangs on them is missed, or slow; see: soc store inspect {index!r}")


def show_events(where: Place, node: Node, window: Window, *, limit: int, oldest: bool, fields: str | None, output: str | None) -> bool:
    """Prints the events that meet a condition; whether there was one."""
    from soc.hunt.hunts import checked_field, find_events
    from soc.parsing.printed import Printer

    names = [checked_field(name.strip(), where.catalogue) for name in fields.split(",")] if fields else None
    found = find_events(where.events, node, window, limit=limit, oldest=oldest)
    printer = Printer(where.catalogue)
    rows = [_row(printer.flat(event), names, output) for event in found.events]
    emit(rows, names or _filled(rows, output), output)
    if found.total > len(rows):
        note(f"{len(rows):,} of {found.total:,} events, the {'oldest' if oldest else 'newest'}; --limit shows more")
    return bool(rows)


def show_groups(
    where: Place, rule: Rule, rules: RuleSet, window: Window, *, limit: int, oldest: bool, fields: str | None, output: str | None
) -> bool:
    """Prints what a correlation would have raised; whether there was something."""
    from soc.hunt.correlated import find_cells

    if fields:
        raise UsageError("--fields names fields of events; a correlation finds groups\n  leave it out, or hunt with a rule that it counts")
    found = find_cells(rule, rules, where.events, window, where.catalogue, counted=where.counted)
    found.sort(key=lambda cell: (cell.last, cell.id), reverse=not oldest)
    group_by = rule.correlation.group_by if rule.correlation else ()
    emit([_cell(cell, output) for cell in found[:limit]], ("first", "last", *group_by, "institution", "events"), output)
    if len(found) > limit:
        note(f"{limit:,} of {len(found):,} groups, the {'oldest' if oldest else 'newest'}; --limit shows more")
    return bool(found)


def _cell(cell: Cell, output: str | None) -> dict[str, Any]:
    times = {"first": iso(cell.first), "last": iso(cell.last)}
    if chosen(output) == "table":
        times = {name: _short(text) for name, text in times.items()}
    evidence = [id for _, id in cell.evidence]
    return {**times, **cell.key, "institution": cell.institution, "events": cell.count, "evidence": evidence}


def _short(moment: str) -> str:
    """A moment as tables show it."""
    return moment[:19].replace("T", " ")


def _row(event: Event, names: Sequence[str] | None, output: str | None) -> dict[str, Any]:
    row = {name: event[name] for name in names if name in event} if names else event
    if chosen(output) == "table" and "@timestamp" in row:
        return row | {"@timestamp": _short(row["@timestamp"])}
    return row


def _filled(rows: Sequence[dict[str, Any]], output: str | None) -> list[str]:
    """The usual columns that some event fills; in CSV every field of these events."""
    if chosen(output) == "csv":
        return sorted({name for row in rows for name in row})
    found = [name for name in COLUMNS if any(name in row for row in rows)]
    return found if len(found) > 2 else [*found, "event.original"]
