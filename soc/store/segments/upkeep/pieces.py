"""Where merged segments begin and end: one dataset each, whole hours where they are large enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from soc.condition.sql_text import name
from soc.fields import DATASET, TIME
from soc.store.segments.questions.core import Shape
from soc.store.segments.questions.relation import Relation, engine_errors
from soc.times import DAY, HOUR

if TYPE_CHECKING:  # loaded by what asks it: it takes a tenth of the memory of a command
    import duckdb


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment to be: the events of one dataset with since <= @timestamp < until."""

    dataset: str
    since: int
    until: int
    rows: int


def pieces(engine: duckdb.DuckDBPyConnection, relation: Relation, shape: Shape) -> list[Piece]:
    """What the events of these segments become, by dataset and time."""
    hours = f"epoch_us({name(TIME)}) // {HOUR} - (epoch_us({name(TIME)}) % {HOUR} < 0)::INT"
    statement = f"SELECT {name(DATASET)}, {hours} AS h, count(*) FROM {relation.sql()} GROUP BY ALL ORDER BY 1, 2"
    with engine_errors(relation):
        counts = engine.execute(statement).fetchall()
    return list(cut(counts, shape))


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
