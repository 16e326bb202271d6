"""Events by their ids, out of the files that may hold them: first the column of ids, then of what was found a few columns at a time.

Evidence is looked up this way for each alert that grows. The database's engine would take more memory to be loaded than this takes in all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from soc.event import Event
from soc.fields import BATCH, ID, TIME
from soc.match.columns import MOMENT, to_events
from soc.model import Window
from soc.store.segments.manifest.damage import REPAIR, reading
from soc.store.segments.manifest.parquet import non_null
from soc.store.segments.manifest.register import Stored
from soc.store.segments.questions.relation import Vanished

TOGETHER = 8  # columns


def pick(folder: Path, segments: Iterable[Stored], ids: Collection[str], window: Window) -> dict[str, Event]:
    """Those of these events that the segments hold, by id; of several readings the one of the latest batch. Raises StoreError."""
    found: dict[str, Event] = {}
    wanted = pa.array(sorted(set(ids)), pa.string())
    for segment in segments if ids else ():
        for event in _of_segment(folder / segment.name, wanted, window):
            known = found.get(event[ID])
            if known is None or known[BATCH] <= event[BATCH]:
                found[event[ID]] = event
    return found


def _of_segment(path: Path, wanted: pa.Array, window: Window) -> Iterator[Event]:
    if not path.exists():
        raise Vanished(f"{path}: is missing\n{REPAIR}")
    with reading(path), pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False) as source:
        tables = [_of_group(source, group, wanted, window) for group in range(source.num_row_groups)]
    for table in tables:
        yield from to_events(non_null(table))


def _of_group(source: pq.ParquetFile, group: int, wanted: pa.Array, window: Window) -> pa.Table:
    """The rows of a group with these ids in the window, all columns."""
    seen = source.read_row_group(group, columns=[ID, TIME], use_threads=False)
    rows = pc.is_in(seen[ID], wanted)
    for op, moment in window.bounds:
        compare = pc.greater_equal if op == "gte" else pc.less
        rows = pc.and_(rows, compare(seen[TIME].cast(MOMENT), pa.scalar(moment, pa.int64()).cast(MOMENT)))
    if not pc.any(rows).as_py():
        return seen.slice(0, 0)
    names = source.schema_arrow.names
    parts = [
        source.read_row_group(group, columns=names[start : start + TOGETHER], use_threads=False).filter(rows)
        for start in range(0, len(names), TOGETHER)
    ]
    return pa.table([column for part in parts for column in part.columns], names=[name for part in parts for name in part.column_names])
