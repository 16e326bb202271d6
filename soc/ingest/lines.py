"""Bytes to lines: a line ends at LF and at nothing else, and a CR before the LF is not part of it. An empty line is a line.

A line longer than MAX_LINE is cut into pieces of MAX_LINE bytes, so that memory stays bounded and nothing is lost. What
follows a cut up to the LF is a piece too, also when it is read by a later run.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from io import BytesIO
from itertools import accumulate
from typing import NamedTuple

MAX_LINE = 8 << 20
MAX_LINES = 10_000  # in one chunk
TORN = f"a piece of a line that was cut: it is longer than {MAX_LINE >> 20} MiB, or its beginning was read before its end was written"


class Chunk(NamedTuple):
    """Consecutive lines of one source. `consumed`: all their bytes, ends included. `torn`: places of those that are pieces."""

    offsets: list[int]
    raws: list[bytes]
    consumed: bytes
    torn: frozenset[int] = frozenset()


def chunks(
    pieces: Iterable[bytes], position: int, *, mid_line: bool = False, final: bool = False, limit: int = MAX_LINE
) -> Iterator[Chunk]:
    """The lines in these bytes, of which the first lies at offset `position`.

    Bytes after the last LF stay unread unless `final`; a CR at the very end is kept then. `mid_line`: the beginning of
    the first line was consumed before, so what is left of it is a piece, or nothing when only its end was missing.
    An empty piece gives a chunk without lines: time to look at the clock. What `pieces` raises comes after the last line before it.
    """
    cutter = _Cutter(position, mid_line, limit)
    for piece in pieces:
        if not piece:
            yield Chunk([], [], b"")
        for start in range(0, len(piece), limit):  # so that only the first line that a piece ends can be over the limit
            yield from cutter.add(piece[start : start + limit])
    if final:
        yield from cutter.rest()


class _Cutter:
    def __init__(self, position: int, mid_line: bool, limit: int) -> None:
        self._position, self._torn, self._limit = position, mid_line, limit
        self._pending: list[bytes | memoryview] = []  # the beginning of a line
        self._size = 0

    def add(self, piece: bytes) -> Iterator[Chunk]:
        cut = piece.rfind(b"\n") + 1
        if cut:
            self._pending.append(memoryview(piece)[:cut])
            block, self._pending = b"".join(self._pending), []  # of long lines nothing is held twice
            self._size, piece = 0, piece[cut:]
            yield from self._whole(block)
            del block
        if piece:
            self._pending.append(piece)
            self._size += len(piece)
            if self._size > self._limit:
                rest = yield from self._long(b"".join(self._pending))
                self._pending, self._size = [rest], len(rest)

    def rest(self) -> Iterator[Chunk]:
        if self._size:
            yield self._piece(b"".join(self._pending), torn=self._torn)

    def _whole(self, block: bytes) -> Iterator[Chunk]:
        """Of a block that ends with LF."""
        first = block.find(b"\n")
        if first > self._limit or self._torn:
            rest = yield from self._long(block[:first])
            if rest not in (b"", b"\r"):
                yield self._piece(rest, end=b"\n", torn=self._torn)
            else:  # only the line's end was missing
                yield Chunk([], [], rest + b"\n")
                self._position += len(rest) + 1
            self._torn, block = False, block[first + 1 :]
        if block:
            yield from self._plain(block)

    def _plain(self, block: bytes) -> Iterator[Chunk]:
        lines = BytesIO(block).readlines()  # a fifth of what split takes for long lines
        offsets = list(accumulate(map(len, lines), initial=self._position))
        raws = [line[:-1] for line in lines]
        del lines
        if b"\r" in block:  # looking for two bytes takes ninety times as long
            raws = [raw[:-1] if raw.endswith(b"\r") else raw for raw in raws]
        for start in range(0, len(raws), MAX_LINES):
            stop = min(start + MAX_LINES, len(raws))
            consumed = block[offsets[start] - self._position : offsets[stop] - self._position]
            yield Chunk(offsets[start:stop], raws[start:stop], consumed)
        self._position = offsets[-1]

    def _long(self, line: bytes) -> Generator[Chunk, None, bytes]:
        """Cuts pieces off a line until what is left, which it returns, is short enough."""
        start = 0
        while len(line) - start > self._limit:
            self._torn = True
            yield self._piece(line[start : start + self._limit], torn=True)
            start += self._limit
        return line[start:]

    def _piece(self, line: bytes, *, end: bytes = b"", torn: bool) -> Chunk:
        raw = line[:-1] if end and line.endswith(b"\r") else line
        chunk = Chunk([self._position], [raw], line + end, frozenset({0}) if torn else frozenset())
        self._position += len(line) + len(end)
        return chunk
