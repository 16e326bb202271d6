"""`soc retain`: upkeep of the store. `soc run` does the same at its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import emit, note
from soc.cli.call.pipeline import stopper
from soc.cli.upkeep.expired import note_expired
from soc.cli.upkeep.retention import cuts_of, unknown_names
from soc.cli.upkeep.waits import FLAG, due, held_back, why_not
from soc.condition.tree import Not, Or
from soc.model import ALWAYS, Window
from soc.store.cuts import Cut, apart
from soc.times import iso

if TYPE_CHECKING:  # heavy
    from soc.store.base import Writer


@click.command()
@click.option(
    "--days",
    type=click.IntRange(min=1),
    help="Keep this many days of what no [[retention.keep]] of soc.toml fits; those stay in force.  [default: retention.days, 30]",
)
@click.option("--dry-run", is_flag=True, help="Change nothing; say how many events would go, for each entry of the retention.")
@click.option(FLAG, "sure", is_flag=True, help="Drop what is due although it waits, see soc status: you have looked at the clock.")
@pass_soc
def retain(soc: Soc, days: int | None, dry_run: bool, sure: bool) -> int:
    """Merge small segments and drop events older than the retention, by their time; the oldest hours go too when soc's own
    files outgrow max_disk. Evidence of alerts stays on the desk. SIGINT and SIGTERM end it between two steps.

    The retention is said in soc.toml: days for all, and [[retention.keep]] for datasets and institutions that differ.
    Exits 4 when nothing was dropped because the clock is not believed, or more than usual would go.

    \b
    Example:  soc retain --days 90 --dry-run
    """
    if dry_run:
        _foretell(soc, days)
        return 0
    stop = stopper(soc, None)
    merged, dropped, waits = upkeep(soc, days, sure=sure, stop=stop)
    later = "; their files go with the first upkeep after ten minutes, when no query reads them any more" if dropped else ""
    note(f"merged {merged} segments, dropped {dropped} events{later}" + ("; stopped before the end" if stop() else ""))
    return 4 if waits else 0


class Upkeep(NamedTuple):
    """Segments merged and events dropped; `waits`: nothing went by its age, and why is told."""

    merged: int
    dropped: int
    waits: bool


def upkeep(soc: Soc, days: int | None = None, *, sure: bool = False, asked: bool = True, stop: Callable[[], bool]) -> Upkeep:
    """What was done. Batches that go before the rules have seen them are written down as expired.

    `days`: in place of the configured ones. `sure`: a person has looked at the clock. `asked`: see `held_back`.
    What is to go goes first: on a full disk,
    merging has to wait for its room. What `max_disk` has no room for goes whatever the clock says. Once `stop` says so, it ends
    after the step that is under way.
    """
    now = soc.now()
    cuts = _cuts(soc, days, now)
    with soc.store.writer() as writer:
        if waits := held_back(soc, cuts, now, sure=sure, asked=asked):
            note(waits)
        dropped = 0 if waits else _drop(soc, writer, cuts, now, stop)
        if not stop() and (before := soc.store.keep_from()) is not None:
            dropped += _drop(soc, writer, [Cut(before)], now, stop)
        if writer.crowded():
            note("too little of the disk is free to merge segments; see: soc doctor")
            return Upkeep(0, dropped, bool(waits))
        return Upkeep(writer.compact(now=now, stop=stop), dropped, bool(waits))


def unknown_to_all(soc: Soc) -> list[str]:
    """What the entries of the retention name and nothing has: no dataset that is stored or can be, no institution, no class.

    Raises ContentError when the institutions cannot be read: an entry for a class would fit nothing, and its events would go.
    """
    config, content = soc.config, soc.content
    if not config.keeps:
        return []
    datasets = {dataset.name for dataset in content.datasets} | {state.dataset for state in soc.store.feeds()}
    return [str(fault) for fault in unknown_names(config.keeps, content.institutions.classes, datasets, config.path)]


def _cuts(soc: Soc, days: int | None, now: int) -> list[Cut]:
    for fault in unknown_to_all(soc):
        note(fault)
    keeps = soc.config.keeps
    return cuts_of(days or soc.config.retention_days, keeps, soc.content.institutions.classes if keeps else {}, now)


def _drop(soc: Soc, writer: Writer, cuts: Sequence[Cut], now: int, stop: Callable[[], bool]) -> int:
    note_expired(soc, cuts, now)
    return writer.retain(cuts, now=now, stop=stop)


def _foretell(soc: Soc, days: int | None) -> None:
    """What would go now, as the store counts it."""
    now = soc.now()
    keeps, cuts = soc.config.keeps, _cuts(soc, days, now)
    entries = [*((str(keep), keep.days) for keep in keeps), ("all else" if keeps else "all", days or soc.config.retention_days)]
    rows = [
        {"keep": name, "days": kept, "before": iso(cut.before), "events": events}
        for (name, kept), cut, events in zip(entries, cuts, due(soc, cuts), strict=True)
    ]
    if (before := soc.store.keep_from()) is not None:
        more = soc.store.count(Not(Or(tuple(apart(cuts)))), Window(ALWAYS.since, before))
        rows.append({"keep": "what max_disk has room for", "days": None, "before": iso(before), "events": more})
    emit(rows, ("keep", "days", "before", "events"), None, title="Would go")
    if why := why_not(soc, cuts, now):
        note(why)
