"""Batches go into the store, each with the positions it reached: both become durable together, or neither."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from soc.errors import Contested, StoreError
from soc.ingest.batch import Batch
from soc.ingest.feeds import STDIN
from soc.ingest.skew import Skewed, skewed
from soc.model import ALWAYS
from soc.store.base import Added, Writer

_ATTEMPTS = 3  # at reading anew without anything gained
PIPES = ("-", f"{STDIN}:")  # what names a stream begins like this; a file's path is absolute
_COLLECT = 8  # batches between two collections of garbage


@dataclass(slots=True)
class Tally:
    """What became durable. `read` lines = `events` + `failed`; `unrecognised` are among the events.

    `refused`: files. `oversized`: those, by path, of which the store had not enough memory for what was read. `elsewhere`: files
    that another process reads, by path, with what is known of it. `letters`: events that the store refused and keeps as dead letters.
    `skewed`: events whose time was not believed. `old`: those from before `keep_from`, which retention lets go.
    """

    read: int = 0
    unrecognised: int = 0
    failed: int = 0
    batches: int = 0
    refused: int = 0
    oversized: set[str] = field(default_factory=set)
    elsewhere: dict[str, str] = field(default_factory=dict)
    letters: int = 0
    skewed: Skewed = field(default_factory=Counter)
    keep_from: int = ALWAYS.since
    old: int = 0

    @property
    def events(self) -> int:
        return self.read - self.failed

    def count(self, batch: Batch) -> None:
        self.read += len(batch.events)
        self.unrecognised += batch.unrecognised
        self.failed += batch.failed
        self.batches += bool(batch.events)
        self.skewed += skewed(batch.events)
        self.old += [event["@timestamp"] < self.keep_from for event in batch.events].count(True)


class Oversized(Exception):
    """A batch that the store had not enough memory for. Nothing of it counts."""

    def __init__(self, batch: Batch) -> None:
        self.paths = sorted(state.path for state in batch.states.values())
        super().__init__(f"there is not enough memory to store what was read of {', '.join(self.paths[:3])}")


class Lost(Exception):
    """A batch that is not ours to commit: another process reads, or has read, one of its sources. Nothing of it counts."""

    def __init__(self, batch: Batch, reason: Contested) -> None:
        self.batch, self.reason = batch, reason
        super().__init__(str(reason))


def pump_shared(
    intake: Callable[[Collection[str]], Iterator[Batch]],
    writer: Writer,
    tally: Tally,
    *,
    now: Callable[[], int],
    on_batch: Callable[[Added], None] | None = None,
    on_kept: Callable[[Batch], object] = lambda batch: None,
) -> None:
    """As `pump`, where other processes may read the same sources: what one has is left to it, the rest is read anew from where it was.

    `intake` begins to read, but for these files, from the positions that are committed now. Likewise what the store has not enough
    memory for. Raises Busy or Conflict when a stream is concerned, which cannot be read again, or when nothing is gained by reading
    anew; and MemoryError for a stream.
    """
    fruitless = 0
    while True:
        before = (tally.batches, len(tally.elsewhere))
        try:
            left = tally.elsewhere.keys() | tally.oversized
            pump(intake(left), writer, tally, now=now, on_batch=on_batch, on_kept=on_kept)
        except Oversized as oversized:
            if any(path.startswith(PIPES) for path in oversized.paths):
                raise MemoryError(str(oversized)) from oversized
            tally.oversized.update(oversized.paths)
        except Lost as lost:
            _leave(lost, tally)
            fruitless = fruitless + 1 if before == (tally.batches, len(tally.elsewhere)) else 0
            if fruitless == _ATTEMPTS or any(state.path.startswith(PIPES) for state in lost.batch.states.values()):
                raise lost.reason from lost
        else:
            return


def _leave(lost: Lost, tally: Tally) -> None:
    """The files of the batch that are said to be another's are left alone from now on."""
    said, _, _ = str(lost.reason).partition("\n")
    tally.elsewhere.update((lost.batch.states[id].path, said) for id in lost.reason.sources & lost.batch.states.keys())


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

    When the store refuses one, its error is raised and `tally` says what was kept. Raises Lost for a batch that is not ours to commit,
    Oversized for one that there is not enough memory for.
    """
    with quiet_collector() as collect:
        for batch in batches:
            try:
                added = writer.add(writer.begin(), batch.events, list(batch.states.values()), now=now(), since=batch.since)
            except Contested as error:
                raise Lost(batch, error) from error
            except (MemoryError, StoreError) as error:
                if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
                    raise Oversized(batch) from error
                raise
            tally.count(batch)
            tally.letters += added.refused
            on_kept(batch)
            batch.events = []  # so that a collection does not walk them
            if on_batch:
                on_batch(added)
            del added  # its tables take as much as the next batch
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
