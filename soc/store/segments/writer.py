"""The one writer of a store: it holds the lock file while it lives."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from soc.errors import Busy
from soc.event import Event
from soc.model import SourceState
from soc.store.base import Added, Cut, Draft, Since, Stop, never
from soc.store.segments.manifest.disk import check_reserve, crowded
from soc.store.segments.manifest.layout import storage_errors
from soc.store.segments.questions.core import Core
from soc.store.segments.upkeep import compaction, retention
from soc.store.segments.upkeep.give_up import Again, give_up
from soc.store.segments.upkeep.sweep import sweep
from soc.store.segments.writing import commit
from soc.store.segments.writing.generation import check_newest


class SegmentWriter:
    """See `soc.store.base.Writer`. Made by `writing`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def begin(self) -> Draft:
        token = secrets.token_hex(8)
        number = self._core.manifest.run("INSERT INTO batches(token, state) VALUES (?, 'open')", token)
        return Draft(number, token)

    def add(
        self, draft: Draft, events: Sequence[Event], sources: Sequence[SourceState], *, now: int, since: Since | None = None
    ) -> Added:  # nobody else writes, hence nobody reads on
        check_reserve(self._core.layout.segments, self._core.reserve)
        return commit.add(self._core, draft, events, sources, now=now)

    def crowded(self) -> bool:
        """Whether less of the disk is free than is kept free: then nothing is written."""
        return bool(crowded(self._core.layout.segments, self._core.reserve))

    def compact(self, *, now: int, stop: Stop = never) -> int:
        retention.purge(self._core, now=now)
        check_reserve(self._core.layout.segments, self._core.reserve)
        return compaction.compact(self._core, now=now, stop=stop)

    def retain(self, cuts: Sequence[Cut], *, now: int, stop: Stop = never) -> int:
        gone = retention.retain(self._core, cuts, now=now, stop=stop)
        retention.purge(self._core, now=now)
        return gone

    def rename(self) -> str:
        """A new id of the store, which is returned: to whoever knows the old one, none of its batches is known."""
        id = secrets.token_hex(8)
        self._core.manifest.set_meta("id", id)
        return id

    def give_up(self, name: str, *, now: int, again: Again) -> Path:
        """Takes a damaged file out of the store; returns where it lies now. `again` is told the batches to be searched again, if any.

        A segment's batches keep their count of events, so whoever needs these events learns that they are lost. Hits are to be
        made anew: the rules have to see the batches again. Raises UsageError.
        """
        return give_up(self._core, name, now=now, again=again)


@contextmanager
def writing(core: Core) -> Iterator[SegmentWriter]:
    """The writer, alone: what a dead one left behind is swept first.

    Raises Busy that names the process holding the lock, and StoreError when the manifest is not the newest.
    """
    with _locked(core):
        check_newest(core)
        core.manifest.run("UPDATE batches SET state = 'abandoned' WHERE state = 'open'")
        sweep(core)
        yield SegmentWriter(core)


@contextmanager
def _locked(core: Core) -> Iterator[None]:
    path = core.layout.lock
    with storage_errors(path):
        handle = path.open("a+", encoding="ascii")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(f"{path}: {_holder(handle)} is writing to the store\n  wait until it is done") from error
        with storage_errors(path):
            handle.truncate(0)
            handle.write(str(os.getpid()))
            handle.flush()
        yield


def _holder(handle: IO[str]) -> str:
    handle.seek(0)
    pid = handle.read(20)
    return f"process {pid}" if pid else "another process"
