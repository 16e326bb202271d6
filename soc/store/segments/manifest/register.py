"""The manifest's rows as the nouns of `soc.model`: batches, sources, feeds, and the segments that hold the events."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass

from soc.model import ALWAYS, BatchRow, FeedState, SourceState, Window
from soc.store.segments.manifest.manifest import Manifest
from soc.store.segments.manifest.parquet import Segment, Span
from soc.store.segments.manifest.rows import made, names, of_row, read_json, sound, typed, whole

CHUNK = 500  # values in one IN list


@dataclass(frozen=True, slots=True)
class Stored:
    """A segment that the manifest names."""

    id: int
    name: str
    dataset: str | None
    rows: int
    bytes: int
    first: int
    last: int
    digest: str


_STORED = "SELECT id, name, dataset, rows, bytes, first, last, digest FROM segments WHERE deleted_at IS NULL"


def live(manifest: Manifest, window: Window = ALWAYS) -> list[Stored]:
    """The segments that may hold events of the window, oldest first."""
    rows = manifest.rows(f"{_STORED} AND last >= ? AND first < ? ORDER BY first, id", window.since, window.until)
    return made(Stored, rows, manifest, "segments")


def holding(manifest: Manifest, numbers: Collection[int]) -> list[Stored]:
    """The live segments that hold events of these batches, in the order they were written."""
    found: set[Stored] = set()
    wanted = sorted(numbers)
    for start in range(0, len(wanted), CHUNK):
        some = wanted[start : start + CHUNK]
        places = ",".join("?" * len(some))
        rows = manifest.rows(f"{_STORED} AND id IN (SELECT segment FROM shares WHERE batch IN ({places}))", *some)
        found.update(made(Stored, rows, manifest, "segments"))
    return sorted(found, key=lambda segment: segment.id)


def parts(manifest: Manifest, segments: Iterable[Stored]) -> dict[int, dict[str, frozenset[str]]]:
    """Per segment id the datasets in it, with the columns that some row of theirs fills."""
    wanted = {segment.id for segment in segments}
    texts: dict[str, frozenset[str]] = {}
    found: dict[int, dict[str, frozenset[str]]] = {number: {} for number in wanted}
    for number, dataset, text in manifest.rows("SELECT segment, dataset, columns FROM parts"):
        if number in wanted:
            columns = texts.get(text)
            if columns is None:
                with whole(manifest, "parts", number, dataset):
                    columns = texts[text] = frozenset(names(text))
            found[number][dataset] = columns
    typed(manifest, "parts", (int, str), ((number, dataset) for number, datasets in found.items() for dataset in datasets))
    return found


def spans(manifest: Manifest, segments: Iterable[Stored]) -> dict[int, dict[str, Span]]:
    """Per segment id the datasets in it, with their rows and their smallest and largest @timestamp."""
    found: dict[int, dict[str, Span]] = {segment.id: {} for segment in segments}
    for number, dataset, *span in manifest.rows("SELECT segment, dataset, rows, first, last FROM parts"):
        if number in found:
            with whole(manifest, "parts", number, dataset):
                found[number][dataset] = of_row(Span, tuple(span))
    return found


def name_segment(manifest: Manifest, segment: Segment, columns: Mapping[str, Iterable[str]]) -> None:
    """Makes a written file part of the store; `columns` says per dataset which may be filled. Runs inside a transaction."""
    span = segment.span
    number = manifest.run(
        "INSERT INTO segments(name, dataset, rows, bytes, first, last, digest) VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(segment.name, segment.dataset, span.rows, segment.bytes, span.first, span.last, segment.digest),
    )
    manifest.run_many(
        "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?)",
        [
            (number, dataset, s.rows, s.first, s.last, json.dumps(sorted(segment.columns.intersection(columns[dataset]))))
            for dataset, s in segment.datasets.items()
        ],
    )
    manifest.run_many(
        "INSERT INTO shares VALUES (?, ?, ?, ?, ?)", [(number, batch, s.rows, s.first, s.last) for batch, s in segment.batches.items()]
    )


def retire(manifest: Manifest, segments: Iterable[Stored], *, now: int) -> None:
    """These are no longer read; their files stay until the grace for running queries is over. Runs inside a transaction."""
    manifest.run_many("UPDATE segments SET deleted_at = ? WHERE id = ?", [(now, segment.id) for segment in segments])


def batches(manifest: Manifest, after: int = 0) -> list[BatchRow]:
    """Closed batches above `after`, by number."""
    return _batches(manifest, "state = 'closed' AND number > ? ORDER BY number", after)


def batch(manifest: Manifest, number: int) -> BatchRow:
    """The batch, whatever its state. It exists."""
    return _batches(manifest, "number = ?", number)[0]


def _batches(manifest: Manifest, where: str, value: int) -> list[BatchRow]:
    store = manifest.meta("id") or ""
    rows = manifest.rows(f"SELECT ?, number, state, events, first, last, closed_at FROM batches WHERE {where}", store, value)
    return made(BatchRow, rows, manifest, "batches", named=1)


def sources(manifest: Manifest, feed: str | None = None) -> list[SourceState]:
    """The sources, of one feed or of all, by id."""
    where, values = ("WHERE feed = ?", (feed,)) if feed is not None else ("", ())
    rows = manifest.rows(f"SELECT id, position, state FROM sources {where} ORDER BY id", *values)
    return [_source(manifest, id, position, text) for id, position, text in rows]


def source(manifest: Manifest, id: str) -> SourceState:
    """The source. It exists. Raises StoreError when its row is damaged."""
    ((position, text),) = manifest.rows("SELECT position, state FROM sources WHERE id = ?", id)
    return _source(manifest, id, position, text)


def _source(manifest: Manifest, id: str, position: int, text: str) -> SourceState:
    with whole(manifest, "sources", id):
        state = read_json(text, dict)
        preamble = tuple(names(json.dumps(state["preamble"])))
        found = sound(SourceState, {**state, "preamble": preamble})
        if (found.id, found.position) != (id, position):
            raise ValueError(f"its state is that of {found.id} at {found.position}")
        return found


def put_sources(manifest: Manifest, states: Sequence[SourceState]) -> None:
    """Each state replaces the one its source had. Runs inside a transaction."""
    rows = [(s.id, s.feed, s.position, json.dumps(asdict(s))) for s in states]
    manifest.run_many("INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?)", rows)


def feeds(manifest: Manifest) -> list[FeedState]:
    """What has ever been committed per feed and dataset, by these; retention does not lower it."""
    rows = manifest.rows("SELECT feed, dataset, events, first_ingested, last_ingested, last_time FROM feeds ORDER BY feed, dataset")
    return made(FeedState, rows, manifest, "feeds")


def add_to_feeds(manifest: Manifest, states: Sequence[FeedState], now: int) -> None:
    """Adds what a batch brought that becomes true `now`. Runs inside a transaction."""
    known = {(state.feed, state.dataset): state for state in feeds(manifest)}
    new = [known[place].and_then(state, now) if (place := (state.feed, state.dataset)) in known else state for state in states]
    manifest.run_many("INSERT OR REPLACE INTO feeds VALUES (?, ?, ?, ?, ?, ?)", [astuple(state) for state in new])
