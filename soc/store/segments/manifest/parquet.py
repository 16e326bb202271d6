"""A segment as a Parquet file: written, and what it holds counted on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from soc.fields import BATCH, DATASET, ID, TIME
from soc.store.segments.manifest.layout import durable

ROW_GROUP = 100_000
PAGE = 2048  # rows: a scan skips whole pages, so few hits of a filter cost a third less than with pages of 1 MiB, for 1.5 bytes an event
LEVEL = 1  # zstd: level 3 costs a fifth more CPU for no smaller files, level 9 twice as much for 4 % of the size
FRESH_PAGE = 20_000  # rows of a batch as it comes in: it is merged soon, and small pages cost a tenth of writing it
# nearly every value differs: a dictionary would be a second copy
UNIQUE = frozenset({ID, "event.original", "soc.raw", "message"})


@dataclass(frozen=True, slots=True)
class Span:
    """Rows and the smallest and largest @timestamp of some part of a segment."""

    rows: int
    first: int
    last: int

    def joined(self, other: Span) -> Span:
        return Span(self.rows + other.rows, min(self.first, other.first), max(self.last, other.last))


@dataclass(frozen=True, slots=True)
class Segment:
    """A file that has been written and that the manifest does not name yet."""

    name: str
    bytes: int
    digest: str
    datasets: dict[str, Span]
    batches: dict[int, Span]
    columns: frozenset[str]

    @property
    def span(self) -> Span:
        return total(self.datasets.values())

    @property
    def dataset(self) -> str | None:
        """The only dataset, or None when there are several."""
        return next(iter(self.datasets)) if len(self.datasets) == 1 else None


def total(spans: Iterable[Span]) -> Span:
    """All of them as one. There is at least one."""
    first, *others = spans
    for span in others:
        first = first.joined(span)
    return first


def write_segment(folder: Path, prefix: str, tables: Iterable[pa.Table], schema: pa.Schema, rows: int, page: int = PAGE) -> Segment:
    """A durable file with these tables in turn; `rows` is how many are expected. Raises StoreError, then there is no file.

    The tables' columns are those of `schema`; `page`: rows of a page.
    """
    counts: dict[tuple[str, int], Span] = {}

    def write(path: Path) -> None:
        with pa.OSFile(str(path), "wb") as sink, pq.ParquetWriter(sink, schema, **_properties(schema, rows, page)) as writer:
            for table in tables:
                _count(table, counts)
                writer.write_table(table, row_group_size=ROW_GROUP)

    written = durable(folder, prefix, write)
    return Segment(*written, _by(counts, 0), _by(counts, 1), frozenset(schema.names))


def _count(table: pa.Table, counts: dict[tuple[str, int], Span]) -> None:
    moments = table.select([DATASET, BATCH]).append_column(TIME, table[TIME].cast(pa.int64()))
    groups = moments.group_by([DATASET, BATCH]).aggregate([(TIME, "count"), (TIME, "min"), (TIME, "max")])
    for row in groups.to_pylist():
        span = Span(row[f"{TIME}_count"], row[f"{TIME}_min"], row[f"{TIME}_max"])
        key = (row[DATASET], row[BATCH])
        counts[key] = counts[key].joined(span) if key in counts else span


def _by(counts: dict[tuple[str, int], Span], part: int) -> dict[Any, Span]:
    spans: defaultdict[Any, list[Span]] = defaultdict(list)
    for key, span in counts.items():
        spans[key[part]].append(span)
    return {key: total(found) for key, found in spans.items()}


def _properties(schema: pa.Schema, rows: int, page: int) -> dict[str, Any]:
    return {
        "compression": "zstd",
        "compression_level": LEVEL,
        "use_dictionary": [path for field in schema if field.name not in UNIQUE for path in _leaves(field)],
        "max_rows_per_page": page,
        "write_page_checksum": True,
        "store_schema": False,
        "bloom_filter_options": {ID: {"ndv": max(1, min(rows, ROW_GROUP)), "fpp": 0.01}},
    }


def _leaves(field: pa.Field) -> list[str]:
    """The Parquet paths of a column's leaves."""
    if pa.types.is_map(field.type):
        return [f"{field.name}.key_value.key", f"{field.name}.key_value.value"]
    if pa.types.is_list(field.type):
        return [f"{field.name}.list.element"]
    return [field.name]


def non_null(table: pa.Table) -> pa.Table:
    """The table without the columns that no row fills."""
    return table.select([name for name, column in zip(table.column_names, table.columns, strict=True) if column.null_count < len(column)])
