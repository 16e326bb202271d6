"""Bytes to lines: a line ends at LF and at nothing else, and a CR before the LF is not part of it. An empty line is a line.

A line longer than MAX_LINE is cut into pieces of MAX_LINE bytes, so that memory stays bounded and nothing is lost. What
follows a cut up to the LF is a piece too, also when it is read by a later run.

More than HOLE bytes of NUL in front of a line are a hole: what is left where a file was emptied (copytruncate) under a writer
that goes on at its old offset. A hole is counted, never held, and no part of the line, which begins behind it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from io import BytesIO
from itertools import accumulate
from typing import NamedTuple

from soc.ingest.identity import TAIL

MAX_LINE = 8 << 20
MAX_LINES = 10_000  # in one chunk
HOLE = TAIL  # so that what is kept of the bytes before a position tells whether it lies in a hole
NUL = b"\0"
_SLICE = 1 << 20  # of a hole, in one chunk
TORN = f"a piece of a line that was cut: it is longer than {MAX_LINE >> 20} MiB, or its beginning was read before its end was written"


class Chunk(NamedTuple):
    """Consecutive lines of one source. `consumed`: all their bytes, ends included. `torn`: places of those that are pieces."""

    offsets: list[int]
    raws: list[bytes]
    consumed: bytes
    torn: frozenset[int] = frozenset()


def chunks(
    pieces: Iterable[bytes],
    position: int,
    *,
    mid_line: bool = False,
    in_hole: bool = False,
    final: bool = False,
    limit: int = MAX_LINE,
    hole: int = HOLE,
) -> Iterator[Chunk]:
    """The lines in these bytes, of which the first lies at offset `position`.

    Bytes after the last LF stay unread unless `final`; a CR at the very end is kept then. `mid_line`: the beginning of
    the first line was consumed before, so what is left of it is a piece, or nothing when only its end was missing.
    `in_hole`: the beginning of a hole was. An empty piece gives a chunk without lines, as does one of a hole: time to look
    at the clock. What `pieces` raises comes after the last line before it.
    """
    cutter = _Cutter(position, mid_line, in_hole, limit, hole)
    for piece in pieces:
        if not piece:
            yield Chunk([], [], b"")
        for start in range(0, len(piece), limit):  # so that only the first line that a piece ends can be over the limit
            yield from cutter.add(piece[start : start + limit])
    if final:
        yield from cutter.rest()


class _Cutter:
    def __init__(self, position: int, mid_line: bool, in_hole: bool, limit: int, hole: int) -> None:
        self._position, self._torn, self._limit, self._hole = position, mid_line, limit, hole
        self._pending: list[bytes | memoryview] = []  # the beginning of a line
        self._size = 0
        self._nuls, self._in_hole = 0, in_hole  # what came of a line when nothing else did, and whether more came before

    def add(self, piece: bytes) -> Iterator[Chunk]:
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield from self._hold(memoryview(piece)[:cut])
            block, self._pending = b"".join(self._pending), []  # of long lines nothing is held twice
            self._size, piece = 0, piece[cut:]
            yield from self._whole(block)
            del block
        if piece:
            yield from self._hold(piece)
            if self._size > self._limit:
                rest = yield from self._long(b"".join(self._pending))
                self._pending, self._size = [rest], len(rest)

    def rest(self) -> Iterator[Chunk]:
        while self._nuls > self._limit:
            self._torn = True
            yield self._piece(bytes(self._limit), torn=True)
            self._nuls -= self._limit
        if self._size or self._nuls:
            yield self._piece(b"".join(self._pending) or bytes(self._nuls), torn=self._torn)

    def _hold(self, piece: bytes | memoryview) -> Iterator[Chunk]:
        """As what comes next of a line. NULs in front of it are counted until something else comes."""
        if not self._size and not self._torn:
            if not piece[0]:
                behind = bytes(piece).lstrip(NUL)
                self._nuls += len(piece) - len(behind)
                if not behind:
                    yield Chunk([], [], b"")
                    return
                piece = behind
            if self._nuls:
                yield from self._past_nuls()
            self._in_hole = False
        self._pending.append(piece)
        self._size += len(piece)

    def _past_nuls(self) -> Iterator[Chunk]:
        """Those of a hole are consumed without a line; fewer are the line's first bytes."""
        if self._in_hole or self._nuls > self._hole:
            for size in (*[_SLICE] * (self._nuls // _SLICE), self._nuls % _SLICE):
                yield Chunk([], [], bytes(size))
                self._position += size
        else:
            self._pending, self._size = [bytes(self._nuls)], self._nuls
        self._nuls = 0

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
        edges = list(accumulate(map(len, lines), initial=self._position))
        raws = [line[:-1] for line in lines]
        del lines
        if b"\r" in block:  # looking for two bytes takes ninety times as long
            raws = [raw[:-1] if raw.endswith(b"\r") else raw for raw in raws]
        offsets = edges if NUL not in block else self._behind_holes(edges, raws)
        for start in range(0, len(raws), MAX_LINES):
            stop = min(start + MAX_LINES, len(raws))
            consumed = block[edges[start] - self._position : edges[stop] - self._position]
            yield Chunk(offsets[start:stop], raws[start:stop], consumed)
        self._position = edges[-1]

    def _behind_holes(self, offsets: list[int], raws: list[bytes]) -> list[int]:
        """Where the lines begin; takes the holes off them."""
        offsets = offsets[:-1]
        for place, raw in enumerate(raws):
            if raw.startswith(NUL) and len(raw) - len(behind := raw.lstrip(NUL)) > self._hole:
                offsets[place] += len(raw) - len(behind)
                raws[place] = behind
        return offsets

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
