"""`soc try`: any logs, nothing configured, nothing kept."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from soc.cli.context import Soc, pass_soc
from soc.cli.output import chosen, emit, emit_object, note, safe_echo
from soc.cli.when import as_of as moment_of
from soc.cli.words import LogFile
from soc.folders import scratch
from soc.times import iso

if TYPE_CHECKING:
    from soc.ingest.pump import Tally
    from soc.model import Alert
    from soc.parsing.printed import Printer

MOST_EVIDENCE = 10


@click.command("try")
@click.argument("files", nargs=-1, type=LogFile(), required=True)
@click.option("--format", "stated", help="What every line is: a parser's name, or syslog.  [default: recognised line by line]")
@click.option("--rules", multiple=True, type=click.Path(path_type=Path), help="A folder or file of Sigma rules, added to ours; repeatable.")
@click.option("--as-of", help="When the lines were written at the latest: 2026-10-11, 7d …  [default: the file's time of change, or now]")
@click.option("--zone", help="The zone of times that state none, as Europe/Vienna.  [default: UTC]")
@click.option(
    "--output", type=click.Choice(("table", "json")), default=None, help="How to print.  [default: table on a terminal, else json]"
)
@pass_soc
def try_(
    soc: Soc, files: tuple[str, ...], stated: str | None, rules: tuple[Path, ...], as_of: str | None, zone: str | None, output: str | None
) -> int:
    """Read FILES (also .gz .bz2 .xz .zst, folders, or - for standard input), run all rules, show alerts and cases.

    Nothing has to be configured, and nothing is kept. Private addresses count as inside. Rules given with --rules are
    loaded whatever their status or level; those that cannot run on these formats are listed with the reason.

    \b
    Examples:  soc try /var/log/auth.log
               soc try --format suricata eve.json.gz --rules ~/sigma/rules --output json
    """
    from soc.cli.stores import remove_trial, sweep_trial, trial_config
    from soc.content import load_content

    with scratch(Path(tempfile.gettempdir()), "try", sweep=partial(sweep_trial, soc)) as folder:
        here = Soc(folder, None, ())
        here.config = trial_config(soc, folder)
        here.content = load_content(soc.roots, cache=soc.cache, extra_rules=rules)
        here.content.institutions = here.content.institutions.with_private()  # so that rules can tell inside from outside
        tally = _read(here, files, stated, zone, moment_of(as_of, soc.now()) if as_of else None)
        found = _answer(here, tally)
        here.store.close()
        remove_trial(here)
        here.desk.close()
    for error in here.content.errors:
        note(str(error))
    if chosen(output) == "json":
        emit_object(found)
    else:
        _print(found)
    return 4 if tally.refused else 0


def _read(here: Soc, files: Sequence[str], stated: str | None, zone: str | None, as_of: int | None) -> Tally:
    """Reads the files to their end and runs the rules over them."""
    from soc.cli.ingest import How, ingest_jobs
    from soc.cli.init import make_state
    from soc.cli.pipeline import detector, stopper
    from soc.ingest.feeds import Feed
    from soc.ingest.intake import Files, Piped
    from soc.ingest.zones import zone_named

    feed = Feed("try", format=stated)
    if stated:
        here.content.routes(stated)  # an unknown format is said before anything is read
    if zone:
        feed = replace(feed, zone=zone_named(zone))
    make_state(here, quiet=True)
    stop = stopper(here, None)
    jobs = [Piped(feed, sys.stdin.fileno()) if path == "-" else Files(feed, [path], stated=True) for path in files]
    tally = ingest_jobs(here, jobs, How(stop, final=True, as_of=as_of))
    outcome = detector(here, kind="try").run(stop=stop)
    for place, reason in outcome.failed.items():
        note(f"failed: {place}: {reason}")
    return tally


def _answer(here: Soc, tally: Tally) -> dict[str, Any]:
    from soc.parsing.printed import Printer

    printer = Printer(here.content.catalogue)
    with here.desk.read() as tx:
        alerts = sorted(tx.alerts(), key=lambda alert: (alert.extent.first, alert.id))
        heads = tx.heads()
        members: Counter[str] = Counter(tx.cases_of_alerts([alert.id for alert in alerts]).values())
    recognised: Counter[str] = Counter()
    for state in here.store.feeds():
        recognised[state.dataset] += state.events
    return {
        "events": tally.events,
        "unrecognised": tally.unrecognised,
        "failed": tally.failed,
        "recognised": dict(recognised.most_common()),
        "alerts": [_alert(alert, printer) for alert in alerts],
        "cases": [
            {
                "id": head.id,
                "title": head.title,
                "institution": head.institution,
                "priority": head.priority,
                "severity": head.severity,
                "category": head.category,
                "alerts": members[head.id],
            }
            for head in heads
        ],
        "dormant": [{"rule_id": rule.id, "title": rule.title, "reason": rule.dormant} for rule in here.content.rules.dormant()],
        "refused": [str(refusal) for refusal in here.content.rules.refused],
    }


def _alert(alert: Alert, printer: Printer) -> dict[str, Any]:
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
        "events": [printer.flat(one.event) for one in alert.extent.evidence[:MOST_EVIDENCE]],
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


def _print(found: dict[str, Any]) -> None:
    safe_echo(f"{found['events']} events, {found['unrecognised']} of them unrecognised; {found['failed']} lines failed")
    for dataset, count in found["recognised"].items():
        safe_echo(f"  {count:>9}  {dataset}")
    if found["refused"]:
        safe_echo(f"{len(found['refused'])} rules are refused; why stands on stderr and under --output json")
    _print_dormant(found["dormant"])
    safe_echo("")
    rows = [alert | {"key": ", ".join(f"{k}={v}" for k, v in alert["key"].items())} for alert in found["alerts"]]
    emit(rows, ("first", "level", "title", "count", "institution", "key"), "table", title=f"{len(rows)} alerts")
    safe_echo("")
    columns = ("id", "priority", "institution", "title", "alerts", "category")
    emit(found["cases"], columns, "table", title=f"{len(found['cases'])} cases")
