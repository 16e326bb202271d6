"""Regular files and standard input as bytes, unpacked where they are packed (`soc.ingest.unpack`). Offsets count unpacked bytes."""

from __future__ import annotations

import os
import select
import stat as mode
from collections.abc import Iterable, Iterator
from pathlib import Path

from soc.errors import SourceError
from soc.ingest.identity import HEAD, TAIL
from soc.ingest.names import shown
from soc.ingest.packing import MAGIC, PIECE, packing_of

_PATIENCE = 0.25  # seconds until a pipe that says nothing gives an empty piece


class File:
    """An opened regular file. `stat` is not older than the last bytes read, and older than the read that met the end."""

    def __init__(self, path: Path) -> None:
        """Raises SourceError when it cannot be opened or is no regular file."""
        self.path = path
        try:
            _regular(path, path.stat())
            self._handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        except OSError as error:
            raise SourceError(
                f"{shown(path)}: cannot be opened: {error.strerror}\n  check that it exists, its owner and its mode"
            ) from error
        self.stat = os.fstat(self._handle)
        _regular(path, self.stat)
        self.packing = packing_of(self._pread(MAGIC, 0))
        self._ahead: tuple[int, Iterator[bytes]] | None = None
        self.taken = 0  # bytes of the file that were read, packed as they are: for progress

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def written(self, now: int) -> int:
        """When its last bytes were written; a time of change in the future is not believed, and is `now`."""
        return min(self.stat.st_mtime_ns // 1000, now)

    def head(self) -> bytes:
        """The first 64 KiB, or all when there is less, or all before damage."""
        return first(self._unpacked(), HEAD) if self.packing else self._pread(HEAD, 0)

    def before(self, position: int) -> bytes | None:
        """The last 4 KiB before `position`; None when the file is shorter than that, or damaged before it."""
        if not self.packing:
            start = max(0, position - TAIL)
            tail = self._pread(position - start, start)
            return tail if len(tail) == position - start else None
        pieces = self._unpacked()
        try:
            tail, rest = passed(pieces, position)
        except (StopIteration, SourceError):
            return None
        self._ahead = (position, chained(rest, pieces))
        return tail[-TAIL:]

    def pieces(self, position: int = 0) -> Iterator[bytes]:
        """The bytes from `position` to the end, also those appended meanwhile.

        Raises SourceError, which names file and offset, after the last byte before damage.
        """
        if not self.packing:
            yield from self._plain(position)
        elif self._ahead and self._ahead[0] == position:
            ahead, self._ahead = self._ahead[1], None
            yield from ahead
        else:
            pieces = self._unpacked()
            try:
                _, rest = passed(pieces, position)
            except StopIteration:
                return
            yield from chained(rest, pieces)

    def _plain(self, position: int) -> Iterator[bytes]:
        """Pieces end at multiples of PIECE wherever they begin: a later run cuts batches where an undisturbed one does."""
        while piece := self._pread(PIECE - position % PIECE, position):
            position += len(piece)
            self.taken = position
            self.stat = os.fstat(self._handle)
            yield piece

    def _unpacked(self) -> Iterator[bytes]:
        return _unpack(self.packing, self._plain(0), shown(self.path))

    def _pread(self, length: int, offset: int) -> bytes:
        try:
            return os.pread(self._handle, length, offset)
        except OSError as error:
            raise SourceError(f"{shown(self.path)}: cannot be read at byte {offset}: {error.strerror}") from error


class Pipe:
    """Standard input, or another stream that can be read once. An empty piece says that nothing has come for a while."""

    def __init__(self, handle: int, name: str = "standard input") -> None:
        self._handle, self._name = handle, name
        self.taken = 0

    def pieces(self) -> Iterator[bytes]:
        """All that comes until the other side closes. Raises SourceError as `File.pieces` does."""
        blocks, start = self._blocks(), b""
        while len(start) < MAGIC and (block := next(blocks, None)) is not None:
            start += block
            yield b""
        packing = packing_of(start)
        whole = chained(start, blocks)
        yield from _unpack(packing, whole, self._name) if packing else whole

    def _blocks(self) -> Iterator[bytes]:
        while True:
            ready, _, _ = select.select([self._handle], [], [], _PATIENCE)
            if not ready:
                yield b""
                continue
            try:
                block = os.read(self._handle, PIECE)
            except OSError as error:
                raise SourceError(f"{self._name}: cannot be read: {error.strerror}") from error
            if not block:
                return
            self.taken += len(block)
            yield block


def _unpack(packing: str, blocks: Iterable[bytes], name: str) -> Iterator[bytes]:
    from soc.ingest.unpack import unpack

    return unpack(packing, blocks, name)


def passed(pieces: Iterator[bytes], position: int) -> tuple[bytes, bytes]:
    """Reads past `position`: the bytes before it (at least 4 KiB, or all), and those behind it that came with them.

    Raises StopIteration when there are fewer.
    """
    tail, at = b"", 0
    while at < position:
        piece = next(pieces)
        at += len(piece)
        tail = (tail + piece)[-TAIL:] if at < position else tail + piece
    edge = len(tail) - (at - position)
    return tail[:edge], tail[edge:]


def first(pieces: Iterator[bytes], length: int) -> bytes:
    """The first bytes, at most `length`; fewer when there are no more, or damage."""
    out = b""
    try:
        while len(out) < length and (piece := next(pieces, None)) is not None:
            out += piece
    except SourceError:
        return out[:length]
    return out[:length]


def chained(start: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """The bytes of `start`, then the rest."""
    if start:
        yield start
    yield from rest


def _regular(path: Path, found: os.stat_result) -> None:
    if mode.S_ISREG(found.st_mode):
        return
    kinds = ((mode.S_ISDIR, "a folder"), (mode.S_ISFIFO, "a pipe"), (mode.S_ISSOCK, "a socket"))
    kind = next((name for test, name in kinds if test(found.st_mode)), "a device")
    raise SourceError(f"{shown(path)}: is {kind}, not a regular file\n  to read a stream, pipe it: … | soc ingest -")
