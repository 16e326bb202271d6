"""The one writer of a store: it holds the lock file while it lives."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from soc.errors import Busy, StoreError
from soc.event import Event
from soc.model import SourceState
from soc.store.base import Added, Cut, Draft, Since
from soc.store.segments import commit, compaction, retention
from soc.store.segments.core import Core
from soc.store.segments.disk import check_reserve, crowded
from soc.store.segments.give_up import Again, give_up
from soc.store.segments.hits import hits_lock
from soc.store.segments.layout import storage_errors, sweep

_OF_A_BATCH = re.compile(r"b([0-9]{10})-[0-9a-f]+\.parquet").fullmatch


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

    def compact(self, *, now: int) -> int:
        retention.purge(self._core, now=now)
        check_reserve(self._core.layout.segments, self._core.reserve)
        return compaction.compact(self._core, now=now)

    def retain(self, cuts: Sequence[Cut], *, now: int) -> int:
        gone = retention.retain(self._core, cuts, now=now)
        retention.purge(self._core, now=now)
        return gone

    def give_up(self, name: str, *, now: int, again: Again) -> Path:
        """Takes a damaged file out of the store; returns where it lies now. `again` is told the batches to be searched again, if any.

        A segment's batches keep their count of events, so whoever needs these events learns that they are lost. Hits are to be
        made anew: the rules have to see the batches again. Raises UsageError.
        """
        return give_up(self._core, name, now=now, again=again)


@contextmanager
def writing(core: Core) -> Iterator[SegmentWriter]:
    """The writer, alone: what a dead one left behind is swept first. Raises Busy that names the process holding the lock."""
    with _locked(core):
        core.manifest.run("UPDATE batches SET state = 'abandoned' WHERE state = 'open'")
        _sweep(core)
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


def _refuse_older_manifest(core: Core) -> None:
    """A batch has its number before its file: a file of a later batch means that this manifest is not the newest, and names too little."""
    last = core.manifest.value("SELECT coalesce(max(number), 0) FROM batches")
    with storage_errors(core.layout.segments):
        batches = [match for path in sorted(core.layout.segments.iterdir()) if (match := _OF_A_BATCH(path.name))]
    newer = [match[0] for match in batches if int(match[1]) > last]
    if newer:
        raise StoreError(
            f"{core.layout.manifest}: is older than {len(newer)} segments beside it, as {newer[0]}; they would be lost\n"
            f"  restore the newest manifest; to go on without their events, move them out of {core.layout.segments}"
        )


def _holder(handle: IO[str]) -> str:
    handle.seek(0)
    pid = handle.read(20)
    return f"process {pid}" if pid else "another process"


def _sweep(core: Core) -> None:
    _refuse_older_manifest(core)
    with storage_errors(core.layout.root):
        sweep(core.layout.segments, {name for (name,) in core.manifest.rows("SELECT name FROM segments")})
        with hits_lock(core):
            sweep(core.layout.hits, {name for (name,) in core.manifest.rows("SELECT name FROM hit_files")})
