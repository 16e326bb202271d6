"""Small segments become few: one dataset each, whole hours where they are large enough, sorted by time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from soc.condition.sql_text import literal, name
from soc.errors import StoreError
from soc.fields import DATASET, ID, TIME
from soc.store.base import Stop
from soc.store.segments.manifest import register
from soc.store.segments.manifest.damage import check_whole
from soc.store.segments.manifest.parquet import ROW_GROUP, Segment, write_segment
from soc.store.segments.manifest.register import Stored
from soc.store.segments.manifest.unnamed import unnamed
from soc.store.segments.questions.core import Core
from soc.store.segments.questions.relation import TooMuch, connection, engine_errors
from soc.store.segments.upkeep.pieces import Piece, pieces
from soc.store.segments.upkeep.rounds import next_round, relation
from soc.store.segments.upkeep.weights import put_aside
from soc.store.segments.writing.generation import MERGED, next_of

if TYPE_CHECKING:  # loaded by what asks it: it takes a tenth of the memory of a command
    import duckdb

Parts = dict[int, dict[str, frozenset[str]]]


def compact(core: Core, *, now: int, stop: Stop) -> int:
    """See `soc.store.base.Writer.compact`. Works in rounds of bounded size, each one transaction."""
    went = 0
    while not stop() and (group := next_round(core)):
        try:
            _merge(core, group, now=now)
            went += len(group)
        except TooMuch:
            put_aside(core, group)
    return went


def _merge(core: Core, group: Sequence[Stored], *, now: int) -> None:
    check_whole(core.layout.segments, group)
    made: list[Segment] = []
    parts = register.parts(core.manifest, group)
    with unnamed(core.manifest) as files:
        with connection(core.reader.memory) as engine:
            for piece in pieces(engine, relation(core, group), core.shape):
                for segment in _written(core, engine, group, parts, piece):
                    made.append(segment)
                    files.append(core.layout.segments / segment.name)
        if sum(segment.span.rows for segment in made) != sum(segment.rows for segment in group):
            raise StoreError(f"{core.layout.segments}: a merge would have lost events; nothing was changed\n  see: soc doctor")
        with core.manifest.transaction():
            for segment in made:
                register.name_segment(core.manifest, segment, dict.fromkeys(segment.datasets, segment.columns))
            register.retire(core.manifest, group, now=now)


def _written(core: Core, engine: duckdb.DuckDBPyConnection, group: Sequence[Stored], parts: Parts, piece: Piece) -> Iterator[Segment]:
    near = [s for s in group if s.last >= piece.since and s.first < piece.until]
    columns = sorted(set().union(*(parts[s.id].get(piece.dataset, frozenset()) for s in near)))
    source = relation(core, near)
    span = f"{name(TIME)} >= make_timestamptz({piece.since}) AND {name(TIME)} < make_timestamptz({piece.until})"
    where = f"{name(DATASET)} = {literal(piece.dataset)} AND {span}"
    statement = f"SELECT {', '.join(map(name, columns))} FROM {source.sql()} WHERE {where} ORDER BY {name(TIME)}, {name(ID)}"
    with engine_errors(source):
        stream = engine.sql(statement).to_arrow_reader(ROW_GROUP)
        tables = (pa.Table.from_batches([batch]) for batch in stream)
        for table in tables:  # only an hour with more than `most` rows needs a second segment
            more = _take(tables, core.shape.most - table.num_rows)
            prefix = next_of(core.manifest, MERGED)
            yield write_segment(core.layout.segments, prefix, chain([table], more), stream.schema, min(piece.rows, core.shape.most))


def _take(tables: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
    while rows > 0 and (table := next(tables, None)) is not None:
        rows -= table.num_rows
        yield table
