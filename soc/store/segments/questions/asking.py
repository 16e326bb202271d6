"""How a question is put: over the files that the manifest names now, and once more when one of them vanished meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

from soc.condition.sql import OPERATORS, to_sql
from soc.condition.sql_text import literal, name
from soc.condition.tree import TRUE, Node
from soc.condition.values import LABEL
from soc.event import Event
from soc.fields import TIME, Catalogue
from soc.match.columns import to_events
from soc.model import ALWAYS, Window
from soc.store.segments.manifest import register
from soc.store.segments.manifest.manifest import Manifest
from soc.store.segments.manifest.parquet import non_null
from soc.store.segments.questions.relation import Relation, Vanished, connection, engine_errors

if TYPE_CHECKING:  # loaded by what asks it: it takes a tenth of the memory of a command
    import duckdb

ROWS = 20_000  # events made at a time
T = TypeVar("T")


class Asker:
    """Puts SQL to the segments of a window."""

    def __init__(self, manifest: Manifest, folder: Path, catalogue: Catalogue, memory: int) -> None:
        self.manifest, self.folder, self.catalogue, self.memory = manifest, folder, catalogue, memory

    def relation(self, window: Window = ALWAYS) -> Relation:
        """The segments that may hold events of the window."""
        with self.manifest.snapshot():
            segments = register.live(self.manifest, window)
            parts = register.parts(self.manifest, segments)
        columns = frozenset(chain.from_iterable(names for datasets in parts.values() for names in datasets.values()))
        return Relation(self.folder, tuple(segments), columns)

    def tables(self, window: Window, question: Callable[[Relation], str | None]) -> list[pa.Table]:
        """The answer as one table; none when no segment can hold an answer or the question is None."""

        def ask(relation: Relation) -> list[pa.Table]:
            statement = question(relation) if relation.segments else None
            if statement is None:
                return []
            with connection(self.memory) as engine, engine_errors(relation):
                return [engine.sql(statement).to_arrow_table()]

        return self._retried(window, ask)

    def stream(self, window: Window, question: Callable[[Relation], str]) -> Iterator[Event]:
        """The answer as events. What goes wrong is raised before the first one: the answer is sorted, so every file has been read then."""

        def ask(relation: Relation) -> Iterator[Event]:
            events = self._stream(relation, question(relation)) if relation.segments else iter(())
            return chain([first], events) if (first := next(events, None)) is not None else iter(())

        return self._retried(window, ask)

    def where(self, node: Node, window: Window, relation: Relation) -> str:
        """What stands after WHERE."""
        bounds = [f"{name(TIME)} {OPERATORS[op]} make_timestamptz({moment})" for op, moment in window.bounds]  # lets the scan skip files
        tests = [] if node == TRUE else [to_sql(node, self.catalogue, relation.columns)]
        return " AND ".join([*bounds, *tests]) or "true"

    def column(self, field: str, relation: Relation) -> str | None:
        """The field's value as SQL; None when no segment has it."""
        if field.startswith(LABEL):
            key = literal(field[len(LABEL) :])
            return f"list_extract(map_extract({name('labels')}, {key}), 1)" if "labels" in relation.columns else None
        return name(field) if field in relation.columns else None

    def is_list(self, field: str) -> bool:
        known = self.catalogue.get(field)
        return known is not None and known.array

    def _retried(self, window: Window, ask: Callable[[Relation], T]) -> T:
        try:
            return ask(self.relation(window))
        except Vanished:  # compacted and unlinked since the list was made; the new list names what took its place
            return ask(self.relation(window))

    def _stream(self, relation: Relation, statement: str) -> Iterator[Event]:
        with connection(self.memory) as engine, engine_errors(relation):
            found: duckdb.DuckDBPyRelation = engine.sql(statement)
            for batch in found.to_arrow_reader(ROWS):
                yield from to_events(non_null(pa.Table.from_batches([batch])))
