"""Events as Arrow tables, one per dataset, and back.

A column has its field's name and the type that the catalogue gives it; where an event has no value it is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from soc.event import Event
from soc.fields import DATASET, Catalogue, Field
from soc.match.misfits import fitted
from soc.match.transpose import CHUNK, transposed

pa.set_memory_pool(pa.system_memory_pool())  # Arrow's own costs a run a twentieth of its time and a fifth more memory
MOMENT = pa.timestamp("us", tz="UTC")
_ARROW = {
    "keyword": pa.string(),
    "ip": pa.string(),
    "long": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "date": MOMENT,
    "map": pa.map_(pa.string(), pa.string()),
}
_NONE = type(None)
_PYTHON = {  # what has to be looked at first: Arrow would cut 1.5 down to 1, and take a text for a list of letters
    "long": frozenset({int, _NONE}),
    "date": frozenset({int, _NONE}),
    "double": frozenset({float, int, _NONE}),
    "map": frozenset({dict, _NONE}),
}
_LIST = frozenset({list, _NONE})
_TEXT = ("keyword", "ip")


def arrow_type(field: Field) -> pa.DataType:
    """The type of the field's column: text as string, dates in microseconds UTC, an array as a list, labels as a map."""
    single = _ARROW[field.type]
    return pa.list_(single) if field.array else single


def to_tables(events: Sequence[Event], catalogue: Catalogue) -> dict[str, pa.Table]:
    """One table per `event.dataset` ("" where an event has none), rows in the order given, columns by name.

    A table has the columns that some event of its dataset fills; empty lists are nulls. Values that do not fit the
    catalogue are moved as `soc.match.misfits.fitted` says; nothing is raised for them and nothing is lost.
    """
    by_dataset: dict[str, list[Event]] = {}
    for event in events:
        dataset = event.get(DATASET)
        by_dataset.setdefault(dataset if type(dataset) is str else "", []).append(event)
    return {dataset: _table(rows, catalogue) for dataset, rows in by_dataset.items()}


def to_events(table: pa.Table) -> list[Event]:
    """The events of a table in its order: nulls and empty lists left out, dates as `int`, labels as a dict."""
    return [event for batch in table.to_batches(max_chunksize=CHUNK) for event in _batch_events(batch)]


def values_of(column: pa.ChunkedArray | pa.Array) -> list[Any]:
    """The values of a column as events hold them; None for nulls, empty lists and empty maps."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    return list(chain.from_iterable(map(_values, chunks)))


def _table(events: list[Event], catalogue: Catalogue) -> pa.Table:
    table = _fast_table(events, catalogue)
    if table is None:  # some value is a misfit; which one does not matter here, it is rare
        table = _fast_table([fitted(event, catalogue) for event in events], catalogue)
    return table


def _fast_table(events: list[Event], catalogue: Catalogue) -> pa.Table | None:
    """The table of events that all fit, or None."""
    columns = transposed(events)
    if not columns.keys() <= catalogue.fields.keys():
        return None
    filled: dict[str, pa.Array] = {}
    for name in sorted(columns):
        array = _column(columns[name], catalogue.fields[name])
        if array is None:
            return None
        if array.null_count < len(events):
            filled[name] = array
    return pa.table(filled or {DATASET: pa.nulls(len(events), pa.string())})  # no columns, no rows


def _column(values: Sequence[Any], field: Field) -> pa.Array | None:
    """The column of these values, or None when one does not fit."""
    if not _of_type(values, field):
        return None
    try:
        if field.type in _TEXT and values[0] == values[-1] and values.count(values[0]) == len(values):
            return _repeated(values[0], len(values), field)
        column = pa.array(_for_arrow(values, field), arrow_type(field))
    except (pa.ArrowInvalid, TypeError, OverflowError, UnicodeEncodeError):  # another type, a surrogate, more than 64 bits
        return None
    inner = column.values if field.array else column.items if field.type == "map" else None
    return None if inner is not None and inner.null_count else column


def _repeated(value: Any, times: int, field: Field) -> pa.Array | None:
    """A column of one text, or of one list of texts."""
    one = pa.array(_for_arrow([value], field), arrow_type(field))
    return None if field.array and one.values.null_count else one.take(pa.array(np.zeros(times, np.int32)))


def _of_type(values: Sequence[Any], field: Field) -> bool:
    if field.array and not set(map(type, values)) <= _LIST:
        return False
    wanted = _PYTHON.get(field.type)
    return wanted is None or set(map(type, chain.from_iterable(filter(None, values)) if field.array else values)) <= wanted


def _for_arrow(values: Sequence[Any], field: Field) -> Sequence[Any]:
    if field.array and field.type == "double":
        return [[float(item) for item in value] if value else None for value in values]
    if field.array:
        return [value or None for value in values]
    if field.type == "double":
        return [value if value is None else float(value) for value in values]
    if field.type == "map":
        return [list(value.items()) if value else None for value in values]
    return values


def _batch_events(batch: pa.RecordBatch) -> list[Event]:
    events: list[Event] = [{} for _ in range(batch.num_rows)]
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        for event, value in zip(events, _values(column), strict=True):
            if value is not None:
                event[name] = value
    return events


def _values(array: pa.Array) -> Iterable[Any]:
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _values(array.cast(kind.value_type))
    if pa.types.is_timestamp(kind):
        return _values(_int_of(array))
    if pa.types.is_map(kind):
        return [dict(pairs) if pairs else None for pairs in array.to_pylist()]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        plain = array.cast(pa.list_(pa.int64())) if pa.types.is_timestamp(kind.value_type) else array
        return [items or None for items in plain.to_pylist()]
    return list(array.to_pylist())


def _int_of(moments: pa.Array) -> pa.Array:
    return moments.cast(pa.timestamp("us", tz=moments.type.tz)).cast(pa.int64())
