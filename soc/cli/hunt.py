"""`soc hunt`: questions about the events in the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from soc.cli.context import Soc, pass_soc
from soc.cli.output import F, chosen, emit, note, output_option, safe_echo
from soc.cli.when import moment
from soc.errors import UsageError
from soc.fields import Catalogue
from soc.model import ALWAYS, Window
from soc.times import iso, parse_duration

COLUMNS = ("@timestamp", "event.dataset", "event.action", "event.outcome", "source.ip", "destination.ip", "user.name", "message")


@click.group()
def hunt() -> None:
    """Ask the events: which, how many of what, and when.

    \b
    A query is made of field:value (or field:"a value"), words that stand somewhere in the line,
    AND (which may be left out), OR, NOT and parentheses:
      user.name:root source.ip:198.51.100.0/24         networks and addresses
      process.command_line:*curl*                      * any characters, ? one character
      source.port:>=1024    destination.port:[20 TO 25]    @timestamp:>2026-10-11
      event.category:(network OR host) NOT "cron job"
      event.outcome:*                                  the field has a value
      message:~"(?i)invalid user \\w+"                  an RE2 regular expression

    Text is compared without regard to case. Labels are fields: labels.KEY:value
    """


def window_options(command: F) -> F:
    """Adds `--since` and `--until`."""
    since = click.option("--since", default="24h", show_default=True, help="How far back: 90m, 24h, 7d, a date, or all.")
    until = click.option("--until", help="Up to when: 90m, 24h, 7d ago or a date.  [default: no end]")
    return since(until(command))


@hunt.command()
@click.argument("query", default="")
@window_options
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most so many events.")
@click.option("--oldest", is_flag=True, help="The oldest first, not the newest.")
@click.option("--fields", help="Fields to show, separated by commas.")
@output_option
@pass_soc
def events(soc: Soc, query: str, since: str, until: str | None, limit: int, oldest: bool, fields: str | None, output: str | None) -> None:
    """Find events.

    \b
    Example:  soc hunt events 'source.ip:203.0.113.7 event.outcome:failure' --since 7d
    """
    from soc.hunt.hunts import checked_field, find_events
    from soc.hunt.language import parse_query
    from soc.parsing.printed import Printer

    catalogue = soc.content.catalogue
    names = [checked_field(name.strip(), catalogue) for name in fields.split(",")] if fields else None
    found = find_events(soc.store, parse_query(query, catalogue), _window(soc, since, until), limit=limit, oldest=oldest)
    printer = Printer(catalogue)
    rows = [printer.flat(event) for event in found.events]
    if names:
        rows = [{name: row[name] for name in names if name in row} for row in rows]
    if chosen(output) == "table":
        rows = [row | {"@timestamp": row["@timestamp"][:19].replace("T", " ")} if "@timestamp" in row else row for row in rows]
    emit(rows, names or _filled(rows, output), output)
    if not rows:
        note(_nothing(since, until))
    elif found.total > len(rows):
        note(f"{len(rows):,} of {found.total:,} events, the {'oldest' if oldest else 'newest'}; --limit shows more")


@hunt.command()
@click.argument("field")
@click.argument("query", default="")
@window_options
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1), help="At most so many values.")
@output_option
@pass_soc
def top(soc: Soc, field: str, query: str, since: str, until: str | None, limit: int, output: str | None) -> None:
    """The most frequent values of FIELD among the events that match.

    \b
    Example:  soc hunt top source.ip 'event.dataset:openssh.auth event.outcome:failure'
    """
    from soc.hunt.hunts import top_values
    from soc.hunt.language import parse_query

    catalogue = soc.content.catalogue
    found = top_values(soc.store, field, parse_query(query, catalogue), _window(soc, since, until), catalogue, limit=limit)
    emit([{"value": _value(field, value, catalogue), "events": count} for value, count in found], ("value", "events"), output)
    if not found:
        note(_nothing(since, until))


@hunt.command()
@click.argument("query", default="")
@window_options
@click.option("--by", default="event.dataset", show_default=True, help="The field whose values are drawn each on a line.")
@click.option("--span", help="Width of a span: 5m, 1h, 1d.  [default: as fits]")
@output_option
@pass_soc
def timeline(soc: Soc, query: str, since: str, until: str | None, by: str, span: str | None, output: str | None) -> None:
    """When the events that match happened, drawn with a block per span of time.

    \b
    Example:  soc hunt timeline 'source.ip:203.0.113.0/24' --since 3d --by event.action
    """
    import shutil

    from soc.hunt import hunts
    from soc.hunt.drawing import draw, spans_that_fit
    from soc.hunt.language import parse_query

    catalogue = soc.content.catalogue
    window, width = _window(soc, since, until, end=soc.now() + 1 if since != "all" else None), parse_duration(span) if span else None
    if width == 0:
        raise UsageError("--span is longer than nothing; write for example 5m or 1h")
    spans = spans_that_fit(shutil.get_terminal_size().columns)
    drawn = hunts.timeline(soc.store, parse_query(query, catalogue), window, catalogue, by=by, spans=spans, width=width)
    if chosen(output) == "table":
        for line in draw(drawn):
            safe_echo(line)
    else:
        rows = [
            {"start": iso(start), by: value, "events": count}
            for value, counts in drawn.rows.items()
            for start, count in zip(drawn.starts, counts, strict=True)
            if count
        ]
        emit(sorted(rows, key=lambda row: row["start"]), ("start", by, "events"), output)
    if not drawn.rows:
        note(_nothing(since, until))


@hunt.command()
@click.argument("statement")
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(1), help="At most so many rows.")
@output_option
@pass_soc
def sql(soc: Soc, statement: str, limit: int, output: str | None) -> None:
    """One SELECT (DuckDB's SQL) over the view events, which has a column per field.

    \b
    Example:  soc hunt sql 'SELECT "source.ip", count(*) AS n FROM events GROUP BY 1 ORDER BY n DESC LIMIT 5'
    """
    names, rows = soc.store.sql(statement, limit=limit + 1)
    emit([dict(zip(names, row, strict=True)) for row in rows[:limit]], names, output)
    if len(rows) > limit:
        note(f"the first {limit:,} rows; --limit shows more")


def _window(soc: Soc, since: str, until: str | None, *, end: int | None = None) -> Window:
    now = soc.now()
    first = ALWAYS.since if since == "all" else moment(since, now)
    last = moment(until, now) if until else end if end is not None else ALWAYS.until
    if first >= last:
        raise UsageError(f"--since {since} is not before --until {until or 'now'}")
    return Window(first, last)


def _nothing(since: str, until: str | None) -> str:
    return f"no event matches since {since}{f' until {until}' if until else ''}" + (
        "" if since == "all" else "; --since 30d looks further back"
    )


def _value(field: str, value: Any, catalogue: Catalogue) -> Any:
    if catalogue.type_of(field) != "date":
        return value
    return [iso(item) for item in value] if isinstance(value, list) else iso(value)


def _filled(rows: Sequence[dict[str, Any]], output: str | None) -> list[str]:
    """The usual columns that some event fills; in CSV every field of these events."""
    if chosen(output) == "csv":
        return sorted({name for row in rows for name in row})
    found = [name for name in COLUMNS if any(name in row for row in rows)]
    return found if len(found) > 2 else [*found, "event.original"]
