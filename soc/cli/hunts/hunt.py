"""`soc hunt`: questions about the events in the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import chosen, emit, note, output_option, safe_echo
from soc.cli.hunts.hunt_rules import rules as every_rule
from soc.cli.hunts.hunted import index_option, nothing, searched, show_events, show_groups, warn_of_blind, window_of, window_options
from soc.cli.rules.rule import content_with, rules_option, the_rule
from soc.errors import UsageError
from soc.fields import Catalogue
from soc.times import iso, parse_duration


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


@hunt.command()
@click.argument("query", default="")
@window_options
@index_option
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most so many events.")
@click.option("--oldest", is_flag=True, help="The oldest first, not the newest.")
@click.option("--fields", help="Fields to show, separated by commas.")
@output_option
@pass_soc
def events(soc: Soc, /, query: str, since: str, until: str | None, index: str | None, **shown: Any) -> None:
    """Find events.

    \b
    Example:  soc hunt events 'source.ip:203.0.113.7 event.outcome:failure' --since 7d
              soc hunt events 'user.name:root' --index 'filebeat-*'
    """
    from soc.hunt.language import parse_query

    where = searched(soc, index)
    node = parse_query(query, where.catalogue)
    warn_of_blind(where, node, index)
    if not show_events(where, node, window_of(soc, since, until), **shown):
        note(nothing(since, until))


@hunt.command()
@click.argument("rule")
@window_options
@index_option
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most so many events, or groups.")
@click.option("--oldest", is_flag=True, help="The oldest first, not the newest.")
@click.option("--fields", help="Fields of events to show, separated by commas.")
@rules_option
@output_option
@pass_soc
def rule(soc: Soc, /, rule: str, since: str, until: str | None, index: str | None, folders: tuple[Path, ...], **shown: Any) -> None:
    """Find the events that meet the condition of a Sigma rule, whatever they are of: RULE is its id, the beginning of it, or its name.

    Of a correlation, find the groups that fulfil it by their events within the time asked for: what would be its alerts. The store is
    asked first which groups can reach the bound; only their events are read. Exceptions and the logsource are not looked at.

    \b
    Example:  soc hunt rule 7c6fb4d6 --since 30d
              soc hunt rule firewall_port_scan --since 7d
              soc hunt rule 7c6fb4d6 --index 'filebeat-*'
              soc hunt rule 7c6fb4d6 --rules ~/sigma/rules
    """
    from soc.hunt.correlated import conditions

    rules = content_with(soc, folders).rules
    found, where, window = the_rule(rules, rule), searched(soc, index), window_of(soc, since, until)
    for condition in conditions(found, rules):
        warn_of_blind(where, condition, index)
    if found.condition is not None:
        if not show_events(where, found.condition, window, **shown):
            note(nothing(since, until))
    elif not show_groups(where, found, rules, window, **shown):
        note(f"no group fulfils it since {since}{f' until {until}' if until else ''}")


hunt.add_command(every_rule)


@hunt.command()
@click.argument("field")
@click.argument("query", default="")
@window_options
@index_option
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1), help="At most so many values.")
@output_option
@pass_soc
def top(soc: Soc, field: str, query: str, since: str, until: str | None, index: str | None, limit: int, output: str | None) -> None:
    """The most frequent values of FIELD among the events that match.

    \b
    Example:  soc hunt top source.ip 'event.dataset:openssh.auth event.outcome:failure'
    """
    from soc.hunt.hunts import top_values
    from soc.hunt.language import parse_query

    where = searched(soc, index)
    catalogue, node = where.catalogue, parse_query(query, where.catalogue)
    warn_of_blind(where, node, index)
    found = top_values(where.events, field, node, window_of(soc, since, until), catalogue, limit=limit)
    emit([{"value": _value(field, value, catalogue), "events": count} for value, count in found], ("value", "events"), output)
    if not found:
        note(nothing(since, until))


@hunt.command()
@click.argument("query", default="")
@window_options
@index_option
@click.option("--by", default="event.dataset", show_default=True, help="The field whose values are drawn each on a line.")
@click.option("--span", help="Width of a span: 5m, 1h, 1d.  [default: as fits]")
@output_option
@pass_soc
def timeline(soc: Soc, query: str, since: str, until: str | None, index: str | None, by: str, span: str | None, output: str | None) -> None:
    """When the events that match happened, drawn with a block per span of time.

    \b
    Example:  soc hunt timeline 'source.ip:203.0.113.0/24' --since 3d --by event.action
    """
    import shutil

    from soc.hunt import hunts
    from soc.hunt.drawing import draw, spans_that_fit
    from soc.hunt.language import parse_query

    where = searched(soc, index)
    node = parse_query(query, where.catalogue)
    warn_of_blind(where, node, index)
    window, width = window_of(soc, since, until, end=soc.now() + 1 if since != "all" else None), parse_duration(span) if span else None
    if width == 0:
        raise UsageError("--span is longer than nothing; write for example 5m or 1h")
    spans = spans_that_fit(shutil.get_terminal_size().columns)
    drawn = hunts.timeline(where.events, node, window, where.catalogue, by=by, spans=spans, width=width)
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
        note(nothing(since, until))


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


def _value(field: str, value: Any, catalogue: Catalogue) -> Any:
    if catalogue.type_of(field) != "date":
        return value
    return [iso(item) for item in value] if isinstance(value, list) else iso(value)
