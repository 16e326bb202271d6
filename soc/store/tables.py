"""Tables as a batch of them is handed on, whatever the engine."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from soc.fields import BATCH, FEED, INGESTED, TIME
from soc.match.columns import MOMENT
from soc.model import FeedState
from soc.store.base import Tables
from soc.store.repeats import REQUIRED, nameless


def by_time(table: pa.Table) -> pa.Table:
    """The table's rows by @timestamp; untouched when they are in order already."""
    moments = table[TIME].cast(pa.int64()).to_numpy()
    if (moments[1:] >= moments[:-1]).all():
        return table
    return table.take(pa.array(moments.argsort(kind="stable")))


def stamped(tables: Tables, number: int, now: int) -> Tables:
    """The tables by dataset, rows by time, with the batch's number and the moment of ingest. Raises StoreError: no identity."""
    return {dataset: _stamped(tables[dataset], number, now) for dataset in sorted(tables)}


def feeds_of(tables: Tables, now: int) -> list[FeedState]:
    """What the tables bring, by feed and dataset."""
    return [state for dataset, table in tables.items() for state in _feeds_of(dataset, table, now)]


def _stamped(table: pa.Table, number: int, now: int) -> pa.Table:
    for name in REQUIRED:
        if name not in table.column_names or table[name].null_count:
            raise nameless(name)
    rows = table.num_rows
    plain = by_time(table.drop_columns([name for name in (BATCH, INGESTED) if name in table.column_names]))
    ingested = pa.array(np.full(rows, now)).cast(MOMENT)
    return plain.append_column(INGESTED, ingested).append_column(BATCH, pa.array(np.full(rows, number)))


def _feeds_of(dataset: str, table: pa.Table, now: int) -> list[FeedState]:
    moments = table[TIME].cast(pa.int64())
    if FEED not in table.column_names:
        return [FeedState("", dataset, table.num_rows, now, now, pc.max(moments).as_py())]
    groups = pa.table({FEED: pc.fill_null(table[FEED], ""), TIME: moments}).group_by(FEED).aggregate([(TIME, "count"), (TIME, "max")])
    return [FeedState(row[FEED], dataset, row[f"{TIME}_count"], now, now, row[f"{TIME}_max"]) for row in groups.to_pylist()]


def rows_of(tables: Tables) -> int:
    """Events of all datasets."""
    return sum(table.num_rows for table in tables.values())
