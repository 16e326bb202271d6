"""A manifest put back from a backup beside the files of a newer one: it is recognised whatever those are, and loses none of them."""

from __future__ import annotations

import shutil

import pytest

from soc.condition.tree import TRUE
from soc.errors import StoreError
from tests.store.failing_work import NOW, WORKS, add, event, hits_of, lay_out, opened

MINUTES = 60_000_000


@pytest.fixture
def path(tmp_path):
    lay_out(tmp_path / "store")
    return tmp_path / "store"


def kept(path):
    return {file.name: file.read_bytes() for folder in ("segments", "hits") for file in (path / folder).iterdir()}


def put_back(path, backup):
    for file in path.glob("manifest.db*"):
        file.unlink()
    shutil.copy(backup, path / "manifest.db")


def works_of_a_later_day(store):
    """Each work once, then upkeep that unlinks what they replaced."""
    with store.writer() as writer:
        writer.compact(now=NOW + 30 * MINUTES)


@pytest.mark.parametrize("work", WORKS)
def test_a_manifest_older_than_any_file_beside_it_writes_nothing_and_sweeps_nothing(path, tmp_path, work):
    shutil.copy(path / "manifest.db", tmp_path / "backup")
    newest = opened(path)
    WORKS[work](newest)
    if work not in ("add", "hits"):
        works_of_a_later_day(newest)
    newest.close()
    put_back(path, tmp_path / "backup")
    before = kept(path)

    store = opened(path)
    for write in (add, lambda store: store.put_hits("9-r", hits_of(1))):
        with pytest.raises(StoreError, match=r"manifest\.db: is older than \d files beside it, .*nothing is written or removed\n  put the"):
            write(store)

    assert kept(path) == before
    assert [fault for fault in store.check() if "is older than" in fault] == store.check()[:1]
    assert (path / "manifest.db").read_bytes() == (tmp_path / "backup").read_bytes()
    store.close()


@pytest.mark.parametrize("work", ["merge", "reread", "retain", "hits"])
def test_a_backup_taken_while_somebody_writes_is_recognised_too(path, tmp_path, work):
    store = opened(path)
    WORKS[work](store)
    store._manifest.run("VACUUM INTO ?", str(tmp_path / "backup"))
    store.put_hits("8-r", hits_of(2))
    with store.writer() as writer:
        writer.add(writer.begin(), [event(30, **{"soc.reading": 2}), event(2, **{"soc.reading": 3})], [], now=NOW)
    store.close()
    for file in (path / "segments").glob("b*04-*"):  # so that only what was written again tells
        file.unlink()
    put_back(path, tmp_path / "backup")

    older = opened(path)
    with pytest.raises(StoreError, match="is older than"), older.writer():
        pass
    older.close()


def test_where_a_file_that_counts_is_missing_nothing_is_swept(path):
    store = opened(path)
    named = sorted((path / "segments").iterdir())[0]
    stray = named.rename(named.with_name("c-0123456789abcdef.parquet"))  # of before there were generations

    with store.writer():
        pass

    assert stray.exists()
    stray.rename(named)
    assert store.check(deep=True) == []
    assert store.count(TRUE) == 9
    store.close()
