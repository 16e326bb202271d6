"""Hits of events that go: told while segments are read, then the files that hold them are written again without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from soc.model import Window
from soc.store.segments.hits.hits import TAG, current, name_file, write_file
from soc.store.segments.manifest.layout import Written
from soc.store.segments.manifest.rows import typed
from soc.store.segments.questions.core import Core

NOTHING = pa.array([], pa.string())


@dataclass(frozen=True, slots=True)
class _Thinned:
    """What takes a file's place; None: nothing is left of it."""

    file: int
    tags: tuple[str, ...]
    left: pa.Table
    new: Written | None


class HitDrops:
    """For events of these spans of time. Made, used and made true under `hits_lock`."""

    def __init__(self, core: Core, spans: Sequence[Window]) -> None:
        self._core = core
        self._files = _files(core, spans)
        hit = (current(core, number, file)[1]["event"].unique() for number, file in self._files)
        self._events = pa.concat_arrays([NOTHING, *hit]).unique()
        self._gone: list[pa.Array] = []
        self._thinned: list[_Thinned] = []

    @property
    def wanted(self) -> bool:
        """Whether some event of the spans has a hit, so that it matters which go."""
        return len(self._events) > 0

    def tell(self, ids: pa.ChunkedArray) -> None:
        """These events go."""
        if self.wanted:
            self._gone += ids.filter(pc.is_in(ids, self._events)).chunks

    def write(self, files: list[Path]) -> None:
        """Makes the files durable; the manifest does not name them yet. Their paths come to `files`, see `unnamed`."""
        gone = pa.concat_arrays([NOTHING, *self._gone])
        for number, file in self._files if len(gone) else ():
            tags, table = current(self._core, number, file)
            left = table.filter(pc.invert(pc.is_in(table["event"], gone)))
            if left.num_rows < table.num_rows:
                new = write_file(self._core, left) if left.num_rows else None
                files += [self._core.layout.hits / new.name] if new else []
                self._thinned.append(_Thinned(number, tags, left, new))

    def apply(self, *, now: int) -> None:
        """Makes them true. Runs inside a transaction."""
        manifest = self._core.manifest
        for one in self._thinned:
            rows = {pair["values"]: pair["counts"] for pair in one.left[TAG].value_counts().to_pylist()}
            if one.new:
                file = name_file(self._core, one.left, one.new, tags=len(rows))
                manifest.run_many("UPDATE hit_tags SET file = ?, rows = ? WHERE tag = ?", [(file, *pair[::-1]) for pair in rows.items()])
            manifest.run_many("DELETE FROM hit_tags WHERE tag = ?", [(tag,) for tag in one.tags if tag not in rows])
            manifest.run("UPDATE hit_files SET deleted_at = ? WHERE id = ?", now, one.file)


def _files(core: Core, spans: Sequence[Window]) -> list[tuple[int, str]]:
    """Files that may hold hits of the spans: id and name."""
    rows = core.manifest.rows("SELECT id, name, first, last FROM hit_files WHERE deleted_at IS NULL ORDER BY id") if spans else []
    rows = typed(core.manifest, "hit_files", (int, str, int, int), rows)
    return [(number, file) for number, file, first, last in rows if any(span.since <= last and first < span.until for span in spans)]
