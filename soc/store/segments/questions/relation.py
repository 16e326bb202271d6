"""The files that the manifest names, as one relation of DuckDB."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from soc.condition.sql import lend
from soc.condition.sql_text import literal, name
from soc.errors import StoreError
from soc.folders import scratch
from soc.store.segments.manifest.damage import damaged, faults
from soc.store.segments.manifest.layout import storage_errors
from soc.store.segments.manifest.register import Stored

if TYPE_CHECKING:  # loaded by what asks it: it takes a tenth of the memory of a command
    import duckdb

THREADS = 2
LOOK_THROUGH = 500_000_000  # bytes


class Vanished(StoreError):
    """A file that the manifest named is gone: the list was older than the grace."""


class TooMuch(StoreError):
    """A question needs more memory than it may use."""


@dataclass(frozen=True, slots=True)
class Relation:
    """Segments and the columns that some of them have."""

    folder: Path
    segments: tuple[Stored, ...]
    columns: frozenset[str]

    @property
    def paths(self) -> list[str]:
        return [str(self.folder / segment.name) for segment in self.segments]

    def sql(self, *, filename: bool = False) -> str:
        """What stands after FROM. There is at least one segment."""
        more = ", filename=true" if filename else ""
        return f"read_parquet([{', '.join(map(literal, self.paths))}], union_by_name=true{more})"

    def columns_sql(self, types: Mapping[str, str], wanted: Collection[str]) -> str:
        """The select list: columns that no segment has are NULL of their type."""
        return ", ".join(name(w) if w in self.columns else f"NULL::{types[w]} AS {name(w)}" for w in wanted)


@contextmanager
def connection(memory: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own for each query: it holds no file open afterwards. What exceeds `memory` goes to a temporary folder."""
    import duckdb

    beside = Path(tempfile.gettempdir())
    with storage_errors(beside), scratch(beside, "hunt") as folder:
        settings = {
            "threads": THREADS,
            "memory_limit": f"{memory // 1_000_000}MB",
            "temp_directory": str(folder),
            "python_enable_replacements": "false",
        }
        opened = duckdb.connect(config=settings)
        try:
            lend(opened)
            opened.execute("SET TimeZone = 'UTC'")
            opened.execute("SET enable_progress_bar = false")
            yield opened
        finally:
            opened.close()


@contextmanager
def engine_errors(relation: Relation) -> Iterator[None]:
    """What DuckDB raises about files becomes Vanished or a StoreError that names the damaged ones; want of memory becomes TooMuch."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise TooMuch(
            f"{relation.folder}: the question needs more memory than the store may use\n  ask for fewer events or a shorter window"
        ) from error
    except duckdb.Error as error:
        found = faults(relation.folder, relation.segments) or faults(relation.folder, _within(relation.segments), deep=True)
        if any(fault.endswith("is missing") for fault in found):
            raise Vanished(damaged(found)) from error
        raise damaged(found or [f"{relation.folder}: {str(error).splitlines()[0]}"]) from error


def _within(segments: Sequence[Stored]) -> list[Stored]:
    """Those that can be read through while a person waits: all of them, or none."""
    return list(segments) if sum(segment.bytes for segment in segments) < LOOK_THROUGH else []
