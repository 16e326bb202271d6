"""Events older than a moment go: whole segments at once, a segment at the edge by being written again without them."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from soc.match.columns import MOMENT
from soc.model import ALWAYS, Window
from soc.store.segments import register
from soc.store.segments.core import GRACE, Core
from soc.store.segments.damage import reading
from soc.store.segments.layout import discard
from soc.store.segments.parquet import TIME
from soc.store.segments.register import Stored
from soc.store.segments.rewrite import Rewrite, apply, rewrite, undo
from soc.times import HOUR


def retain(core: Core, before: int, *, now: int, reason: str = "retention") -> int:
    """See `soc.store.base.Writer.retain`. Hits go with the files that hold nothing newer."""
    old = register.live(core.manifest, Window(ALWAYS.since, before))
    rewrites = [_cut(core, segment, before) for segment in old]
    try:
        with core.manifest.transaction():
            gone = apply(core, rewrites, now=now)
            core.manifest.run("DELETE FROM hit_tags WHERE file IN (SELECT id FROM hit_files WHERE deleted_at IS NULL AND last < ?)", before)
            core.manifest.run("UPDATE hit_files SET deleted_at = ? WHERE deleted_at IS NULL AND last < ?", now, before)
            if gone:
                core.manifest.run("INSERT INTO drops VALUES (?, ?, ?, NULL, ?)", now, reason, before, gone)
    except BaseException:
        undo(core, rewrites)
        raise
    return gone


def _cut(core: Core, segment: Stored, before: int) -> Rewrite:
    if segment.last < before:
        return Rewrite(segment, None)
    edge = pa.scalar(before, pa.int64()).cast(MOMENT)

    def newer(table: pa.Table) -> pa.Table:
        return table.filter(pc.greater_equal(table[TIME], edge))

    return rewrite(core, segment, newer)


def purge(core: Core, *, now: int) -> int:
    """Unlinks what no query can still read; returns how many files went."""
    gone = 0
    for table, folder in (("segments", core.layout.segments), ("hit_files", core.layout.hits)):
        dead = core.manifest.rows(f"SELECT id, name FROM {table} WHERE deleted_at <= ?", now - GRACE)
        for _, name in dead:
            discard(folder / name)
        if dead:
            with core.manifest.transaction():
                core.manifest.run_many(f"DELETE FROM {table} WHERE id = ?", [(number,) for number, _ in dead])
        gone += len(dead)
    return gone


def keep_from(core: Core) -> int | None:
    """The full hour before which events must go so that soc's own bytes fit `max_disk`; None when they fit."""
    segments = register.live(core.manifest)
    excess = sum(segment.bytes for segment in segments) - core.max_disk
    if excess <= 0:
        return None
    held: Counter[int] = Counter()
    for segment in segments:
        held.update(_hours(core, segment))
    hours = sorted(held)
    freed = accumulate(held[hour] for hour in hours)
    return (next(hour for hour, bytes_ in zip(hours, freed, strict=True) if bytes_ >= excess) + 1) * HOUR


def _hours(core: Core, segment: Stored) -> dict[int, int]:
    """The segment's bytes by hour since 1970, shared among them by their rows; no byte is left out."""
    if segment.first // HOUR == segment.last // HOUR:
        return {segment.first // HOUR: segment.bytes}
    path = core.layout.segments / segment.name
    with reading(path):
        moments = pq.read_table(path, columns=[TIME], partitioning=None)[TIME].cast(pa.int64()).to_numpy()
    hours, rows = np.unique(moments // HOUR, return_counts=True)
    return {hour: -(-segment.bytes * count // segment.rows) for hour, count in zip(hours.tolist(), rows.tolist(), strict=True)}
