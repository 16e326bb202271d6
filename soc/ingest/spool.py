"""Bytes of a stream that no batch holds yet, on this machine's disk, until the store takes them.

A file `NNNNNN.spool`: a line of JSON (`Head`), then the stream's bytes from `base` on. Who fills or drains it holds its lock.
"""

from __future__ import annotations

import fcntl
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from soc.errors import StoreError
from soc.folders import alone
from soc.ingest.identity import Footprint
from soc.ingest.packing import PIECE

SUFFIX = ".spool"
DRAFT = "draft"
HEAD = 1 << 20  # bytes that a first line cannot reach


@dataclass(frozen=True, slots=True)
class Head:
    """Which source the bytes belong to. `id` is "" while none is known: then it is known by its bytes, under `path`."""

    feed: str
    path: str
    id: str
    named: bool  # whether a person gave the stream its name, and may send it again
    base: int
    first: str  # the source's first and last bytes before `base`, base64
    last: str

    @classmethod
    def of(cls, feed: str, path: str, id: str, named: bool, consumed: Footprint) -> Head:
        first, last = (b64encode(end).decode() for end in consumed.ends)
        return cls(feed, path, id, named, consumed.position, first, last)

    def consumed(self) -> Footprint:
        return Footprint(b64decode(self.first), b64decode(self.last), self.base)


class Spool:
    """One file. Made by `make` or `spools`; `close` lets go of it, `remove` takes it away."""

    def __init__(self, path: Path, handle: int) -> None:
        """Raises StoreError when its first line says nothing of a stream."""
        self.path, self._handle = path, handle
        line = os.pread(handle, HEAD, 0).partition(b"\n")[0]
        self._start = len(line) + 1
        self.head = _head(line, path)

    @classmethod
    def make(cls, folder: Path, head: Head) -> Self:
        """A new one, with its head and locked before anybody can see it."""
        folder.mkdir(mode=0o700, exist_ok=True)
        draft = folder / DRAFT
        try:
            with alone(folder):
                handle = _drafted(draft, head)
                path = draft.rename(folder / f"{max((int(other.stem) for other in _files(folder)), default=0) + 1:06d}{SUFFIX}")
            _sync(folder)
            return cls(path, handle)
        except OSError as error:
            raise _unwritten(draft, error) from error

    @property
    def end(self) -> int:
        """The offset in the stream behind the last byte here."""
        return self.head.base + os.fstat(self._handle).st_size - self._start

    @property
    def received(self) -> int:
        """When the last bytes came."""
        return os.fstat(self._handle).st_mtime_ns // 1000

    def append(self, piece: bytes, limit: int) -> None:
        """They are on the disk when this returns.

        Raises StoreError, and keeps nothing of them, where the folder would outgrow `limit` or the disk fails.
        """
        self.check_room(limit, len(piece))
        before = at = self._start + self.end - self.head.base
        try:
            while piece:
                written = os.pwrite(self._handle, piece, at)
                at, piece = at + written, piece[written:]
            os.fsync(self._handle)
        except OSError as error:  # what may be there and may not would else count as kept
            os.ftruncate(self._handle, before)
            raise _unwritten(self.path, error) from error

    def check_room(self, limit: int, more: int = PIECE) -> None:
        """Raises StoreError where the folder would outgrow `limit` by so many bytes `more`."""
        if used(self.path.parent) + more > limit:
            repair = "nothing that was read is lost; make the store writable, or raise [ingest] spool"
            raise StoreError(f"{self.path.parent}: holds as much as it may, {limit} bytes: no more of standard input is read\n  {repair}")

    def pieces(self, position: int) -> Iterator[bytes]:
        """The bytes from this offset in the stream on."""
        at = self._start + position - self.head.base
        while piece := os.pread(self._handle, PIECE, at):
            at += len(piece)
            yield piece

    def close(self) -> None:
        os.close(self._handle)

    def remove(self) -> None:
        self.path.unlink()
        self.close()


def _drafted(draft: Path, head: Head) -> int:
    """The handle of a locked file with this head, durable."""
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(handle, json.dumps(asdict(head)).encode() + b"\n")
        os.fsync(handle)
    except OSError:
        os.close(handle)
        raise
    return handle


def spools(folder: Path, say: Callable[[str], object]) -> Iterator[Spool]:
    """Those that nobody is at, oldest first; close or remove each. What is wrong with others is said: they are left as they are.

    One that was cut off while it was made, before anything was put into it, goes.
    """
    for path in _files(folder):
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            continue
        if os.fstat(handle).st_nlink == 0:  # drained and removed while we opened it
            os.close(handle)
        elif b"\n" not in (start := os.pread(handle, HEAD, 0)) and len(start) < HEAD:  # killed before it held anything
            path.unlink()
            os.close(handle)
        else:
            try:
                yield Spool(path, handle)
            except StoreError as error:
                os.close(handle)
                say(str(error))


def _head(line: bytes, path: Path) -> Head:
    try:
        return Head(**json.loads(line))
    except (TypeError, ValueError) as error:
        repair = f"what stands below it came on standard input: move the file away, then: tail -n +2 {path.name} | soc ingest - --feed FEED"
        raise StoreError(f"{path}: its first line is damaged: {error}\n  {repair}") from error


def _unwritten(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path}: cannot be written: {error.strerror}\n  look to the disk; what was read last may have to be sent again")


def used(folder: Path) -> int:
    """Bytes that wait there."""
    return sum(path.stat().st_size for path in _files(folder))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{SUFFIX}"))


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
