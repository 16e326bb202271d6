"""Every row of the manifest, read: values that are none of their column, texts that cannot be read, numbers that contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from soc.errors import StoreError
from soc.store.segments.manifest import register
from soc.store.segments.manifest.manifest import Manifest
from soc.store.segments.manifest.rows import names, read_json, whole

_TYPES: dict[str, type] = {"INTEGER": int, "TEXT": str}
_READERS: dict[tuple[str, str], Callable[[Any], object]] = {
    ("parts", "columns"): names,
    ("ages", "oldest"): lambda text: read_json(text, list),
}
_NUMBERS = ("max_disk", "generation")  # of `meta`
_SUMS = """
    SELECT id, rows, (SELECT sum(rows) FROM {0} WHERE segment = id) FROM segments
    WHERE rows IS NOT (SELECT sum(rows) FROM {0} WHERE segment = id) ORDER BY id
"""


def row_faults(manifest: Manifest) -> list[str]:
    """What is wrong with the rows, each fault as one sentence with table and row."""
    tables = manifest.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")
    found = [fault for (table,) in tables for fault in _of_table(manifest, str(table))]
    return [*found, *_of_sources(manifest), *_contradictions(manifest)]


def _of_table(manifest: Manifest, table: str) -> Iterator[str]:
    columns = manifest.rows(f"PRAGMA table_info({table})")
    key = [place for place, _, _, _, _, in_key in columns if in_key]
    for number, row in enumerate(manifest.rows(f"SELECT * FROM {table}"), 1):
        named = [row[place] for place in key] or [number]
        try:
            with whole(manifest, table, *named):
                for value, (_, name, kind, not_null, _, _) in zip(row, columns, strict=True):
                    _check(table, name, kind, value, required=bool(not_null))
                if table == "meta" and row[0] in _NUMBERS:
                    int(row[1])
        except StoreError as error:
            yield str(error)


def _check(table: str, name: str, kind: str, value: Any, *, required: bool) -> None:
    if value is None and not required:
        return
    if type(value) is not _TYPES[kind]:
        raise TypeError(f"its {name} is {str(value)[:40]!r}")
    if (read := _READERS.get((table, name))) is not None:
        read(value)


def _of_sources(manifest: Manifest) -> Iterator[str]:
    for (id,) in manifest.rows("SELECT id FROM sources ORDER BY id"):
        try:
            register.source(manifest, id)
        except StoreError as error:
            yield str(error)


def _contradictions(manifest: Manifest) -> Iterator[str]:
    for table in ("parts", "shares"):
        for id, rows, held in manifest.rows(_SUMS.format(table)):
            yield f"{manifest.path}: table {table}: says that segment {id} has {held} rows, where table segments says {rows}"
