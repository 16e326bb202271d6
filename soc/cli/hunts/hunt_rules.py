"""`soc hunt rules`: what every rule would have found."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import Any

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import emit, note, output_option
from soc.cli.hunts.hunted import window_of, window_options
from soc.cli.rules.rule import content_with, rules_option

COLUMNS = ("rule", "title", "level", "events", "ms")


@click.command()
@window_options
@click.option("--all", "everything", is_flag=True, help="Also rules that no event meets.")
@click.option("--by", type=click.Choice(("events", "ms")), default="events", show_default=True, help="The largest of this first.")
@rules_option
@output_option
@pass_soc
def rules(soc: Soc, /, since: str, until: str | None, everything: bool, by: str, folders: tuple[Path, ...], output: str | None) -> None:
    """Count the events that meet each rule: what a rule set would have found, and which rules are loud.

    A rule looks at the datasets that it sees when it runs; exceptions are not looked at, and correlations are not asked. On a cluster
    ms is what the server took for the rule's query; the embedded store asks all at once.

    \b
    Example:  soc hunt rules --since 30d
              soc hunt rules --rules ~/sigma/rules --since 7d --output csv
              soc hunt rules --all --by ms
    """
    from soc.hunt.backtest import concerned, tried

    content = content_with(soc, folders)
    window = window_of(soc, since, until)
    concerns = concerned(content.rules, content.datasets)
    found = list(tried(soc.store, content.rules, concerns, window))
    shown = sorted((one for one in found if everything or one.events), key=attrgetter("rule.title", "rule.id"))
    shown.sort(key=lambda one: getattr(one, by) or 0, reverse=True)
    rows: list[dict[str, Any]] = [
        {"rule": one.rule.id, "title": one.rule.title, "level": one.rule.severity, "events": one.events, "ms": one.ms} for one in shown
    ]
    emit(rows, COLUMNS, output)
    met = sum(bool(one.events) for one in found)
    left = f"; {len(concerns) - len(found)} cannot be asked: see soc rule check" if len(concerns) > len(found) else ""
    note(f"{len(found):,} rules asked, {met:,} of them met by events{left}")
