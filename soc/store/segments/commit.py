"""One batch becomes durable: the file first, then one transaction that makes batch, positions and file true together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from soc.errors import Conflict, StoreError
from soc.match.columns import MOMENT, to_tables
from soc.model import Event, FeedState, SourceState
from soc.store.base import Added, Draft, Tables
from soc.store.segments import register
from soc.store.segments.batches import read_batches
from soc.store.segments.columns import fix_columns, known_columns
from soc.store.segments.core import Core
from soc.store.segments.layout import discard
from soc.store.segments.parquet import BATCH, DATASET, FEED, FRESH_PAGE, ID, INGESTED, TIME, Segment, sorted_by_time, write_segment
from soc.store.segments.rewrite import Rewrite, apply, undo
from soc.store.segments.supersede import settle, without_repeats

REQUIRED = (TIME, ID, DATASET)


def add(core: Core, draft: Draft, events: Sequence[Event], sources: Sequence[SourceState], *, now: int) -> Added:
    """See `soc.store.base.Writer.add`. The caller holds the writer's lock."""
    state = _state(core, draft)
    if state == "closed":
        return Added(register.batch(core.manifest, draft.number), read_batches(core.manifest, core.layout.segments, [draft.number]))
    if state == "abandoned":
        raise Conflict(f"batch {draft.number} was abandoned by a later writer\n  nothing of it is stored; read its lines again")
    fresh, rewrites = settle(core, without_repeats(events))
    tables = stamped(to_tables(fresh, core.catalogue), draft.number, now)
    segment = None
    try:
        segment = _written(core, draft, tables)
        _close(core, draft, tables, segment, sources, rewrites, now)
    except BaseException:
        undo(core, rewrites)
        if segment:
            discard(core.layout.segments / segment.name)
        raise
    return Added(register.batch(core.manifest, draft.number), tables)


def stamped(tables: Tables, number: int, now: int) -> Tables:
    """The tables by dataset, rows by time, with the batch's number and the moment of ingest. Raises StoreError: no identity."""
    return {dataset: _stamped(tables[dataset], number, now) for dataset in sorted(tables)}


def _stamped(table: pa.Table, number: int, now: int) -> pa.Table:
    for name in REQUIRED:
        if name not in table.column_names or table[name].null_count:
            raise StoreError(f"an event of the batch has no {name}\n  this is a fault of whoever made the event; nothing was stored")
    rows = table.num_rows
    plain = sorted_by_time(table.drop_columns([name for name in (BATCH, INGESTED) if name in table.column_names]))
    ingested = pa.array(np.full(rows, now)).cast(MOMENT)
    return plain.append_column(INGESTED, ingested).append_column(BATCH, pa.array(np.full(rows, number)))


def _state(core: Core, draft: Draft) -> str:
    found = core.manifest.rows("SELECT state, token FROM batches WHERE number = ?", draft.number)
    if not found or found[0][1] != draft.token:
        raise StoreError(f"{core.layout.root}: batch {draft.number} was not begun by this writer")
    state: str = found[0][0]
    return state


def _written(core: Core, draft: Draft, tables: Tables) -> Segment | None:
    if not tables:
        return None
    wide = pa.concat_tables(tables.values(), promote_options="permissive")
    return write_segment(core.layout.segments, f"b{draft.number:010d}", [wide], wide.schema, wide.num_rows, FRESH_PAGE)


def _close(
    core: Core,
    draft: Draft,
    tables: Tables,
    segment: Segment | None,
    sources: Sequence[SourceState],
    rewrites: list[Rewrite],
    now: int,
) -> None:
    manifest = core.manifest
    known = set(known_columns(manifest))
    names = {name for table in tables.values() for name in table.column_names}
    with manifest.transaction():
        apply(core, rewrites, now=now)
        if segment:
            register.name_segment(manifest, segment, {dataset: table.column_names for dataset, table in tables.items()})
            fix_columns(manifest, core.catalogue, names, known)
        span = segment.span if segment else None
        manifest.run(
            "UPDATE batches SET state = 'closed', events = ?, first = ?, last = ?, closed_at = ? WHERE number = ?",
            *((span.rows, span.first, span.last) if span else (0, None, None)),
            *(now, draft.number),
        )
        register.put_sources(manifest, sources)
        register.add_to_feeds(manifest, _feeds(tables, now))


def _feeds(tables: Tables, now: int) -> list[FeedState]:
    return [state for dataset, table in tables.items() for state in _feeds_of(dataset, table, now)]


def _feeds_of(dataset: str, table: pa.Table, now: int) -> list[FeedState]:
    moments = table[TIME].cast(pa.int64())
    if FEED not in table.column_names:
        return [FeedState("", dataset, table.num_rows, now, now, pc.max(moments).as_py())]
    groups = pa.table({FEED: pc.fill_null(table[FEED], ""), TIME: moments}).group_by(FEED).aggregate([(TIME, "count"), (TIME, "max")])
    rows: list[dict[str, Any]] = groups.to_pylist()
    return [FeedState(row[FEED], dataset, row[f"{TIME}_count"], now, now, row[f"{TIME}_max"]) for row in rows]
