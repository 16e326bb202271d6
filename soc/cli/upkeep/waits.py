"""Retention that waits: it drops nothing until the clock is right, or a person has said that it is."""

from __future__ import annotations

from collections.abc import Sequence

from soc.cli.call.config import DEFAULT_DAYS
from soc.cli.call.context import Soc
from soc.cli.upkeep.clock import at_most, doubt, unusual
from soc.desk.runs.clock import Known
from soc.model import ALWAYS, Window
from soc.store.cuts import Cut, apart, latest
from soc.times import DAY

FLAG = "--clock-is-right"
_REPAIR = f"nothing is dropped until then: set the clock right; if it is, say so once: soc retain {FLAG}"
_MEANT = f"see them with soc retain --dry-run; if the clock and the retention in soc.toml are right, say so: soc retain {FLAG}"


def held_back(soc: Soc, cuts: Sequence[Cut], now: int, *, sure: bool = False, asked: bool = True) -> str | None:
    """Why nothing is to be dropped by these cuts; None when the clock is believed. Either is written on the desk.

    `sure`: a person has looked at the clock. `asked`: a person asks for it: else what was old already when it was read stays until
    one does, or says in soc.toml for how long it is kept.
    """
    why = None if sure else why_not(soc, cuts, now) or (None if asked else _old_already(soc, cuts))
    with soc.desk.write() as tx:
        if why is None:
            tx.believe(Known(now, *soc.uptime()))
            if asked or soc.store.batches():
                tx.note_retention()
        else:
            tx.wait(why, now=now)
    return why


def why_not(soc: Soc, cuts: Sequence[Cut], now: int) -> str | None:
    """Why nothing is to be dropped, with the repair; None when the clock is believed and no more goes than usual."""
    rows = soc.store.batches()
    with soc.desk.read() as tx:
        known = tx.known_time()
    receipts = [row.closed_at for row in rows if row.closed_at is not None]
    if why := doubt(Known(now, *soc.uptime()), known, receipts):
        return f"retention waits: {why}\n  {_REPAIR}"
    held = sum(row.events for row in rows)
    if unusual(at_most(rows, latest(cuts)), held) and unusual(going := sum(due(soc, cuts)), held):  # what is asked costs, so rarely
        return f"retention waits: {going} of {held} events would go, more than a run usually drops\n  {_MEANT}"
    return None


def _old_already(soc: Soc, cuts: Sequence[Cut]) -> str | None:
    """Why the first retention over a store waits: what would go was as old when it was read. None where it is no first, or days are set."""
    days = soc.config.retention_days
    if days != DEFAULT_DAYS or soc.config.keeps:
        return None
    with soc.desk.read() as tx:
        if tx.retention_has_gone():
            return None
    rows = [row for row in soc.store.batches() if row.first is not None and row.closed_at is not None]
    if not any(row.first < row.closed_at - days * DAY for row in rows) or not (going := sum(due(soc, cuts))):  # type: ignore[operator]
        return None
    old = f"{going} events were older than {days} days when they were read"
    return f"retention waits: {old}\n  let them go: soc retain; keep them: write another number of days under [retention] in soc.toml"


def due(soc: Soc, cuts: Sequence[Cut]) -> list[int]:
    """How many events would go by each cut, as the store counts them."""
    return [soc.store.count(node, Window(ALWAYS.since, cut.before)) for cut, node in zip(cuts, apart(cuts), strict=True)]
