"""A stream on its way into batches. What no batch holds yet is held: in memory while the store takes it, else in a spool."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from soc.errors import StoreError
from soc.ingest.feeds import STDIN
from soc.ingest.identity import Footprint
from soc.ingest.open import Pipe
from soc.ingest.origins import StreamOrigin, read_stream
from soc.ingest.reading import Reading
from soc.ingest.spool import Head, Spool
from soc.model import SourceState

Known = Mapping[str, SourceState]


class Inlet:
    """One stream: the bytes of a spool, if it has one, then those of a pipe, if it has one.

    `folder` and `limit`: where spools lie, and how many bytes all of them may hold.
    """

    def __init__(
        self, feed: str, folder: Path, limit: int, *, pipe: Pipe | None = None, name: str = "", spool: Spool | None = None
    ) -> None:
        self._feed, self._folder, self._limit, self._pipe, self.spool = feed, folder, limit, pipe, spool
        self.named = spool.head.named if spool else bool(name)
        self._path = spool.head.path if spool else f"{STDIN}:{name}" if name else "-"
        self._source = spool.head.id if spool else ""  # "" until a batch was made of it
        self._kept = spool.head.consumed() if spool else Footprint()  # what batches hold
        self._held: list[bytes] = []  # what was read behind that
        self._live: Iterator[bytes] = pipe.pieces() if pipe else iter(())  # what is in no spool
        self._reading: Reading | None = None

    def reading(self, known: Known, stop: Callable[[], bool]) -> Reading:
        """The stream from where the store has it."""
        if not self._source:
            found = self._found(known, stop)
        else:
            self._catch_up(known.get(self._source))
            found = Reading(
                self._feed, self._path, self._origin(iter(())), known.get(self._source), self._kept.copy(), known, id=self._source
            )
        self._kept, self._held = found.consumed(), []
        spooled = self.spool.pieces(self._kept.position) if self.spool else ()
        found.origin = self._origin(self._watched(chain(spooled, self._live)))
        self._reading = found
        return found

    def keep(self, states: Known) -> None:
        """A batch holds the stream up to the position that one of these states has for it."""
        if self._reading is None or (state := states.get(self._reading.id)) is None:
            return
        self._source = state.id
        behind, count = b"".join(self._held), state.position - self._kept.position
        self._kept.add(behind[:count])
        self._held = [behind[count:]]
        if self.spool and self._kept.position >= self.spool.end:
            self.spool.remove()
            self.spool = None

    def end(self) -> None:
        """All was read that is to be read: a spool that holds nothing more goes. (Half a line of a named stream comes again with it.)"""
        if self.spool and self._pipe is None:
            self.spool.remove()
            self.spool = None

    def save(self) -> None:
        """What was read and no batch holds lies in the spool when this returns. Raises StoreError when it has no room."""
        self._source = self._source or (self._reading.id if self._reading else "")
        spool = self._spool()
        beyond = b"".join(self._held)[max(0, spool.end - self._kept.position) :]
        if beyond:
            spool.append(beyond, self._limit)
        self._held = []

    def spill(self) -> Iterator[None]:
        """Reads the pipe to its end into the spool; after each piece it is asked whether to go on. Raises StoreError when it is full."""
        for _ in self._spilt():
            yield
        self._pipe = None

    @property
    def has_read(self) -> bool:
        """Whether something was read that no batch holds."""
        return bool(self.spool) or any(self._held)

    def _found(self, known: Known, stop: Callable[[], bool]) -> Reading:
        """As `read_stream` finds it. What is read of the pipe to find out is spooled where there is a spool."""
        alike = [one for one in known.values() if self._path != "-" and one.path == self._path]
        ahead = chain(self.spool.pieces(0), self._spilt()) if self.spool else self._live
        found = read_stream(self._feed, self._origin(ahead), self._path, alike, known, stop)
        if not self.spool:
            self._live = found.origin.pieces(found.consumed().position)
        return found

    def _spilt(self) -> Iterator[bytes]:
        spool = self._spool()
        spool.check_room(self._limit)  # before it is read: nobody else has it then
        for piece in self._live:
            if piece:
                self._append(spool, piece)
            yield piece
            spool.check_room(self._limit)

    def _append(self, spool: Spool, piece: bytes) -> None:
        """Where the spool does not take it, it is what comes next, should it be tried again."""
        try:
            spool.append(piece, self._limit)
        except StoreError:
            self._live = chain([piece], self._live)
            raise

    def _spool(self) -> Spool:
        """Made where there is none. A stream of which no source is known yet gets a name that no other has, to be known again by."""
        if self.spool is None:
            if not self._source and not self.named:
                self._path = f"{STDIN}:spool-{secrets.token_hex(8)}"
            self.spool = Spool.make(self._folder, Head.of(self._feed, self._path, self._source, self.named, self._kept))
        return self.spool

    def _catch_up(self, state: SourceState | None) -> None:
        """The store may have more than we know: what was committed just before a process died."""
        step = max(0, state.position - self._kept.position) if state else 0
        for piece in self.spool.pieces(self._kept.position) if self.spool and step else ():
            self._kept.add(piece[:step])
            step -= min(step, len(piece))
            if not step:
                break

    def _origin(self, pieces: Iterator[bytes]) -> StreamOrigin:
        return StreamOrigin(pieces, self._pipe, self.spool.received if self.spool and not self._pipe else None)

    def _watched(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._held.append(piece)
            yield piece
