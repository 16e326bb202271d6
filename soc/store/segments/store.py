"""The embedded event store: immutable Parquet segments, and a manifest that says which of them count."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pyarrow as pa

from soc.batches import Unfinished
from soc.condition.tree import Node
from soc.errors import StoreError
from soc.event import Event
from soc.fields import Catalogue
from soc.model import ALWAYS, BatchRow, FeedState, SourceState, Window
from soc.store.base import Concern, Tables, Tally
from soc.store.segments.hits.hit_reader import HitReader
from soc.store.segments.hits.hits import count_hits, has_hits, hit_faults, hit_sizes, put_hits
from soc.store.segments.manifest import register
from soc.store.segments.manifest.columns import check_columns, known_columns
from soc.store.segments.manifest.damage import faults, missing
from soc.store.segments.manifest.disk import RESERVE, crowded, default_max_disk, own_bytes
from soc.store.segments.manifest.layout import Layout, lost_manifest
from soc.store.segments.manifest.manifest import Manifest
from soc.store.segments.manifest.row_check import row_faults
from soc.store.segments.questions.batches import read_batches
from soc.store.segments.questions.core import Core, Shape
from soc.store.segments.questions.grouping import groups
from soc.store.segments.questions.reader import Reader
from soc.store.segments.questions.relation import Vanished
from soc.store.segments.questions.tallies import tallies
from soc.store.segments.upkeep.retention import keep_from
from soc.store.segments.upkeep.weights import unmerged
from soc.store.segments.writer import SegmentWriter, writing
from soc.store.segments.writing.generation import older

MEMORY = 600_000_000  # bytes that one question may use
SECONDS = 60.0  # that one SELECT of a person may take


def open_store(
    path: Path,
    catalogue: Catalogue,
    *,
    create: bool = False,
    max_disk: int | None = None,
    reserve: int = RESERVE,
    memory: int = MEMORY,
    sql_seconds: float = SECONDS,
    shape: Shape | None = None,
) -> SegmentStore:
    """The store in this folder; `create` makes it when it is not there. Readers take no lock.

    `max_disk`: bytes that `keep_from` lets the segments use, else the bound made with the store. `reserve`: free bytes
    under which nothing is written. Raises StoreError: no store, of a newer schema, a field whose type changed, unreadable.
    """
    layout = Layout(path)
    if lost := lost_manifest(layout):
        raise StoreError(lost)
    if create:
        layout.make()
    manifest = Manifest(layout.manifest, create=create)
    try:
        check_columns(manifest, catalogue)
        limit = max_disk if max_disk is not None else default_max_disk(manifest, path)
    except BaseException:
        manifest.close()
        raise
    reader = Reader(manifest, layout.segments, catalogue, memory)
    return SegmentStore(Core(layout, manifest, catalogue, reader, shape or Shape(), limit, reserve), sql_seconds)


class SegmentStore:
    """See `soc.store.base.Store`."""

    def __init__(self, core: Core, sql_seconds: float) -> None:
        self._core, self._manifest, self._reader, self._sql_seconds = core, core.manifest, core.reader, sql_seconds
        self._hits = HitReader(core)
        self.id = core.manifest.meta("id") or ""
        self.place = str(core.layout.root)

    def writer(self) -> AbstractContextManager[SegmentWriter]:
        return writing(self._core)

    def batches(self, after: int = 0) -> list[BatchRow]:
        return register.batches(self._manifest, after)

    def tables(self, numbers: Collection[int], columns: Collection[str] | None = None) -> Tables:
        return read_batches(self._manifest, self._core.layout.segments, numbers, columns)

    def meeting(self, number: int, node: Node, columns: Collection[str]) -> None:
        """None: the columns that a condition reads are most of what reading costs."""

    def tallies(self, concerns: Mapping[str, Concern], window: Window = ALWAYS) -> Iterator[tuple[str, Tally]]:
        return tallies(self._core, concerns, window)

    def sources(self, feed: str | None = None) -> list[SourceState]:
        return register.sources(self._manifest, feed)

    def feeds(self) -> list[FeedState]:
        return register.feeds(self._manifest)

    def select(self, node: Node, window: Window = ALWAYS, *, limit: int | None = None, newest: bool = False) -> Iterator[Event]:
        return self._reader.select(node, window, limit, newest)

    def events(self, ids: Collection[str], window: Window = ALWAYS) -> dict[str, Event]:
        return self._reader.events(ids, window)

    def count(self, node: Node, window: Window = ALWAYS) -> int:
        return self._reader.count(node, window)

    def top(self, field: str, node: Node, window: Window = ALWAYS, *, limit: int = 10) -> list[tuple[Any, int]]:
        return self._reader.top(field, node, window, limit)

    def histogram(self, node: Node, window: Window, *, width: int, by: str | None = None) -> list[tuple[int, Any, int]]:
        return self._reader.histogram(node, window, width, by)

    def groups(
        self, node: Node, window: Window = ALWAYS, *, by: Sequence[str], at_least: int, distinct: str | None = None
    ) -> dict[tuple[str, ...], int]:
        return groups(self._reader, node, window, by, at_least, distinct)

    def sql(self, statement: str, *, limit: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        try:
            return self._answer(statement, limit)
        except Vanished:  # compacted and unlinked since the list of files was made
            return self._answer(statement, limit)

    def put_hits(self, tag: str, hits: pa.Table) -> None:
        put_hits(self._core, tag, hits)

    def has_hits(self, tags: Collection[str]) -> bool:
        return has_hits(self._core, tags)

    def hits(self, rules: Collection[str], window: Window = ALWAYS) -> pa.Table:
        return self._hits.hits(rules, window)

    def unfinished(self) -> list[Unfinished]:
        return []

    def statistics(self) -> Mapping[str, int]:
        segments = register.live(self._manifest)
        return {
            "events": sum(segment.rows for segment in segments),
            "batches": self._manifest.value("SELECT count(*) FROM batches WHERE state = 'closed'"),
            "segments": len(segments),
            "unmerged": unmerged(self._manifest, self._core.shape),
            "bytes": own_bytes(self._manifest),
            "max_disk": self._core.max_disk,
            "hits": count_hits(self._core),
        }

    def hits_home(self) -> str:
        """The manifest knows each file of hits, and says when one is damaged."""
        return self.id

    def make_hits_home(self) -> str:
        return self.id

    def keep_from(self) -> int | None:
        """The full hour before which events must go so that the segments fit `max_disk`; None when they fit."""
        return keep_from(self._core)

    def check(self, *, deep: bool = False) -> list[str]:
        """What is wrong with the store's files, each as one sentence that names the file; `deep` reads every page."""
        core, manifest, folder = self._core, self._manifest, self._core.layout.segments
        looks: list[Callable[[], Iterable[str | None]]] = [
            lambda: manifest.faults(deep=deep),
            lambda: row_faults(manifest) if deep else (),
            lambda: [older(manifest, core.layout)],
            lambda: crowded(folder, core.reserve),
            lambda: faults(folder, register.live(manifest), deep=deep),
            lambda: hit_faults(core, deep=deep),
        ]
        return list(dict.fromkeys(fault for look in looks for fault in _told(look) if fault))

    def missing(self) -> list[str]:
        files = [(self._core.layout.segments / one.name, one.bytes) for one in register.live(self._manifest)]
        old = older(self._manifest, self._core.layout)
        return [*([old] if old else []), *missing([*files, *hit_sizes(self._core)])]

    def close(self) -> None:
        self._manifest.close()

    def _answer(self, statement: str, limit: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        from soc.store.segments.questions.sql import answer

        core = self._core
        types, relation = known_columns(self._manifest), self._reader.relation()
        return answer(statement, relation, types, core.catalogue, limit=limit, memory=self._reader.memory, seconds=self._sql_seconds)


def _told(look: Callable[[], Iterable[str | None]]) -> Iterable[str | None]:
    """What a look finds; what it cannot look into is found, too."""
    try:
        return look()
    except StoreError as error:
        return [str(error)]
