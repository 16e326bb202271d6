"""Files and streams as what a source is read from."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import IO

from soc.errors import SourceError
from soc.ingest.identity import TAIL, Footprint, fingerprint
from soc.ingest.names import path_text
from soc.ingest.open import File, Pipe
from soc.ingest.packing import PIECE
from soc.ingest.reading import Reading
from soc.ingest.sources import Source
from soc.ingest.stamps import same_inode, stamp_of, stamp_read
from soc.model import SourceState


class Displaced(Exception):
    """Another file lies at the path than the one that was identified: it has to be identified anew."""


class _FileOrigin:
    def __init__(self, file: File) -> None:
        self._file = file

    @property
    def taken(self) -> int:
        return self._file.taken

    @property
    def packed(self) -> bool:
        return bool(self._file.packing)

    def pieces(self, position: int) -> Iterator[bytes]:
        return self._file.pieces(position)

    def received(self, now: int) -> int | None:
        return self._file.written(now)

    def stamp(self, *, whole: bool, now: int) -> str:
        return stamp_read(self._file.stat, whole=whole, now=now)

    def close(self) -> None:
        self._file.close()


class StreamOrigin:
    """`pieces`: what comes of a stream, without what a resumed source has consumed before. `since`: when it was received, if not now."""

    packed = False

    def __init__(self, pieces: Iterator[bytes], pipe: Pipe | None = None, since: int | None = None) -> None:
        self._pipe, self._pieces, self._since = pipe, pieces, since

    def going_on(self, pieces: Iterator[bytes]) -> StreamOrigin:
        """The same stream, of which something was read and is to be read again."""
        return StreamOrigin(pieces, self._pipe, self._since)

    @property
    def taken(self) -> int:
        return self._pipe.taken if self._pipe else 0

    def pieces(self, position: int) -> Iterator[bytes]:
        return self._pieces

    def received(self, now: int) -> int | None:
        return None if self._since is None else min(self._since, now)

    def stamp(self, *, whole: bool, now: int) -> str:
        return ""

    def close(self) -> None:
        """The stream is its owner's."""


def read_file(feed: str, source: Source, ids: Collection[str]) -> Reading:
    """Raises SourceError when it cannot be opened, Displaced when it is not the file that was identified."""
    file = File(source.path)
    try:
        return Reading(feed, path_text(source.path), _FileOrigin(file), source.state, _footprint(file, source), ids)
    except BaseException:
        file.close()
        raise


def _footprint(file: File, source: Source) -> Footprint:
    state = source.state
    if not same_inode(stamp_of(file.stat), source.stamp):
        raise Displaced
    if state is None:
        return Footprint()
    head, tail = file.head()[: state.head_length], file.before(state.position)
    if tail is None or fingerprint(head) != state.head or fingerprint(tail) != state.tail:
        raise Displaced
    return Footprint(head, tail, state.position)


def read_pipe(
    feed: str, handle: int, name: str, known: Sequence[SourceState], ids: Collection[str], stop: Callable[[], bool] = lambda: False
) -> Reading:
    """A stream from its beginning, see `read_stream`."""
    pipe = Pipe(handle)
    return read_stream(feed, StreamOrigin(pipe.pieces(), pipe), name, known, ids, stop)


def read_stream(
    feed: str, origin: StreamOrigin, name: str, known: Sequence[SourceState], ids: Collection[str], stop: Callable[[], bool] = lambda: False
) -> Reading:
    """A stream from its beginning; but from the position of one of the `known` sources, when it begins with what was consumed of that.

    To find out, as much of the stream is kept in a temporary file as the longest of these has.
    """
    if not known:
        return Reading(feed, name, origin, None, Footprint(), ids)
    ahead = _Ahead(origin.pieces(0), max(state.position for state in known), stop)
    state = next((state for state in sorted(known, key=lambda state: -state.position) if ahead.holds(state)), None)
    position = state.position if state else 0
    return Reading(feed, name, origin.going_on(ahead.pieces(position)), state, ahead.footprint(state), ids)


class _Ahead:
    """The beginning of a stream, kept so that it can be looked at before it is read."""

    def __init__(self, pieces: Iterator[bytes], length: int, stop: Callable[[], bool]) -> None:
        self._rest, self._length = pieces, 0
        self._fault: SourceError | None = None
        self._kept: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the stream is read
        try:
            while self._length < length and not stop() and (piece := next(pieces, None)) is not None:
                self._length += self._kept.write(piece)
        except SourceError as error:
            self._fault = error  # comes again when it is read up to there

    def holds(self, state: SourceState) -> bool:
        if self._length < state.position:
            return False
        head, tail = self._ends(state)
        return fingerprint(head) == state.head and fingerprint(tail) == state.tail

    def footprint(self, state: SourceState | None) -> Footprint:
        return Footprint(*self._ends(state), state.position) if state else Footprint()

    def pieces(self, position: int) -> Iterator[bytes]:
        self._kept.seek(position)
        while piece := self._kept.read(PIECE):
            yield piece
        if self._fault:
            raise self._fault
        yield from self._rest

    def _ends(self, state: SourceState) -> tuple[bytes, bytes]:
        start = max(0, state.position - TAIL)
        return self._at(0, state.head_length), self._at(start, state.position - start)

    def _at(self, offset: int, length: int) -> bytes:
        self._kept.seek(offset)
        return self._kept.read(length)
