"""`soc retain`: upkeep of the store. `soc run` does the same at its end."""

from __future__ import annotations

import click

from soc.cli.context import Soc, pass_soc
from soc.cli.output import note
from soc.store.cuts import Cut
from soc.times import DAY, iso

EVERY_RULE = "*"  # a gap that concerns the whole rule set


@click.command()
@click.option("--days", type=click.IntRange(min=1), help="Keep this many days.  [default: retention.days of soc.toml, 30]")
@pass_soc
def retain(soc: Soc, days: int | None) -> int:
    """Merge small segments and drop events older than the retention, by their time; the oldest hours go too when soc's own
    files outgrow max_disk. Evidence of alerts stays on the desk.

    \b
    Example:  soc retain --days 90
    """
    merged, dropped = upkeep(soc, days or soc.config.retention_days)
    later = "; their files go with the first upkeep after ten minutes, when no query reads them any more" if dropped else ""
    note(f"merged {merged} segments, dropped {dropped} events{later}")
    return 0


def upkeep(soc: Soc, days: int) -> tuple[int, int]:
    """Segments merged and events dropped. Batches that go before the rules have seen them are written down as expired.

    What is to go goes first: on a full disk, merging has to wait for its room.
    """
    now = soc.now()
    with soc.store.writer() as writer:
        before = max(now - days * DAY, soc.store.keep_from() or 0)
        _note_expired(soc, before, now)
        dropped = writer.retain([Cut(before)], now=now)
        if writer.crowded():
            note("too little of the disk is free to merge segments; see: soc doctor")
            return 0, dropped
        return writer.compact(now=now), dropped


def _note_expired(soc: Soc, before: int, now: int) -> None:
    store, rules = soc.store.id, soc.content.rules.hash
    with soc.desk.read() as tx:  # a rule set that was edited since takes over what those before it have seen
        ranges = [span for known in {*tx.rulesets(), rules} for span in tx.covered(store, known)]
    lost = [
        row.number
        for row in soc.store.batches()
        if row.events and row.first is not None and row.first < before and not any(a <= row.number <= b for a, b in ranges)
    ]
    if not lost:
        return
    reason = f"expired uncovered: dropped by retention before {iso(before)}"
    with soc.desk.write() as tx:
        for number in lost:
            tx.note_gap(store, rules, EVERY_RULE, number, number, "expired", reason, now)
    note(f"{len(lost)} batches lose events that no rule has seen; they are noted as expired")
