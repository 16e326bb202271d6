"""A disk that fails, or a person who interrupts, while a commit is made true: whatever became of it, no event is lost.

SQLite may have made a transaction true although it raised. Which it is only the manifest tells, to whoever opens it next.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from soc.condition.tree import TRUE
from soc.model import Window
from soc.times import HOUR
from tests.failing_sync import BUG, DONE, FAIL, INTERRUPT, KILL, workshop
from tests.store.failing_work import BASE, READ, WORKS, lay_out, opened

LOG, MANIFEST, FILE, FOLDERS = "manifest.db-wal", "manifest.db", ".parquet.tmp", ("/segments", "/hits")
MOST = 12  # syncs of a file that one piece of work can make
READS_ON = ("add", "reread")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with workshop(tmp_path_factory.mktemp("shop"), "tests.store.failing_work") as made:
        yield made


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    path = tmp_path_factory.mktemp("before") / "store"
    lay_out(path)
    return path


def truth(path: Path):
    """What is true of a store that a process has left: events with their readings, position, hits. Its files are whole."""
    store = opened(path)
    try:
        with store.writer():  # sweeps
            pass
        assert store.check(deep=True) == []
        events = {found["event.id"]: found.get("soc.reading", 1) for found in store.select(TRUE)}
        assert len(events) == store.count(TRUE) == sum(row.events for row in store.batches())
        (source,) = store.sources()
        hits = sorted((row["event"], row["time"]) for row in store.hits(["r"]).to_pylist())
        named = {name for table in ("segments", "hit_files") for (name,) in store._manifest.rows(f"SELECT name FROM {table}")}
        found = {file.name for folder in ("segments", "hits") for file in (path / folder).iterdir()}
        assert found <= named
        return events, source.position, hits
    finally:
        store.close()


def between(found, not_done, done):
    """Whether the work is done, or not, or some of its transactions are: nothing else went or came."""
    if found in (not_done, done):
        return True
    events, position, hits = found
    return (
        position == not_done[1] == done[1]
        and done[0].items() <= events.items() <= not_done[0].items()
        and set(done[2]) <= set(hits) <= set(not_done[2])
    )


def done_again(path: Path, work: str):
    """What is true once the work was done, whether or not that was in vain."""
    store = opened(path)
    if not (work in READS_ON and store.sources()[0].position > READ):  # whoever has read on does not add these lines again
        WORKS[work](store)
    store.close()
    return truth(path)


def outcomes(before: Path, work: str, folder: Path):
    """What is true before the work and after it."""
    for name in ("untouched", "done"):
        shutil.copytree(before, folder / name)
    return truth(folder / "untouched"), done_again(folder / "done", work)


@pytest.mark.parametrize(
    ("what", "endings"),
    [(FAIL, (LOG, MANIFEST, FILE, *FOLDERS)), (INTERRUPT, (LOG,)), (KILL, (LOG,))],
    ids=["fails", "is interrupted", "is killed"],
)
@pytest.mark.parametrize("work", WORKS)
def test_whichever_sync_of_a_work_is_met_it_is_done_or_not_and_nothing_else_is_lost(shop, before, tmp_path, work, what, endings):
    not_done, done = outcomes(before, work, tmp_path)
    met = 0
    for ending in endings:
        for at in range(1, MOST):
            home = tmp_path / f"{ending.strip('/')}-{at}"
            shutil.copytree(before, home)

            ended = shop.run(work, str(home), "die", ending=ending, at=at, what=what)

            assert ended.code != BUG, ended.said
            if ended.code == DONE and what != KILL:
                assert truth(home) == done
            else:
                assert between(truth(home), not_done, done)
            if ended.code == DONE and ended.met < at:
                break
            met += 1
        else:
            raise AssertionError("more syncs than were tried")
    assert met >= 2


@pytest.mark.parametrize("then", ["sweep", "repeat"])
@pytest.mark.parametrize("work", WORKS)
def test_a_process_that_lives_on_after_a_failed_commit_sweeps_nothing_that_may_be_true_and_can_do_it_again(
    shop, before, tmp_path, work, then
):
    not_done, done = outcomes(before, work, tmp_path)
    for at in range(1, MOST):
        home = tmp_path / f"{at}"
        shutil.copytree(before, home)

        ended = shop.run(work, str(home), then, ending=LOG, at=at)

        assert ended.code != BUG, ended.said
        assert truth(home) == done if then == "repeat" else between(truth(home), not_done, done), ended.said
        assert done_again(home, work) == done
        if ended.met < at:
            break
    assert at > 1


@pytest.mark.parametrize("what", [FAIL, INTERRUPT, KILL], ids=["fails", "is interrupted", "is killed"])
def test_a_damaged_file_that_is_given_up_meanwhile_is_in_its_place_or_aside_and_never_gone(shop, before, tmp_path, what):
    met = 0
    for ending in (LOG, *FOLDERS, "/damaged", "/store"):
        for at in range(1, MOST):
            home = tmp_path / f"{ending.strip('/')}-{at}/store"
            shutil.copytree(before, home)
            (damaged,) = (home / "segments").glob("b0000000001-*")
            damaged.write_bytes(damaged.read_bytes()[:-9])

            ended = shop.run("give_up", str(home), "die", ending=ending, at=at, what=what)

            assert ended.code != BUG, ended.said
            store = opened(home)
            with store.writer():  # sweeps
                pass
            places = [path.exists() for path in (damaged, home / "damaged" / damaged.name)]
            assert places.count(True) == 1
            assert bool(store.check()) or places == [False, True]
            assert {found["event.id"] for found in store.select(TRUE, Window(BASE + 3 * HOUR, BASE + 9 * HOUR))} == {
                f"id{n}" for n in range(3, 9)
            }
            store.close()
            if ended.code == DONE and ended.met < at:
                break
            met += 1
    assert met >= 3
