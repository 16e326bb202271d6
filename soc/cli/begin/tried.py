"""What `soc try` has found, as it is printed: a page of alerts at a time, for a flood raises them by the ten thousand."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from soc.cli.call.output import emit, json_text, safe_echo
from soc.cli.call.progress import pieces_done
from soc.times import iso

if TYPE_CHECKING:
    from soc.cli.call.context import Soc
    from soc.ingest.pump import Tally
    from soc.model import Alert

MOST_EVIDENCE = 10
PAGE = 500  # alerts that are objects at once
Record = dict[str, Any]


class Tried:
    """What lies on a trial's desk and in its store."""

    def __init__(self, here: Soc, tally: Tally) -> None:
        self._here, self._tally = here, tally

    def counts(self) -> Record:
        """The lines, by what became of them."""
        recognised: Counter[str] = Counter()
        for state in self._here.store.feeds():
            recognised[state.dataset] += state.events
        tally = self._tally
        counted = {"events": tally.events, "unrecognised": tally.unrecognised, "failed": tally.failed}
        return counted | {"recognised": dict(recognised.most_common())}

    def alerts(self) -> Iterator[Alert]:
        """All alerts, by first trigger, then id."""
        with self._here.desk.read() as tx:
            for start in range(0, len(self._ids), PAGE):
                page = self._ids[start : start + PAGE]
                found = {alert.id: alert for alert in tx.alerts(ids=page)}
                yield from (found[id] for id in page)

    def __len__(self) -> int:
        """How many alerts there are."""
        return len(self._ids)

    @cached_property
    def _ids(self) -> list[str]:
        with self._here.desk.read() as tx:
            return tx.alerts_in_turn()

    def cases(self) -> list[Record]:
        """As the queue shows them."""
        plain = ("id", "title", "institution", "priority", "severity", "category")
        with self._here.desk.read() as tx:
            members = Counter(tx.cases_of_alerts(self._ids).values())
            return [{name: getattr(head, name) for name in plain} | {"alerts": members[head.id]} for head in tx.heads()]

    def rules(self) -> Record:
        """The rules that did not run, with the reasons."""
        rules = self._here.content.rules
        return {
            "dormant": [{"rule_id": rule.id, "title": rule.title, "reason": rule.dormant} for rule in rules.dormant()],
            "refused": [str(refusal) for refusal in rules.refused],
        }


def print_json(tried: Tried, here: Soc) -> None:
    """One object on a line of its own."""
    from soc.parsing.printed import Printer

    printer = Printer(here.content.catalogue)
    click.echo(json_text(tried.counts())[:-1] + ',"alerts":[', nl=False)
    with pieces_done("alerts printed") if not sys.stdout.isatty() else nullcontext(lambda *_: None) as progress:
        for number, alert in enumerate(tried.alerts()):
            events = [printer.flat(one.event) for one in alert.extent.evidence[:MOST_EVIDENCE]]
            click.echo("," * (number > 0) + json_text(_row(alert) | {"events": events}), nl=False)
            progress(number + 1, len(tried))
    click.echo('],"cases":' + json_text(tried.cases()) + "," + json_text(tried.rules())[1:])


def print_tables(tried: Tried) -> None:
    """For people."""
    counts, rules = tried.counts(), tried.rules()
    safe_echo(f"{counts['events']} events, {counts['unrecognised']} of them unrecognised; {counts['failed']} lines failed")
    for dataset, count in counts["recognised"].items():
        safe_echo(f"  {count:>9}  {dataset}")
    if rules["refused"]:
        safe_echo(f"{len(rules['refused'])} rules are refused; why stands on stderr and under --output json")
    _print_dormant(rules["dormant"])
    safe_echo("")
    rows = [row | {"key": ", ".join(f"{k}={v}" for k, v in row["key"].items())} for row in map(_row, tried.alerts())]
    emit(rows, ("first", "level", "title", "count", "institution", "key"), "table", title=f"{len(rows)} alerts")
    safe_echo("")
    columns, cases = ("id", "priority", "institution", "title", "alerts", "category"), tried.cases()
    emit(cases, columns, "table", title=f"{len(cases)} cases")


def _row(alert: Alert) -> Record:
    return {
        "id": alert.id,
        "rule_id": alert.rule_id,
        "title": alert.title,
        "level": alert.level,
        "count": alert.extent.count,
        "institution": alert.institution,
        "key": dict(alert.key),
        "first": iso(alert.extent.first),
        "last": iso(alert.extent.last),
    }


def _print_dormant(rules: Sequence[Mapping[str, str]]) -> None:
    """By reason, most rules first."""
    by_reason: dict[str, list[str]] = {}
    for rule in rules:
        by_reason.setdefault(rule["reason"], []).append(rule["title"])
    if rules:
        safe_echo(f"{len(rules)} rules are dormant; each by name: --output json")
    for reason, titles in sorted(by_reason.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        safe_echo(f"  {len(titles):>9}  {reason}, as {titles[0]!r}")
