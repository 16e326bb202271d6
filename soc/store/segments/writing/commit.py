"""One batch becomes durable: the file first, then one transaction that makes batch, positions and file true together."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from soc.errors import Conflict, StoreError
from soc.event import Event
from soc.match.columns import to_tables
from soc.model import SourceState
from soc.store.base import Added, Draft, Tables
from soc.store.repeats import without_repeats
from soc.store.segments.manifest import register
from soc.store.segments.manifest.columns import fix_columns, known_columns
from soc.store.segments.manifest.parquet import FRESH_PAGE, Segment, write_segment
from soc.store.segments.manifest.unnamed import unnamed
from soc.store.segments.questions.batches import read_batches
from soc.store.segments.questions.core import Core
from soc.store.segments.writing.generation import of_batch
from soc.store.segments.writing.rewrite import Rewrite, apply
from soc.store.segments.writing.supersede import settle
from soc.store.tables import feeds_of, stamped


def add(core: Core, draft: Draft, events: Sequence[Event], sources: Sequence[SourceState], *, now: int) -> Added:
    """See `soc.store.base.Writer.add`. The caller holds the writer's lock."""
    state = _state(core, draft)
    if state == "closed":
        return Added(register.batch(core.manifest, draft.number), read_batches(core.manifest, core.layout.segments, [draft.number]))
    if state == "abandoned":
        raise Conflict(f"batch {draft.number} was abandoned by a later writer\n  nothing of it is stored; read its lines again")
    with unnamed(core.manifest) as files:
        fresh, rewrites = settle(core, without_repeats(events), files)
        tables = stamped(to_tables(fresh, core.catalogue), draft.number, now)
        segment = _written(core, draft, tables)
        files += [core.layout.segments / segment.name] if segment else []
        _close(core, draft, tables, segment, sources, rewrites, now)
    return Added(register.batch(core.manifest, draft.number), tables)


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
    return write_segment(core.layout.segments, of_batch(draft.number), [wide], wide.schema, wide.num_rows, FRESH_PAGE)


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
        register.add_to_feeds(manifest, feeds_of(tables, now), now)
