"""Lines of files and streams become finished events, gathered into batches with the positions that belong to them."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from itertools import groupby
from pathlib import Path

from soc.errors import SourceError
from soc.event import Event
from soc.ingest.batch import MOST, Batch
from soc.ingest.feeds import STDIN, Feed, feed_of
from soc.ingest.finish import Finisher
from soc.ingest.identity import event_ids
from soc.ingest.inlet import Inlet
from soc.ingest.institutions import Institutions
from soc.ingest.lines import TORN, Chunk
from soc.ingest.links import Bounds
from soc.ingest.names import path_text, shown
from soc.ingest.origins import Displaced, read_file, read_pipe
from soc.ingest.paths import find
from soc.ingest.reading import Reading
from soc.ingest.sources import Source, identify
from soc.model import SourceState
from soc.parsing.outcome import failed, finished
from soc.parsing.parser import Clock, Parser, Stream
from soc.parsing.routes import RAW, Routes
from soc.text import decode_line

SECONDS = 2.0  # after which a stream's batch is given on however few they are; files are cut by events alone, the same on every machine
_MORE_MEMORY = "let soc have more, or make [ingest] batch in soc.toml smaller; the next run goes on there"
_ATTEMPTS = 3  # to identify files that are being rotated just now


@dataclass(frozen=True, slots=True)
class Files:
    """Paths to be read for a feed; without one, each file for the feed that holds it (`feed_of`).

    `stated`: a person named them, so what cannot be read is refused rather than passed over.
    """

    feed: Feed | None
    patterns: Sequence[str]
    stated: bool = False


@dataclass(frozen=True, slots=True)
class Piped:
    """A stream to be read for a feed. With a `name` it is a source that later streams of this name may continue."""

    feed: Feed
    handle: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Poured:
    """A stream that is held until batches hold it (`soc.ingest.inlet`)."""

    feed: Feed
    inlet: Inlet


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all that is read. `as_of`: what undated times are seen from; else a file's modification time, or now.

    `zone`: of times that state none; else the feed's. `final`: a last line without newline is whole. `known`: the store's
    sources. `feeds`: for files of no stated feed, and for those that another feed has begun. `elsewhere`: files that are left alone.
    `state`: the real path of the state folder, of which nothing is read; "" for none.
    """

    parsers: Mapping[str, Parser]
    institutions: Institutions
    now: Callable[[], int]
    monotonic: Callable[[], float]
    stop: Callable[[], bool] = lambda: False
    progress: Callable[[int, int], None] = lambda done, total: None  # bytes, as they lie on disk
    known: Iterable[SourceState] = ()
    feeds: Mapping[str, Feed] = field(default_factory=dict)
    as_of: int | None = None
    zone: tzinfo | None = None
    final: bool = False
    most: int = MOST
    elsewhere: Collection[str] = ()
    state: str = ""


Job = Files | Piped | Poured


def routes_of(feed: Feed, parsers: Mapping[str, Parser]) -> Routes:
    """How the lines of a feed find their parser. Raises UsageError when its format is not known."""
    chosen = [parsers[name] for name in feed.parsers if name in parsers] if feed.parsers else list(parsers.values())
    return Routes(chosen, feed.format)


