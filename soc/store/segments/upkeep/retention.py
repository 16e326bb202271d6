"""Events that go by their age: whole segments at once, others by being written again without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import accumulate
from operator import attrgetter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from soc.errors import StoreError
from soc.fields import ID, TIME
from soc.model import ALWAYS, Window
from soc.store.base import Cut, Stop
from soc.store.portions import portions
from soc.store.segments.hits.hit_drops import NOTHING, HitDrops
from soc.store.segments.hits.hits import hits_lock
from soc.store.segments.manifest import register
from soc.store.segments.manifest.damage import reading
from soc.store.segments.manifest.disk import check_reserve
from soc.store.segments.manifest.layout import discard
from soc.store.segments.manifest.register import Stored
from soc.store.segments.manifest.rows import typed
from soc.store.segments.manifest.unnamed import unnamed
from soc.store.segments.questions.core import GRACE, Core
from soc.store.segments.upkeep.ages import losing
from soc.store.segments.upkeep.sieve import Fate, Sieve
from soc.store.segments.writing.rewrite import Rewrite, apply, rewrite
from soc.times import HOUR


def retain(core: Core, cuts: Sequence[Cut], *, now: int, stop: Stop, reason: str = "retention") -> int:
    """See `soc.store.base.Writer.retain`. What goes whole goes first, for that needs no room; the rest follows in rounds."""
    if not cuts:
        return 0
    sieve = Sieve(cuts, core.catalogue)
    old = register.live(core.manifest, Window(ALWAYS.since, sieve.latest))
    spans = register.spans(core.manifest, old)
    by_fate: dict[Fate, list[Stored]] = {fate: [] for fate in Fate}
    for segment in old:
        by_fate[sieve.fate(spans[segment.id])].append(segment)
    gone = _drop(core, sieve, by_fate[Fate.GOES], whole=True, now=now, reason=reason)
    partly = by_fate[Fate.LOSES] + losing(core, sieve, by_fate[Fate.OPEN])
    for number, group in enumerate(portions(partly, attrgetter("rows"), core.shape.round)):  # each is written anew in one transaction
        if stop():
            return gone
        if number:  # the first is what has become old since the last upkeep: on a crowded disk that goes, too
            check_reserve(core.layout.segments, core.reserve)
        gone += _drop(core, sieve, group, whole=False, now=now, reason=reason)
    _drop_old_hits(core, sieve.earliest, now)
    return gone


def _drop(core: Core, sieve: Sieve, segments: Sequence[Stored], *, whole: bool, now: int, reason: str) -> int:
    """In one transaction what goes of these segments, and the hits of these events; returns how many events went.

    `whole`: nothing of them stays. Hits of events that are older than every cut are left to `_drop_old_hits`.
    """
    spans = _spans([segment for segment in segments if segment.last >= sieve.earliest])
    rewrites: list[Rewrite] = []
    with hits_lock(core) if spans else nullcontext():
        hits = HitDrops(core, spans)
        with unnamed(core.manifest) as files:
            for segment in segments:
                rewrites.append(_dropped(core, sieve, segment, hits) if whole else _thinned(core, sieve, segment, hits, files))
            hits.write(files)
            with core.manifest.transaction():
                gone = apply(core, rewrites, now=now)
                hits.apply(now=now)
                if gone:
                    core.manifest.run("INSERT INTO drops VALUES (?, ?, ?, NULL, ?)", now, reason, sieve.latest, gone)
    return gone


def _spans(segments: Sequence[Stored]) -> list[Window]:
    """The time that the segments cover."""
    spans: list[Window] = []
    for segment in sorted(segments, key=lambda one: one.first):
        since, until = segment.first, segment.last + 1
        if spans and since <= spans[-1].until:
            since, until = spans[-1].since, max(spans.pop().until, until)
        spans.append(Window(since, until))
    return spans


def _dropped(core: Core, sieve: Sieve, segment: Stored, hits: HitDrops) -> Rewrite:
    if hits.wanted and segment.last >= sieve.earliest:
        hits.tell(_ids(core, segment))
    return Rewrite(segment, None)


def _ids(core: Core, segment: Stored) -> pa.ChunkedArray:
    """None where the file is damaged: that must not keep it in the store, and hits go by their time in the end."""
    path = core.layout.segments / segment.name
    try:
        with reading(path):
            return pq.read_table(path, columns=[ID], partitioning=None, page_checksum_verification=True)[ID]
    except StoreError:
        return pa.chunked_array([NOTHING])


def _thinned(core: Core, sieve: Sieve, segment: Stored, hits: HitDrops, files: list[Path]) -> Rewrite:
    def staying(table: pa.Table) -> pa.Table:
        going = sieve.going(table)
        hits.tell(table[ID].filter(pa.array(going)))
        return table.filter(pa.array(~going))

    return rewrite(core, segment, staying, files)


def _drop_old_hits(core: Core, before: int, now: int) -> None:
    """Files of hits go when they hold nothing newer."""
    with core.manifest.transaction():
        core.manifest.run("DELETE FROM hit_tags WHERE file IN (SELECT id FROM hit_files WHERE deleted_at IS NULL AND last < ?)", before)
        core.manifest.run("UPDATE hit_files SET deleted_at = ? WHERE deleted_at IS NULL AND last < ?", now, before)


def purge(core: Core, *, now: int) -> int:
    """Unlinks what no query can still read; returns how many files went."""
    gone = 0
    for table, folder in (("segments", core.layout.segments), ("hit_files", core.layout.hits)):
        gone_by = f"SELECT id, name FROM {table} WHERE deleted_at <= ? OR deleted_at > ?"  # in the future: by a clock that was wrong
        dead = typed(core.manifest, table, (int, str), core.manifest.rows(gone_by, now - GRACE, now + GRACE))
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
