"""Questions to the segments, answered by DuckDB over the files that the manifest names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from soc.condition.sql_text import literal, name
from soc.condition.tree import TRUE, Node
from soc.event import Event
from soc.fields import ID, READING, TIME
from soc.match.columns import values_of
from soc.model import ALWAYS, Window
from soc.store.segments.manifest.register import CHUNK
from soc.store.segments.questions.asking import Asker
from soc.store.segments.questions.picking import pick
from soc.store.segments.questions.relation import Relation


class Reader(Asker):
    """Answers from whatever is committed when a question is asked. Takes no lock."""

    def select(self, node: Node, window: Window, limit: int | None, newest: bool) -> Iterator[Event]:
        order = f"{name(TIME)} {'DESC' if newest else 'ASC'}, {name(ID)}"
        cut = f" LIMIT {int(limit)}" if limit is not None else ""

        def question(relation: Relation) -> str:
            return f"SELECT * FROM {relation.sql()} WHERE {self.where(node, window, relation)} ORDER BY {order}{cut}"

        return self.stream(window, question)

    def events(self, ids: Collection[str], window: Window) -> dict[str, Event]:
        return self._retried(window, lambda relation: pick(self.folder, relation.segments, ids, window))

    def readings(self, ids: Collection[str]) -> list[tuple[str, str, int]]:
        """Of these events those that are stored: segment's name, id, reading."""

        def columns(relation: Relation) -> str:
            number = f"coalesce({name(READING)}, 1)" if READING in relation.columns else "1"
            return f"filename, {name(ID)}, {number}"

        found: list[tuple[str, str, int]] = []
        for among in _among(ids):
            for table in self._with(among, columns):
                paths, names, numbers = (column.to_pylist() for column in table.columns)
                found += zip((Path(path).name for path in paths), names, numbers, strict=True)
        return found

    def count(self, node: Node, window: Window) -> int:
        def question(relation: Relation) -> str:
            return f"SELECT count(*) FROM {relation.sql()} WHERE {self.where(node, window, relation)}"

        return sum(table.column(0)[0].as_py() for table in self.tables(window, question))

    def top(self, field: str, node: Node, window: Window, limit: int) -> list[tuple[Any, int]]:
        def question(relation: Relation) -> str | None:
            column = self.column(field, relation)
            if column is None:
                return None
            value = f"unnest({_once(column)})" if self.is_list(field) else column
            inner = f"SELECT {value} AS v FROM {relation.sql()} WHERE {self.where(node, window, relation)}"
            return f"SELECT v, count(*) AS n FROM ({inner}) WHERE v IS NOT NULL GROUP BY v ORDER BY n DESC, v LIMIT {int(limit)}"

        tables = self.tables(window, question)
        return [pair for table in tables for pair in zip(values_of(table["v"]), table["n"].to_pylist(), strict=True)]

    def histogram(self, node: Node, window: Window, width: int, by: str | None) -> list[tuple[int, Any, int]]:
        def question(relation: Relation) -> str:
            columns = f"{_span(width)} AS s, {self._value(by, relation)} AS v"
            inner = f"SELECT {columns} FROM {relation.sql()} WHERE {self.where(node, window, relation)}"
            return f"SELECT s, v, count(*) AS n FROM ({inner}) GROUP BY s, v ORDER BY s, v NULLS LAST"

        tables = self.tables(window, question)
        return [row for t in tables for row in zip(t["s"].to_pylist(), values_of(t["v"]), t["n"].to_pylist(), strict=True)]

    def _with(self, among: str, columns: Callable[[Relation], str], window: Window = ALWAYS) -> list[pa.Table]:
        def question(relation: Relation) -> str:
            return f"SELECT {columns(relation)} FROM {relation.sql(filename=True)} WHERE {among} AND {self.where(TRUE, window, relation)}"

        return self.tables(window, question)

    def _value(self, field: str | None, relation: Relation) -> str:
        column = self.column(field, relation) if field else None
        if column is None or field is None:
            return "NULL"
        return f"unnest(CASE WHEN len({column}) > 0 THEN {_once(column)} ELSE [NULL] END)" if self.is_list(field) else column


def _among(ids: Collection[str]) -> Iterator[str]:
    """Tests for these ids, as many in each as one question may hold."""
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), CHUNK):
        yield f"{name(ID)} IN ({', '.join(map(literal, wanted[start : start + CHUNK]))})"


def _span(width: int) -> str:
    """The start of the span that a moment lies in; moments before 1970 too."""
    moment = f"epoch_us({name(TIME)})"
    return f"{moment} - (({moment} % {int(width)}) + {int(width)}) % {int(width)}"


def _once(column: str) -> str:
    """The list with each value once; short lists, nearly all, are spared the hashing."""
    return (
        f"CASE WHEN len({column}) < 2 OR (len({column}) = 2 AND {column}[1] <> {column}[2]) THEN {column} ELSE list_distinct({column}) END"
    )
