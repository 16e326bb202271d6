"""`soc status`: is it alive, is it complete, what waits for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import chosen, emit_object, note, output_option, safe_echo
from soc.cli.rules.blind import blind_rules, listed
from soc.cli.upkeep.overdue import overdue, retention_waits
from soc.cli.upkeep.skews import doubted
from soc.errors import StoreError
from soc.times import duration_text, iso


@click.command()
@output_option
@pass_soc
def status(soc: Soc, output: str | None) -> int:
    """Feeds with their last event and silence, batches, coverage and gaps, and the queue of cases.

    Exits 4 when a feed is silent for longer than it expects, a batch is uncovered or was left unfinished, events were refused, a file or
    an index of the store cannot be opened, hits are gone, a rule failed, a run is older than its lease, or retention waits for a person;
    3 when the store does not answer: then what the desk knows is said.
    """
    found = _found(soc)
    if chosen(output) == "json":
        emit_object(found)
    else:
        _print(found)
    if "unavailable" in found:
        note(found["unavailable"])
        return 3
    coverage, batches = found["coverage"], found["batches"]
    silent = any(feed["silent"] for feed in found["feeds"])
    left = batches["left"] or coverage["uncovered"] or coverage["gaps"].get("failed") or batches.get("refused") or coverage["hits"]
    return 4 if silent or left or found["missing"] or found["overdue"] or found["retention_waits"] else 0


def _found(soc: Soc) -> dict[str, Any]:
    from soc.cli.intake.pour import spool_folder
    from soc.ingest.spool import used

    try:
        known: dict[str, Any] = {
            "feeds": _feeds(soc),
            "batches": _batches(soc),
            "missing": soc.store.missing(),
            "coverage": _coverage(soc),
            "doubted": doubted(soc),
            "blind": listed(blind_rules(soc, soc.content), soc.content),
        }
    except StoreError as error:
        known = {"unavailable": str(error)}
    waiting = used(spool_folder(soc))
    stopped = {"overdue": overdue(soc), "retention_waits": retention_waits(soc)}
    return known | {"detection": _detection(soc), **stopped, "spooled_bytes": waiting, "queue": _queue(soc)}


def _detection(soc: Soc) -> dict[str, Any]:
    """The last run, and since when runs have been blind: the store did not answer them."""
    from soc.detect.alerts.outcome import BLIND

    with soc.desk.read() as tx:
        runs = tx.runs(kind="scheduled", limit=1000)
    blind = list(takewhile(lambda run: run.verdict == BLIND, runs))
    last = runs[0] if runs else None
    return {
        "last_run": iso(last.started_at) if last else None,
        "verdict": last.verdict if last else None,
        "blind_since": iso(blind[-1].started_at) if blind else None,
    }


def _feeds(soc: Soc) -> list[dict[str, Any]]:
    """Feeds that brought events, and those that should have: by name, then dataset."""
    now, known = soc.now(), soc.content.feeds
    rows = []
    for state in soc.store.feeds():
        feed = known.get(state.feed)
        quiet = state.quiet(now)
        rows.append(
            {
                "feed": state.feed,
                "dataset": state.dataset,
                "events": state.events,
                "last_event": iso(state.last_time),
                "quiet_for": duration_text(quiet) if quiet is not None else "unknown",
                "expect": duration_text(feed.expect) if feed and feed.expect else None,
                "silent": bool(feed and state.silent(feed.expect, now)),
            }
        )
    seen = {row["feed"] for row in rows}
    for name, feed in known.items():
        if name not in seen and feed.expect:
            rows.append(
                {
                    "feed": name,
                    "dataset": None,
                    "events": 0,
                    "last_event": None,
                    "quiet_for": None,
                    "expect": duration_text(feed.expect),
                    "silent": True,
                }
            )
    return sorted(rows, key=lambda row: (row["feed"], row["dataset"] or ""))


def _batches(soc: Soc) -> dict[str, Any]:
    rows = soc.store.batches()
    newest = max((row.last for row in rows if row.last is not None), default=None)
    unfinished = soc.store.unfinished()
    under_way = {
        "writing": sum(not batch.lapsed for batch in unfinished),
        "left": [batch.number for batch in unfinished if batch.lapsed],
    }
    return {"closed": len(rows), **under_way, "newest_event": iso(newest) if newest is not None else None, **soc.store.statistics()}


def _coverage(soc: Soc) -> dict[str, Any]:
    """For the rules in force: batches not yet searched, per state of gap the rules concerned, and what is wrong with the hits."""
    from soc.detect.coverage.anew import lost_hits

    rules = soc.content.rules
    with soc.desk.read() as tx:
        ranges = tx.covered(soc.store.id, rules.hash)
        gaps = tx.gaps(soc.store.id, rules.hash)
    rows = [row for row in soc.store.batches() if row.events]
    uncovered = [row.number for row in rows if not any(first <= row.number <= last for first, last in ranges)]
    states = Counter(state for state, _ in {(gap.state, gap.rule) for gap in gaps})
    return {
        "rules": sum(1 for _ in rules.active()),
        "batches": len(rows),
        "uncovered": len(uncovered),
        "gaps": dict(states),
        "hits": lost_hits(soc.store, soc.desk, rules) or None,
    }


def _queue(soc: Soc) -> dict[str, Any]:
    with soc.desk.read() as tx:
        heads = [head for head in tx.heads() if head.status != "closed"]
    return {
        "open": len(heads),
        "by_priority": {str(k): v for k, v in sorted(Counter(head.priority for head in heads).items())},
        "unassigned": sum(1 for head in heads if not head.owner),
    }


def _print(found: dict[str, Any]) -> None:
    from soc.cli.call.output import emit

    if "unavailable" not in found:
        _print_store(found, emit)
    detection, queue = found["detection"], found["queue"]
    since = f"; blind since {detection['blind_since']}" if detection["blind_since"] else ""
    safe_echo(
        f"Detection last run {detection['last_run']}, {detection['verdict']}{since}" if detection["last_run"] else "Detection never ran"
    )
    for line in (line for text in (*found["overdue"], found["retention_waits"] or "") for line in text.splitlines()):
        safe_echo(f"Stopped   {line}")
    if found["spooled_bytes"]:
        safe_echo(f"Spool     {found['spooled_bytes']} bytes of standard input wait for the store")
    priorities = ", ".join(f"{count} of priority {level}" for level, count in queue["by_priority"].items()) or "nothing waits"
    safe_echo(f"Queue     {queue['open']} open cases ({priorities}), {queue['unassigned']} without an owner")


def _print_store(found: dict[str, Any], emit: Callable[..., int]) -> None:
    emit(found["feeds"], ("feed", "dataset", "events", "last_event", "quiet_for", "expect", "silent"), "table", title="Feeds")
    batches, coverage = found["batches"], found["coverage"]
    safe_echo("")
    safe_echo(
        f"Batches   {batches['closed']} closed, {batches['events']} events, newest {batches['newest_event']}, {batches['bytes']} bytes"
    )
    if batches["writing"] or batches["left"]:
        numbers = ", ".join(map(str, batches["left"]))
        left = (
            f"; left unfinished: {numbers} (searched once their lines are read on; if they are lost: soc store salvage)" if numbers else ""
        )
        safe_echo(f"Unclosed  {batches['writing']} batches are being written{left}")
    for line in (line for fault in found["missing"] for line in fault.splitlines()):
        safe_echo(f"Missing   {line}")
    if batches.get("refused"):
        safe_echo(f"Refused   {batches['refused']} events, kept as dead letters: see soc doctor")
    for line in found["doubted"]:
        safe_echo(f"Doubted   {line}")
    if found["blind"]:
        safe_echo(f"Blind     {len(found['blind'])} rules, for no feed alive supplies what they look at: soc rule list --blind")
    gaps = ", ".join(f"{count} rules {state}" for state, count in sorted(coverage["gaps"].items())) or "no gaps"
    safe_echo(f"Coverage  {coverage['rules']} rules, {coverage['uncovered']} of {coverage['batches']} batches not searched yet, {gaps}")
    for line in (coverage["hits"] or "").splitlines():
        safe_echo(f"Hits      {line}")