class Intake:
    """Reads jobs one after the other. `refused`: files that could not be read, or not to their end; `notes`: what else to know."""

    def __init__(self, terms: Terms) -> None:
        self.refused: dict[str, SourceError] = {}
        self.notes: list[str] = []
        self._terms = terms
        self._known = {state.id: state for state in terms.known}
        self._routes: dict[str, Routes] = {}
        self._batch, self._begun = Batch(), terms.monotonic()
        self._done = self._total = 0

    def batches(self, jobs: Iterable[Job]) -> Iterator[Batch]:
        """Until all is read or `stop` says so. What a batch says of positions holds once the batches before it are kept."""
        for job in _joined(jobs):
            if not self._terms.stop():
                yield from self._paths(job) if isinstance(job, Files) else self._piped(job) if isinstance(job, Piped) else self._poured(job)
        yield from self._given_on()

    def _paths(self, job: Files) -> Iterator[Batch]:
        """A feed that fails is refused, and those after it are read."""
        try:
            yield from self._files(job)
        except (MemoryError, OSError) as error:
            self._batch.drop_rest()
            what = f"feed {job.feed.name}" if job.feed else ", ".join(map(shown, job.patterns[:3]))
            why = "there is not enough memory" if isinstance(error, MemoryError) else f"{shown(error.filename or '')}: {error.strerror}"
            self._refuse(SourceError(f"{what}: cannot be read to its end: {why}\n  the next run goes on where this one ended"))

    def _files(self, job: Files) -> Iterator[Batch]:
        patterns = [os.path.abspath(pattern) for pattern in job.patterns]  # noqa: PTH100 - of a pattern; links stay links
        bounds = Bounds(self._terms.state, lambda pattern: (job.feed or feed_of(Path(pattern), self._terms.feeds)).follow_links)
        for _ in range(_ATTEMPTS):
            found = find(patterns, stated=job.stated, bounds=bounds)
            sources, refused = identify(found.paths, list(self._known.values()), patterns, bounds)
            self._refuse(*found.refused, *refused)
            sources = [source for source in sources if not self._passed_over(source)]
            self._total += sum(source.size for source in sources)
            displaced = False
            for source in sources:
                if self._terms.stop():
                    return
                displaced |= yield from self._file(job.feed, source)
                self._done += source.size
            if not displaced:
                return

    def _passed_over(self, source: Source) -> bool:
        """Whether a file need not be opened; its new name is noted."""
        if path_text(source.path) in self._terms.elsewhere:
            return True
        if not source.unchanged or self._terms.final or source.state is None:
            return False
        if source.state.path != path_text(source.path):
            self._keep(replace(source.state, path=path_text(source.path)), urgent=True)
        return True

    def _file(self, asked: Feed | None, source: Source) -> Generator[Batch, None, bool]:
        """Reads a file; returns whether another one lies in its place."""
        feed = self._owner(asked, source)
        try:
            reading = read_file(feed.name, source, self._known)
        except Displaced:
            return True
        except SourceError as error:
            self._refuse(error)
            return False
        try:
            yield from self._read(reading, feed, final=self._terms.final)
        except MemoryError:
            self._batch.drop_rest()
            self._refuse(SourceError(f"{shown(source.path)}: there is not enough memory to read on\n  {_MORE_MEMORY}"))
        finally:
            reading.origin.close()
        return False

    def _owner(self, stated: Feed | None, source: Source) -> Feed:
        asked = stated or feed_of(source.path, self._terms.feeds)
        if source.state is None or source.state.feed == asked.name:
            return asked
        name = source.state.feed
        self.notes.append(f"{shown(source.path)}: stays with feed {name!r}, which has read its beginning")
        return self._terms.feeds.get(name) or replace(asked, name=name)

    def _piped(self, job: Piped) -> Iterator[Batch]:
        name = f"{STDIN}:{job.name}" if job.name else "-"
        known = [state for state in self._known.values() if job.name and state.path == name]
        reading = read_pipe(job.feed.name, job.handle, name, known, self._known, self._terms.stop)
        yield from self._read(reading, job.feed, final=self._terms.final or not job.name)

    def _poured(self, job: Poured) -> Iterator[Batch]:
        reading = job.inlet.reading(self._known, self._terms.stop)
        yield from self._read(reading, job.feed, final=self._terms.final or not job.inlet.named)

    def _read(self, reading: Reading, feed: Feed, *, final: bool) -> Iterator[Batch]:
        terms = self._terms
        if feed.name not in self._routes:
            self._routes[feed.name] = routes_of(feed, terms.parsers)
        routes, finisher = self._routes[feed.name], Finisher(feed, terms.institutions)
        zone = terms.zone or feed.zone
        stream, is_stream = Stream(Clock(terms.now(), zone), reading.preamble), reading.origin.received(terms.now()) is None
        for chunk in reading.chunks(final=final):
            if chunk.raws:
                now = terms.now()
                stream.clock = Clock(terms.as_of or reading.origin.received(now) or now, zone, until=now)
                self._add(reading.id, chunk, routes, stream, finisher)
                terms.progress(self._done + reading.origin.taken, self._total)
            if self._batch.full(terms.most) or (is_stream and terms.monotonic() - self._begun >= SECONDS):
                if reading.id and reading.advanced:
                    self._keep(reading.state(stream.preamble, now=terms.now()))
                yield from self._given_on()
            if terms.stop():
                break
        if reading.fault:
            self._refuse(reading.fault)
        self._leave(reading, stream.preamble)

    def _add(self, source: str, chunk: Chunk, routes: Routes, stream: Stream, finisher: Finisher) -> None:
        read = routes.event
        events = [read(raw, stream) for raw in chunk.raws]
        for place in chunk.torn:
            events[place] = _torn(chunk.raws[place], stream.clock)
        finisher.finish(events, event_ids(source, chunk.offsets, chunk.raws))
        self._batch.take(events, chunk)

    def _leave(self, reading: Reading, preamble: tuple[str, ...]) -> None:
        """Notes how far a source was read. Without a new line that matters when it saves unpacking or has another name."""
        if not reading.id or not (reading.before or reading.advanced):
            return
        state, before = reading.state(preamble, now=self._terms.now()), reading.before
        if reading.advanced or before is None or state != before:
            self._keep(state, urgent=before is not None and (state.path != before.path or reading.origin.packed))

    def _keep(self, state: SourceState, *, urgent: bool = False) -> None:
        self._batch.keep(state, self._known.get(state.id), urgent=urgent)
        self._known[state.id] = state

    def _given_on(self) -> Iterator[Batch]:
        batch = self._batch
        if batch.events or batch.urgent:
            self._batch = Batch()
            yield batch
        self._begun = self._terms.monotonic()

    def _refuse(self, *errors: SourceError) -> None:
        self.refused.update((str(error), error) for error in errors)


def _joined(jobs: Iterable[Job]) -> Iterator[Job]:
    """Neighbours of one feed as one job: files are looked at once for all of them."""
    for (kind, feed, stated), alike in groupby(jobs, key=lambda job: (type(job), job.feed, isinstance(job, Files) and job.stated)):
        if kind is Files:
            yield Files(feed, [pattern for job in alike if isinstance(job, Files) for pattern in job.patterns], stated)
        else:
            yield from alike


def _torn(raw: bytes, clock: Clock) -> Event:
    """A piece of a line, kept as it is: what a parser would make of it may be another meaning than the line's."""
    event = finished(failed({}, RAW, TORN), decode_line(raw), clock.received, clock.received)
    try:
        raw.decode()
    except UnicodeDecodeError:
        event["soc.raw"] = b64encode(raw).decode()
    return event
