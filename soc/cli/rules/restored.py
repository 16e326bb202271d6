"""A store that was put back from a backup gives numbers again that the desk knows: what is new under them would count as searched."""

from __future__ import annotations

from soc.cli.call.context import Soc
from soc.errors import StoreError, UsageError


def restored(soc: Soc) -> str | None:
    """What is wrong when the store does not hold the newest batch that the desk has seen of it; None otherwise."""
    store = soc.store
    with soc.desk.read() as tx:
        number, closed_at = tx.newest_batch(store.id)
    if not number:
        return None
    found = next((row for row in store.batches(number - 1) if row.number == number), None)
    if found is not None and closed_at in (None, found.closed_at):
        return None
    return (
        f"{store.place}: was put back from a backup: the desk has seen batch {number}, which this store does not hold\n"
        "  put the newest store back; if there is none, give this one a new id, so that all of it is searched: soc doctor --restored"
    )


def check_not_restored(soc: Soc) -> None:
    """Before rules search. Raises StoreError when the store was put back; else its newest batch is remembered."""
    if fault := restored(soc):
        raise StoreError(fault)
    rows = soc.store.batches()
    if rows and (newest := (rows[-1].number, rows[-1].closed_at or 0)) and _remembered(soc) != newest:
        with soc.desk.write() as tx:
            tx.keep_newest_batch(soc.store.id, *newest)


def accept(soc: Soc) -> str:
    """Gives a store that was put back a new id, and returns that: no batch of it counts as searched. Raises UsageError for another."""
    from soc.store.segments import SegmentStore

    store = soc.store
    if not isinstance(store, SegmentStore) or restored(soc) is None:
        raise UsageError(f"{store.place}: was not put back from a backup\n  leave --restored out")
    with store.writer() as writer:
        id = writer.rename()
    store.close()
    del soc.__dict__["store"]  # whoever asks for it next gets it under its new id
    return id


def _remembered(soc: Soc) -> tuple[int, int | None]:
    with soc.desk.read() as tx:
        return tx.newest_batch(soc.store.id)
