"""Hits as columns: which event met which selection, for which rule, in which group."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from soc.model import Window

HITS = pa.schema(
    [
        ("rule", pa.string()),  # the rule, or the correlation that the hit is counted for
        ("part", pa.string()),  # the rule whose selection was hit: differs from `rule` in a correlation
        ("time", pa.int64()),  # @timestamp of the event
        ("institution", pa.string()),
        ("key", pa.string()),  # canonical JSON: folded group value by field
        ("value", pa.string()),  # canonical JSON of the counted values; null when nothing is counted
        ("event", pa.string()),  # event.id
        ("times", pa.int32()),  # how many messages the event stands for; null: one
    ]
)
CODED = ("rule", "part", "institution", "key", "value")  # few distinct texts: held as dictionaries in memory
DICTIONARY = pa.dictionary(pa.int32(), pa.string())
HELD = pa.schema([pa.field(field.name, DICTIONARY if field.name in CODED else field.type) for field in HITS])

Group = tuple[str, str]
"""Institution and key, as in the columns of these names."""

Row = tuple[str, str, int, str, str, str | None, str, int | None]
MOST_TIMES = (1 << 31) - 1  # that an event is believed to stand for, so that sums stay exact


def to_table(rows: Iterable[Row]) -> pa.Table:
    """Rows in the order of HITS as a table, in the same order."""
    columns = list(zip(*rows, strict=True)) or [()] * len(HITS)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, HITS, strict=True)], schema=HITS).cast(HELD)


def column_of(codes: Any, texts: Sequence[str]) -> pa.Array:
    """A column of texts by their codes; null where a code is below 0."""
    indices = pa.array(codes, pa.int32(), mask=codes < 0) if len(codes) and codes.min() < 0 else pa.array(codes, pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(texts, pa.string()))


def from_columns(rows: int, columns: Mapping[str, Any]) -> pa.Table:
    """Hits of so many rows; a text in place of a column stands in each of them."""
    same = np.zeros(rows, np.int32)
    filled = [column_of(same, [value]) if isinstance(value := columns[name], str) else value for name in HELD.names]
    return pa.table(filled, schema=HELD)


def codes_of(column: pa.ChunkedArray) -> tuple[Any, pa.Array]:
    """The column as codes (int32, -1 for null) and the distinct texts that they stand for."""
    whole = (column if pa.types.is_dictionary(column.type) else column.dictionary_encode()).unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # of no chunk at all
        return np.zeros(0, np.int32), pa.array([], pa.string())
    indices = whole.indices.fill_null(-1) if whole.indices.null_count else whole.indices
    return indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), whole.dictionary


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of all tables in turn, held as HELD says; those made before `times` was known stand for one message each."""
    return pa.concat_tables([_with_times(table).select(HELD.names).cast(HELD) for table in tables]) if tables else HELD.empty_table()


def _with_times(table: pa.Table) -> pa.Table:
    return table if "times" in table.column_names else table.append_column("times", pa.nulls(table.num_rows, HELD.field("times").type))


def by_rule(table: pa.Table) -> dict[str, pa.Table]:
    """The rows of each rule, in the table's order."""
    if not table.num_rows:
        return {}
    codes, names = codes_of(table["rule"])
    order = np.argsort(codes, kind="stable")
    sorted_codes = codes[order]
    starts = np.flatnonzero(np.diff(sorted_codes, prepend=-1))
    ends = np.append(starts[1:], len(codes))
    ordered = table.take(pa.array(order))
    found = {names[int(sorted_codes[start])].as_py(): ordered.slice(start, end - start) for start, end in zip(starts, ends, strict=True)}
    return dict(sorted(found.items()))


def times_of(repeated: Any) -> int | None:
    """The value of `times` for an event with this `soc.repeated`."""
    return min(repeated, MOST_TIMES) if repeated and repeated > 1 else None


def messages_of(table: pa.Table) -> int:
    """How many messages the rows stand for."""
    times = table["times"]
    return int(table.num_rows - (len(times) - times.null_count) + (pc.sum(times.cast(pa.int64())).as_py() or 0))


def reaches(table: pa.Table) -> dict[Group, tuple[int, int]]:
    """The first and last moment of each group's hits."""
    if not table.num_rows:
        return {}
    spans = table.unify_dictionaries().group_by(["institution", "key"], use_threads=False).aggregate([("time", "min"), ("time", "max")])
    columns = (spans[name].to_pylist() for name in ("institution", "key", "time_min", "time_max"))
    return {(whose, key): (first, last) for whose, key, first, last in zip(*columns, strict=True)}


def groups_of(table: pa.Table) -> set[tuple[str, str, str]]:
    """The rules and groups that have hits: rule, institution and key."""
    found = (
        table.select(["rule", "institution", "key"])
        .unify_dictionaries()
        .group_by(["rule", "institution", "key"], use_threads=False)
        .aggregate([])
    )
    return set(zip(*(found[name].to_pylist() for name in ("rule", "institution", "key")), strict=True))


def let_go() -> None:
    """Gives memory that columns no longer use back to the system: what they leave behind would add up over many batches."""
    pa.default_memory_pool().release_unused()


def ids_among(table: pa.Table, wanted: Collection[str]) -> set[str]:
    """Those of these events that have a hit in the table."""
    return set(table["event"].filter(are_among(table["event"], wanted)).unique().to_pylist())


def are_among(column: pa.ChunkedArray, wanted: Collection[str]) -> pa.ChunkedArray:
    """Which rows of a column of texts have one of these."""
    return pc.is_in(column, pa.array(sorted(wanted), pa.string()))


def moments_of(table: pa.Table) -> tuple[int, int]:
    """The first and last moment of hits, of which there are some."""
    span = pc.min_max(table["time"]).as_py()
    return span["min"], span["max"]


def within(table: pa.Table, rules: Iterable[str], window: Window) -> pa.Table:
    """The hits of these rules in the window: what a store's `hits` returns, from a table at hand."""
    codes, names = codes_of(table["rule"])
    wanted = np.isin(np.array(names.to_pylist(), object), list(rules))
    timed = pc.and_(pc.greater_equal(table["time"], window.since), pc.less(table["time"], window.until))
    return table.filter(pc.and_(pa.array(wanted[codes]), timed))
