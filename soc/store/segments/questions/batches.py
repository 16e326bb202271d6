"""The events of batches, read back as tables for the matcher."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from soc.condition.values import LABEL
from soc.fields import BATCH, DATASET
from soc.store.base import COMMON, Tables
from soc.store.segments.manifest import register
from soc.store.segments.manifest.damage import REPAIR, reading
from soc.store.segments.manifest.manifest import Manifest
from soc.store.segments.manifest.parquet import non_null
from soc.store.segments.manifest.register import Stored
from soc.store.segments.questions.relation import Vanished


def read_batches(manifest: Manifest, folder: Path, numbers: Collection[int], columns: Collection[str] | None = None) -> Tables:
    """The events of these batches by dataset, rows by batch and time. Raises StoreError that names a damaged file."""
    try:
        return _read(manifest, folder, numbers, columns)
    except Vanished:  # compacted and unlinked since the list was made
        return _read(manifest, folder, numbers, columns)


def _read(manifest: Manifest, folder: Path, numbers: Collection[int], columns: Collection[str] | None) -> Tables:
    with manifest.snapshot():
        segments = register.holding(manifest, numbers)
        parts = register.parts(manifest, segments)
    found: dict[str, list[pa.Table]] = {}
    for segment in segments:
        for dataset, table in _split(folder, segment, parts[segment.id], sorted(numbers), columns):
            found.setdefault(dataset, []).append(table)
    return {dataset: pa.concat_tables(found[dataset], promote_options="permissive") for dataset in sorted(found)}


def _split(
    folder: Path, segment: Stored, parts: Mapping[str, frozenset[str]], numbers: list[int], columns: Collection[str] | None
) -> Iterator[tuple[str, pa.Table]]:
    path = folder / segment.name
    if not path.exists():
        raise Vanished(f"{path}: is missing\n{REPAIR}")
    with reading(path):
        table = _of_batches(path, numbers, _wanted(parts, columns))
    for dataset, names in parts.items():
        some = table if len(parts) == 1 else table.filter(pc.equal(table[DATASET], dataset))
        if some.num_rows:
            yield dataset, non_null(some.select([column for column in some.column_names if column in names]))


def _of_batches(path: Path, numbers: Sequence[int], columns: list[str] | None) -> pa.Table:
    """The rows of these batches. Groups of rows are read one after the other: a scan of the file would hold many of them at once."""
    with pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False) as source:
        found = [
            _some(source.read_row_group(group, columns=columns, use_threads=False), numbers) for group in _groups(source.metadata, numbers)
        ]
        return pa.concat_tables(found) if found else source.schema_arrow.empty_table().select(columns or source.schema_arrow.names)


def _some(rows: pa.Table, numbers: Sequence[int]) -> pa.Table:
    return (
        rows
        if len(pc.unique(rows[BATCH])) == 1 and rows[BATCH][0].as_py() in numbers
        else rows.filter(pc.is_in(rows[BATCH], pa.array(numbers)))
    )


def _groups(metadata: pq.FileMetaData, numbers: Sequence[int]) -> Iterator[int]:
    """The groups of rows that may hold some of these batches."""
    place = metadata.schema.names.index(BATCH)
    for group in range(metadata.num_row_groups):
        held = metadata.row_group(group).column(place).statistics
        if held is None or not held.has_min_max or any(held.min <= number <= held.max for number in numbers):
            yield group


def _wanted(parts: Mapping[str, frozenset[str]], columns: Collection[str] | None) -> list[str] | None:
    if columns is None:
        return None
    asked = {"labels" if column.startswith(LABEL) else column for column in columns} | set(COMMON)
    return sorted(column for column in asked if any(column in names for names in parts.values()))
