"""Rows of the manifest that somebody has altered, in every table and column: named with their place, and never a traceback."""

from __future__ import annotations

import shutil
import sqlite3

import pytest

from soc.condition.tree import TRUE
from soc.errors import StoreError
from soc.store.base import Cut
from soc.store.segments.manifest.schema import TABLES
from soc.times import HOUR
from tests.store.failing_work import BASE, NOW, add, hits_of, lay_out, opened, reread

GARBAGE = {"INTEGER": ("'x'", "1.5"), "TEXT": ("x'ff00'", "'[7, {'")}
PLAUSIBLE = ("'[7, {'",)
READ = {("parts", "columns"), ("sources", "state"), ("parts", "rows"), ("shares", "rows"), ("segments", "rows")}


def columns():
    with sqlite3.connect(":memory:") as empty:
        empty.executescript(TABLES)
        for (table,) in empty.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'").fetchall():
            for _, name, kind, _, _, key in empty.execute(f"PRAGMA table_info({table})").fetchall():
                if not (kind == "INTEGER" and key):  # a row's number, which SQLite itself keeps a number
                    yield table, name, kind


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    path = tmp_path_factory.mktemp("before") / "store"
    lay_out(path)
    store = opened(path)
    reread(store)
    with store.writer() as writer:
        writer.retain([Cut(BASE + HOUR)], now=NOW)
    store.close()
    return path


def everything(store):
    """Each question and each work, one after the other."""
    yield from (store.batches, store.sources, store.feeds, store.statistics, store.missing, store.keep_from)
    yield from (
        lambda: list(store.select(TRUE)),
        lambda: store.tables([1, 2, 3]),
        lambda: store.hits(["r"]),
        lambda: store.sql("SELECT 1", limit=1),
    )
    yield from (lambda: add(store), lambda: reread(store), lambda: store.put_hits("2-r", hits_of(3)), lambda: upkeep(store))


def upkeep(store):
    with store.writer() as writer:
        writer.retain([Cut(BASE + 4 * HOUR)], now=NOW)
        writer.compact(now=NOW + 24 * HOUR)


def altered(manifest, statement):
    """False where SQLite does not let a hand do that."""
    connection = sqlite3.connect(manifest)
    try:
        with connection:
            assert connection.execute(statement).rowcount
        return True
    except sqlite3.IntegrityError:
        return False
    finally:
        connection.close()


@pytest.mark.parametrize(("table", "column", "kind"), list(columns()))
def test_a_value_that_is_no_value_of_its_column_is_named_by_a_deep_check_and_ends_nothing_with_a_traceback(
    before, tmp_path, table, column, kind
):
    for number, garbage in enumerate(GARBAGE[kind]):
        path = tmp_path / f"{number}"
        shutil.copytree(before, path)
        if not altered(
            path / "manifest.db", f"UPDATE {table} SET {column} = {garbage} WHERE {column} IS (SELECT {column} FROM {table} LIMIT 1)"
        ):
            continue
        try:
            store = opened(path)
        except StoreError as error:
            assert str(path / "manifest.db") in str(error)
            continue

        faults = store.check(deep=True)

        if garbage not in PLAUSIBLE or (table, column) in READ:
            assert any(f"table {table}" in fault for fault in faults), (garbage, faults)
        for work in everything(store):
            try:
                work()
            except StoreError as error:
                assert "manifest.db" in str(error) or "parquet" in str(error), (garbage, str(error))
        store.close()
