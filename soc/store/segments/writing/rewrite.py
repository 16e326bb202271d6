"""A segment written again without some of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from soc.store.segments.manifest import register
from soc.store.segments.manifest.damage import check_whole, reading
from soc.store.segments.manifest.parquet import ROW_GROUP, Segment, write_segment
from soc.store.segments.manifest.register import Stored
from soc.store.segments.manifest.rows import whole
from soc.store.segments.questions.core import Core
from soc.store.segments.writing.generation import REWRITTEN, next_of

Keep = Callable[[pa.Table], pa.Table]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What takes a segment's place; None: nothing is left of it."""

    old: Stored
    new: Segment | None


def rewrite(core: Core, old: Stored, keep: Keep, files: list[Path]) -> Rewrite:
    """A durable file with the rows that `keep` leaves, not yet named by the manifest; its path comes to `files`. Raises StoreError."""
    path = core.layout.segments / old.name
    check_whole(core.layout.segments, [old])
    with reading(path):
        source = pq.ParquetFile(path)
        schema = source.schema_arrow
        tables = (kept for batch in _batches(source) if (kept := keep(batch)).num_rows)
        first = next(tables, None)
        if first is None:
            return Rewrite(old, None)
        new = write_segment(core.layout.segments, next_of(core.manifest, REWRITTEN), _chain(first, tables), schema, old.rows)
        files.append(core.layout.segments / new.name)
        return Rewrite(old, new)


def apply(core: Core, rewrites: Iterable[Rewrite], *, now: int) -> int:
    """Makes them true and lowers the rows of the batches that lost events; returns how many events went. Runs inside a transaction."""
    manifest = core.manifest
    lost: Counter[int] = Counter()
    for change in rewrites:
        lost.update(dict(manifest.rows("SELECT batch, rows FROM shares WHERE segment = ?", change.old.id)))
        if change.new:
            lost.subtract({batch: span.rows for batch, span in change.new.batches.items()})
            columns = register.parts(manifest, [change.old])[change.old.id]
            with whole(manifest, "parts", change.old.id):
                register.name_segment(manifest, change.new, columns)
        register.retire(manifest, [change.old], now=now)
    _lower(core, +lost)
    return lost.total()


def _lower(core: Core, lost: Counter[int]) -> None:
    span = "(SELECT {} FROM shares JOIN segments ON segments.id = segment WHERE deleted_at IS NULL AND batch = number)"
    first, last = span.format("min(shares.first)"), span.format("max(shares.last)")
    core.manifest.run_many(
        f"UPDATE batches SET events = events - ?, first = {first}, last = {last} WHERE number = ?",
        [(rows, batch) for batch, rows in lost.items()],
    )


def _batches(source: pq.ParquetFile) -> Iterator[pa.Table]:
    for batch in source.iter_batches(batch_size=ROW_GROUP):
        yield pa.Table.from_batches([batch])


def _chain(first: pa.Table, rest: Iterator[pa.Table]) -> Iterator[pa.Table]:
    yield first
    yield from rest
