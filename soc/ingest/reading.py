"""A source while it is read: chunks of lines with offsets, and at any moment how far it was consumed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Protocol

from soc.errors import SourceError
from soc.ingest.identity import Footprint, source_id
from soc.ingest.lines import Chunk, chunks
from soc.model import SourceState


class Origin(Protocol):
    """Where a source's bytes come from."""

    @property
    def taken(self) -> int:
        """How many bytes were read, packed as they are."""

    @property
    def packed(self) -> bool:
        """Whether it costs unpacking to look into it again."""

    def pieces(self, position: int) -> Iterator[bytes]: ...

    def received(self, now: int) -> int | None:
        """When the last bytes read were written, at the latest now; None for a stream, whose lines come now."""

    def stamp(self, *, whole: bool, now: int) -> str:
        """For `SourceState.stamp`; `whole`: it was read to its end."""

    def close(self) -> None: ...


class Reading:
    """One source of one feed, read from its position to the end.

    `before`: what was known of it. `id` is "" until a new source's first line came, be it behind a hole. `advanced`: whether any bytes were
    consumed in this reading. `fault`: why it could not be read to the end, once `chunks` is exhausted.
    """

    def __init__(
        self,
        feed: str,
        path: str,
        origin: Origin,
        state: SourceState | None,
        footprint: Footprint,
        ids: Collection[str] = (),
        *,
        id: str = "",
    ) -> None:
        """`ids`: those that a new source cannot get; `id`: the one that it has got."""
        self.feed, self.path, self.origin = feed, path, origin
        self.before, self.id = state, state.id if state else id
        self.preamble = state.preamble if state else ()
        self.fault: SourceError | None = None
        self.advanced = False
        self._footprint, self._ids, self._ended = footprint, ids, False

    def chunks(self, *, final: bool) -> Iterator[Chunk]:
        """Its lines; a `state` taken after a chunk includes that chunk. What goes wrong on the way ends them and is the `fault`."""
        footprint = self._footprint
        pieces = self.origin.pieces(footprint.position)
        try:
            where = {"mid_line": footprint.mid_line, "in_hole": footprint.in_hole}
            for chunk in chunks(pieces, footprint.position, **where, final=final):
                if chunk.consumed:
                    footprint.add(chunk.consumed)
                    self.advanced = True
                if chunk.raws:
                    self.id = self.id or self._new_id(chunk.raws[0])
                yield chunk
            self._ended = True
        except SourceError as error:
            self.fault = error

    def consumed(self) -> Footprint:
        """What was consumed so far."""
        return self._footprint.copy()

    def state(self, preamble: tuple[str, ...], *, now: int) -> SourceState:
        """How far it was consumed, with the header lines in force there. Only of a source of which some bytes were."""
        found, stamp = self._footprint, self.origin.stamp(whole=self._ended, now=now)
        return SourceState(self.id, self.feed, self.path, found.position, found.head, found.head_length, found.tail, preamble, stamp)

    def _new_id(self, first: bytes) -> str:
        number = 0
        while (name := source_id(self.feed, self.path, first, number)) in self._ids:
            number += 1
        return name
