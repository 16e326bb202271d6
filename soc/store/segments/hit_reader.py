"""Hits read back: of the files that may hold some of the window, the groups of rows that may hold some of the rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from soc.match.hits import HELD, within
from soc.model import Window
from soc.store.segments.core import Core
from soc.store.segments.hits import TAG, opened, read_rows, tags_of, with_tags
from soc.store.segments.relation import Vanished


class HitReader:
    """Answers from the files that the manifest names when it is asked."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def hits(self, rules: Collection[str], window: Window) -> pa.Table:
        """See `soc.store.base.Store.hits`."""
        wanted = sorted(set(rules))
        if not wanted:
            return HELD.empty_table()
        try:
            found = self._found(wanted, window)
        except Vanished:  # merged and unlinked since the list was made
            found = self._found(wanted, window)
        return pa.concat_tables([table.select(HELD.names) for table in found if table.num_rows] or [HELD.empty_table()])

    def _found(self, rules: Sequence[str], window: Window) -> list[pa.Table]:
        return [self._rows(number, file, whole, rules, window) for number, file, whole in self._files(window)]

    def _files(self, window: Window) -> list[tuple[int, str, bool]]:
        """Files that may hold hits of the window: id, name, whether all of their tags still count."""
        rows = self._core.manifest.rows(
            "SELECT f.id, f.name, f.tags = count(*) FROM hit_files f JOIN hit_tags t ON t.file = f.id"
            " WHERE f.deleted_at IS NULL AND f.last >= ? AND f.first < ? GROUP BY f.id",
            *(window.since, window.until),
        )
        return [(number, file, bool(whole)) for number, file, whole in rows]

    def _rows(self, number: int, file: str, whole: bool, rules: Sequence[str], window: Window) -> pa.Table:
        with opened(self._core, file) as source:
            groups = _groups(source.metadata, rules, window)
            some = [within(read_rows(self._core, file, source, [group], tagged=not whole), rules, window) for group in groups]
        table = pa.concat_tables([rows for rows in some if rows.num_rows] or [HELD.empty_table()])
        if not whole and table.num_rows:
            table = with_tags(table, tags_of(self._core, number)).drop_columns([TAG])
        return table


def _groups(metadata: pq.FileMetaData, rules: Sequence[str], window: Window) -> Iterator[int]:
    """The groups of rows that may hold such hits, by what the file says of their smallest and largest values."""
    names = metadata.schema.names
    rule, time = names.index("rule"), names.index("time")
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        moments, texts = row_group.column(time).statistics, row_group.column(rule).statistics
        if moments is not None and moments.has_min_max and (moments.max < window.since or moments.min >= window.until):
            continue
        if texts is None or not texts.has_min_max or any(texts.min <= name <= texts.max for name in rules):
            yield group
