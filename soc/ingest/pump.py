"""Batches go into the store, each with the positions it reached: both become durable together, or neither."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from soc.ingest.intake import Batch
from soc.store.base import Added, Writer

_COLLECT = 8  # batches between two collections of garbage


@dataclass(slots=True)
class Tally:
    """What became durable. `read` lines = `events` + `failed`; `unrecognised` are among the events. `refused`: files.

    `letters`: events that the store refused and keeps as dead letters.
    """

    read: int = 0
    unrecognised: int = 0
    failed: int = 0
    batches: int = 0
    refused: int = 0
    letters: int = 0

    @property
    def events(self) -> int:
        return self.read - self.failed

    def count(self, batch: Batch) -> None:
        self.read += len(batch.events)
        self.unrecognised += batch.unrecognised
        self.failed += batch.failed
        self.batches += bool(batch.events)


def pump(
    batches: Iterable[Batch],
    writer: Writer,
    tally: Tally,
    *,
    now: Callable[[], int],
    on_batch: Callable[[Added], None] | None = None,
    on_kept: Callable[[Batch], object] = lambda batch: None,
) -> None:
    """Commits each batch before the next is read; `on_kept` is told of it first.

    When the store refuses one, its error is raised and `tally` says what was kept.
    """
    with quiet_collector() as collect:
        for batch in batches:
            added = writer.add(writer.begin(), batch.events, list(batch.states.values()), now=now())
            tally.count(batch)
            tally.letters += added.refused
            on_kept(batch)
            batch.events = []  # so that a collection does not walk them
            if on_batch:
                on_batch(added)
            if tally.batches % _COLLECT == _COLLECT - 1:
                collect()


@contextmanager
def quiet_collector() -> Iterator[Callable[[], object]]:
    """Keeps the garbage collector out of the loop, where it would walk all living events again and again; gives what collects."""
    was_enabled = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield gc.collect
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()
