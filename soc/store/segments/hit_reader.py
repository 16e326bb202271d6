"""Hits read back. Their files never change, so those read once are kept, up to a bound: a run asks for the hits of many rules in turn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from soc.model import Window
from soc.store.base import HITS
from soc.store.segments.core import Core
from soc.store.segments.hits import read_file, tags_of, with_tags
from soc.store.segments.relation import Vanished

KEPT = 100_000_000  # bytes
DISTINCT = ["rule", "part", "key", "value", "event"]


class HitReader:
    """Answers from the files that the manifest names when it is asked."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._kept: OrderedDict[str, pa.Table] = OrderedDict()
        self._bytes = 0

    def hits(self, rules: Collection[str], window: Window) -> pa.Table:
        """See `soc.store.base.Store.hits`."""
        if not rules:
            return HITS.empty_table()
        wanted = pa.array(sorted(set(rules)), pa.string())
        try:
            found = self._found(wanted, window)
        except Vanished:  # merged and unlinked since the list was made
            found = self._found(wanted, window)
        some = [table for table in found if table.num_rows]
        if not some:
            return HITS.empty_table()
        groups = pa.concat_tables(some).group_by(DISTINCT, use_threads=False)
        distinct = groups.aggregate([("time", "min"), ("institution", "min")])
        return distinct.rename_columns([name.removesuffix("_min") for name in distinct.column_names]).select(HITS.names).cast(HITS)

    def _found(self, rules: pa.Array, window: Window) -> list[pa.Table]:
        return [self._rows(number, file, whole, rules, window) for number, file, whole in self._files(window)]

    def _files(self, window: Window) -> list[tuple[int, str, bool]]:
        """Files that may hold hits of the window: id, name, whether all of their tags still count."""
        rows = self._core.manifest.rows(
            "SELECT f.id, f.name, f.tags = count(*) FROM hit_files f JOIN hit_tags t ON t.file = f.id"
            " WHERE f.deleted_at IS NULL AND f.last >= ? AND f.first < ? GROUP BY f.id",
            *(window.since, window.until),
        )
        return [(number, file, bool(whole)) for number, file, whole in rows]

    def _rows(self, number: int, file: str, whole: bool, rules: pa.Array, window: Window) -> pa.Table:
        table = self._table(file)
        in_window = pc.and_(pc.greater_equal(table["time"], window.since), pc.less(table["time"], window.until))
        table = table.filter(pc.and_(pc.is_in(table["rule"], rules), in_window))
        if not whole and table.num_rows:
            table = with_tags(table, tags_of(self._core, number))
        return table

    def _table(self, file: str) -> pa.Table:
        table = self._kept.pop(file, None)
        if table is None:
            table = read_file(self._core, file)
            self._bytes += table.nbytes
        self._kept[file] = table
        while self._bytes > KEPT and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.nbytes
        return table
