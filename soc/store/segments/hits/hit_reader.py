"""Hits read back: of the files that may hold some of the window, the groups of rows that may hold some of the rules."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from soc.match.hits import HELD, within
from soc.model import Window
from soc.store.segments.hits.hits import RULES, TAG, damaged, opened, read_rows, with_tags
from soc.store.segments.manifest.rows import typed
from soc.store.segments.questions.core import Core
from soc.store.segments.questions.relation import Vanished


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
        return [self._rows(file, tags, rules, window) for file, tags in self._files(window)]

    def _files(self, window: Window) -> list[tuple[str, list[str]]]:
        """Files that may hold hits of the window, and of each the tags that count; none named where all of its tags do.

        Asked once for all: what is merged or replaced from then on changes nothing of what is read.
        """
        rows = self._core.manifest.rows(
            "SELECT f.name, iif(f.tags = count(*), '[]', json_group_array(t.tag)) FROM hit_files f JOIN hit_tags t ON t.file = f.id"
            " WHERE f.deleted_at IS NULL AND f.last >= ? AND f.first < ? GROUP BY f.id",
            *(window.since, window.until),
        )
        return [(file, self._typed(orjson.loads(tags))) for file, tags in rows]

    def _typed(self, tags: Sequence[object]) -> list[str]:
        return [tag for (tag,) in typed(self._core.manifest, "hit_tags", (str,), [(tag,) for tag in tags])]

    def _rows(self, file: str, tags: Sequence[str], rules: Sequence[str], window: Window) -> pa.Table:
        with opened(self._core, file) as source:
            try:
                groups = list(_groups(source.metadata, rules, window))
            except (ValueError, IndexError) as error:  # what it says of its rows is none of what was written
                raise damaged(self._core, file, error) from error
            some = [within(read_rows(self._core, file, source, [group], tagged=bool(tags)), rules, window) for group in groups]
        table = pa.concat_tables([rows for rows in some if rows.num_rows] or [HELD.empty_table()])
        return with_tags(table, tags).drop_columns([TAG]) if tags and table.num_rows else table


def _groups(metadata: pq.FileMetaData, rules: Sequence[str], window: Window) -> Iterator[int]:
    """The groups of rows that may hold such hits, by what the file says of them."""
    time = metadata.schema.names.index("time")
    for group in _of_rules(metadata, rules):
        moments = metadata.row_group(group).column(time).statistics
        if moments is None or not moments.has_min_max or (moments.max >= window.since and moments.min < window.until):
            yield group


def _of_rules(metadata: pq.FileMetaData, rules: Sequence[str]) -> list[int]:
    """The groups of rows that hold hits of these rules; all of a file that an earlier release wrote, which does not say.

    Raises ValueError for what is said otherwise than soc says it.
    """
    said = (metadata.metadata or {}).get(RULES)
    if said is None:
        return list(range(metadata.num_row_groups))
    ends = orjson.loads(said)
    _check(ends, metadata.num_rows)
    starts = dict(zip(ends, (0, *ends.values()), strict=False))
    behind = list(accumulate(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)))
    spans = [(bisect_right(behind, starts[name]), bisect_left(behind, ends[name])) for name in rules if name in ends]
    return sorted({group for first, last in spans for group in range(first, last + 1)})


def _check(ends: object, rows: int) -> None:
    places = [0, *ends.values()] if isinstance(ends, dict) else []
    if any(type(place) is not int for place in places) or sorted(set(places)) != places or places[-1:] != [rows]:
        raise ValueError(f"{RULES.decode()} does not tell of {rows} rows in order")
