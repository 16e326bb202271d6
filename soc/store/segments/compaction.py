"""Small segments become few: one dataset each, whole hours where they are large enough, sorted by time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from soc.condition.sql_text import literal, name
from soc.errors import StoreError
from soc.store.base import Stop
from soc.store.segments import register
from soc.store.segments.core import Core, Shape
from soc.store.segments.damage import check_whole
from soc.store.segments.generation import MERGED, next_of
from soc.store.segments.parquet import DATASET, ID, ROW_GROUP, TIME, Segment, write_segment
from soc.store.segments.register import Stored
from soc.store.segments.relation import Relation, connection, engine_errors
from soc.store.segments.unnamed import unnamed
from soc.times import DAY, HOUR

if TYPE_CHECKING:  # loaded by what asks it: it takes a tenth of the memory of a command
    import duckdb

Parts = dict[int, dict[str, frozenset[str]]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment to be: the events of one dataset with since <= @timestamp < until."""

    dataset: str
    since: int
    until: int
    rows: int


def compact(core: Core, *, now: int, stop: Stop) -> int:
    """See `soc.store.base.Writer.compact`. Works in rounds of bounded size, each one transaction."""
    went = 0
    while not stop() and (group := _next_group(core)):
        _merge(core, group, now=now)
        went += len(group)
    return went


def _next_group(core: Core) -> list[Stored]:
    """Segments worth a merge: those of several datasets first, with the small ones of their datasets that they overlap."""
    shape = core.shape
    segments = register.live(core.manifest)
    wide = _up_to([s for s in segments if s.dataset is None], shape.round)
    small: defaultdict[str, list[Stored]] = defaultdict(list)
    for segment in segments:
        if segment.dataset is not None and segment.rows < shape.small:
            small[segment.dataset].append(segment)
    if len(wide) >= shape.wide:
        parts = register.parts(core.manifest, wide)
        datasets = {dataset for segment in wide for dataset in parts[segment.id]}
        first, last = min(s.first for s in wide), max(s.last for s in wide)
        near = [s for d in sorted(datasets) for s in small[d] if s.last >= first - HOUR and s.first <= last + HOUR]
        return wide + _up_to(near, shape.round)
    for dataset in sorted(small):
        group = _up_to(small[dataset], shape.round)
        if len(group) >= shape.least and _gains(core, group):
            return group
    return []


def _up_to(segments: Iterable[Stored], rows: int) -> list[Stored]:
    chosen: list[Stored] = []
    for segment in segments:
        rows -= segment.rows
        if rows < 0 and chosen:
            break
        chosen.append(segment)
    return chosen


def _gains(core: Core, group: Sequence[Stored]) -> bool:
    """Whether the merge leaves at most half as many segments; without that bound it would be done again and again."""
    with connection(core.reader.memory) as engine:
        return len(_pieces(core, engine, _relation(core, group))) * 2 <= len(group)


def _merge(core: Core, group: Sequence[Stored], *, now: int) -> None:
    check_whole(core.layout.segments, group)
    made: list[Segment] = []
    parts = register.parts(core.manifest, group)
    with unnamed(core.manifest) as files:
        with connection(core.reader.memory) as engine:
            for piece in _pieces(core, engine, _relation(core, group)):
                for segment in _written(core, engine, group, parts, piece):
                    made.append(segment)
                    files.append(core.layout.segments / segment.name)
        if sum(segment.span.rows for segment in made) != sum(segment.rows for segment in group):
            raise StoreError(f"{core.layout.segments}: a merge would have lost events; nothing was changed\n  see: soc doctor")
        with core.manifest.transaction():
            for segment in made:
                register.name_segment(core.manifest, segment, dict.fromkeys(segment.datasets, segment.columns))
            register.retire(core.manifest, group, now=now)


def _pieces(core: Core, engine: duckdb.DuckDBPyConnection, relation: Relation) -> list[Piece]:
    hours = f"epoch_us({name(TIME)}) // {HOUR} - (epoch_us({name(TIME)}) % {HOUR} < 0)::INT"
    statement = f"SELECT {name(DATASET)}, {hours} AS h, count(*) FROM {relation.sql()} GROUP BY ALL ORDER BY 1, 2"
    with engine_errors(relation):
        counts = engine.execute(statement).fetchall()
    return list(cut(counts, core.shape))


def cut(counts: Iterable[tuple[str, int, int]], shape: Shape) -> Iterator[Piece]:
    """Pieces from (dataset, hour since 1970, rows), which are sorted: an end after `full` rows, or after `sparse` rows and a day."""
    piece: Piece | None = None
    for dataset, hour, rows in counts:
        since, until = hour * HOUR, (hour + 1) * HOUR
        if piece and (dataset != piece.dataset or _ends(piece, since, shape)):
            yield piece
            piece = None
        piece = Piece(dataset, piece.since, until, piece.rows + rows) if piece else Piece(dataset, since, until, rows)
    if piece:
        yield piece


def _ends(piece: Piece, next_hour: int, shape: Shape) -> bool:
    new_day = next_hour // DAY != piece.since // DAY
    return piece.rows >= shape.full or (new_day and piece.rows >= shape.sparse)


def _written(core: Core, engine: duckdb.DuckDBPyConnection, group: Sequence[Stored], parts: Parts, piece: Piece) -> Iterator[Segment]:
    near = [s for s in group if s.last >= piece.since and s.first < piece.until]
    columns = sorted(set().union(*(parts[s.id].get(piece.dataset, frozenset()) for s in near)))
    source = _relation(core, near)
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


def _relation(core: Core, group: Sequence[Stored]) -> Relation:
    return Relation(core.layout.segments, tuple(group), frozenset())
