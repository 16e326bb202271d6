"""The desk as a database, on either engine: made, migrated, shared, killed. What one engine alone can suffer has a file of its own."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest
from desk_kit import T0, alert, fresh_desk
from sqlalchemy import create_engine, text

from soc.desk.database.migrate import STEPS, migrate, version_of
from soc.desk.database.schema import VERSION, counted, metadata
from soc.desk.database.sums import SUMMED
from soc.desk.desk import open_desk
from soc.errors import Busy, Conflict, DeskError
from soc.times import DAY

pytestmark = pytest.mark.usefixtures("desk_engine")

WRITER = """
import sys
from soc.desk.desk import open_desk
from soc.errors import Conflict
url, name = sys.argv[1:]
desk = open_desk(url)
for number in range(int(1e9) if name == "endless" else 40):
    with desk.write() as tx:
        tx.note(["2026-000001"], f"{name} {number}", actor=name, now=number)
        tx.open_case(title=f"{name} {number}", institution="x", actor=name, now=1_700_000_000_000_000 + number)
    try:
        with desk.write() as tx:
            tx.cover("store", "rules", [number])
        print(number, flush=True)
    except Conflict:
        pass
"""
MAKER = """
import sys
from soc.desk.desk import open_desk
sys.stdin.readline()
desk = open_desk(sys.argv[1], create=True)
with desk.write() as tx:
    print(tx.begin_run("made", now=0), flush=True)
"""


def start(code: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def place(desk_engine) -> str:
    """The URL of a place where a desk can be made."""
    return desk_engine.empty()


@pytest.fixture
def url(place) -> str:
    """The URL of a new desk with one case."""
    desk = open_desk(place, create=True)
    with desk.write() as tx:
        tx.open_case(title="first", institution="x", actor="me", now=T0)
    desk.close()
    return place


def set_version(url: str, version: int) -> None:
    run(url, f"UPDATE meta SET value = '{version}' WHERE name = 'version'")


def run(url: str, *statements: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_a_desk_that_is_not_there_is_not_made_by_accident(place):
    for _ in range(2):
        with pytest.raises(DeskError, match="no desk\n  make one with: soc init"):
            open_desk(place)


def test_processes_that_make_the_desk_at_once_make_one(place):
    makers = [start(MAKER, place) for _ in range(4)]
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.write("\n")
        maker.stdin.flush()
    printed = [maker.communicate(timeout=60)[0] for maker in makers]

    assert [maker.returncode for maker in makers] == [0] * 4
    assert sorted(int(number) for number in printed) == [1, 2, 3, 4]


def test_a_newer_schema_is_left_alone(url):
    set_version(url, VERSION + 1)

    with pytest.raises(DeskError, match=rf"schema {VERSION + 1} is newer than this soc, which knows {VERSION}\n  install"):
        open_desk(url)


def test_a_desk_that_was_migrated_under_us_is_not_written_to(url):
    desk = open_desk(url)
    set_version(url, VERSION + 1)

    with pytest.raises(DeskError, match="newer"), desk.write() as tx:
        tx.note(["2026-000001"], "text", actor="me", now=T0)


def test_a_migration_happens_whole_or_not_at_all(url):
    desk = open_desk(url)
    steps = {VERSION: lambda connection: connection.execute(text("ALTER TABLE cases ADD COLUMN team TEXT"))}

    with pytest.raises(DeskError, match="too old"), desk.write() as tx:
        migrate(tx.connection, "desk", steps=steps, target=VERSION + 2)
    with desk.read() as tx:
        assert version_of(tx.connection) == VERSION
    with desk.write() as tx:
        migrate(tx.connection, "desk", steps=steps, target=VERSION + 1)

    with desk.read() as tx:
        assert version_of(tx.connection) == VERSION + 1
        assert tx.connection.execute(text("SELECT team FROM cases")).scalars().all() == [None]


ADDED = {  # version -> what takes back what it brought
    2: ["DROP TABLE journal", "DROP TABLE playbook_runs"],
    3: [f"DROP TABLE {table}" for table in ("feeds", "sources", "stretches", "batches", "stores")],
    4: [
        *(f"ALTER TABLE {table} DROP COLUMN sum" for table in SUMMED if table is not counted),
        "DELETE FROM meta WHERE name LIKE 'sum of %'",
    ],
    5: ["DROP TABLE counted"],
}


@pytest.mark.parametrize("version", STEPS)
def test_a_desk_of_each_older_schema_is_brought_forward_with_what_it_holds(url, version):
    with open_desk(url).write() as tx:
        tx.put_alert(alert("a1"), now=T0)
        tx.cover("store", "rules", [1, 2])
    run(url, *(statement for later in range(VERSION, version, -1) for statement in ADDED[later]))
    set_version(url, version)

    desk = open_desk(url, create=True)

    with desk.read() as tx:
        assert version_of(tx.connection) == VERSION
        assert [head.title for head in tx.heads()] == ["first"]
        assert (tx.covered("store", "rules"), tx.verify_sums()) == ([(1, 2)], [])
        for table in metadata.sorted_tables:
            tx.connection.execute(table.select())


def test_a_locked_desk_is_named_and_readers_do_not_wait(url):
    first, second = open_desk(url), open_desk(url, patience=0.05)

    with first.write() as tx:
        tx.note(["2026-000001"], "not yet true", actor="me", now=T0)
        with pytest.raises(DeskError, match=r"locked by another process.*\n  try again"), second.write():
            pass
        with second.read() as reader:
            assert reader.case("2026-000001").notes == ()

    with second.read() as reader:
        assert len(reader.case("2026-000001").notes) == 1


def test_a_reader_sees_the_moment_it_began_whatever_is_written_meanwhile(url):
    desk = open_desk(url)

    with desk.read() as reader:
        before = reader.heads()
        with desk.write() as tx:
            tx.open_case(title="second", institution="x", actor="me", now=T0)

        assert reader.heads() == before
    with desk.read() as reader:
        assert len(reader.heads()) == 2


def test_what_raised_was_not_written():
    with fresh_desk() as desk:
        with pytest.raises(ZeroDivisionError), desk.write() as tx:
            tx.open_case(title="t", institution="x", actor="me", now=T0)
            raise ZeroDivisionError

        with desk.read() as tx:
            assert tx.heads(statuses=["new"]) == []


def test_text_of_any_characters_comes_back_as_it_was_and_in_order():
    titles = ["\x00", "\x00\x01", "\x01", "\x01\x00", "\x01\x01\x02", "\x02", "A", "_", "a", "\u00e9", "\U0001f600"]
    with fresh_desk() as desk, desk.write() as tx:
        for number, title in enumerate(reversed(titles)):
            tx.open_case(title=title, institution="x", actor=title, now=T0 + number)

        assert [head.title for head in reversed(tx.heads())] == titles
        assert tx.connection.execute(metadata.tables["cases"].select().order_by(text("title"))).mappings().all()[0]["title"] == "\x00"
        assert [row.title for row in tx.connection.execute(metadata.tables["cases"].select().order_by(text("title")))] == titles
        assert tx.verify_cases() == []


def test_two_processes_write_at_once_and_each_batch_is_covered_by_one(url):
    both = [start(WRITER, url, "one"), start(WRITER, url, "two")]
    printed = [writer.communicate(timeout=60)[0] for writer in both]

    assert [writer.returncode for writer in both] == [0, 0]
    assert sorted(int(number) for output in printed for number in output.split()) == list(range(40))
    with open_desk(url).read() as tx:
        assert tx.verify_cases() == []
        assert len(tx.case("2026-000001").notes) == 80
        assert len(tx.heads()) == 81
        assert tx.covered("store", "rules") == [(0, 39)]


@pytest.mark.kill
def test_killed_at_random_a_writer_leaves_whole_transactions(url):
    chance = random.Random(4711)
    said: list[int] = []

    for _ in range(6):
        writer = start(WRITER, url, "endless")
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(chance.random() / 20)  # the moment of the kill is what is random here; nothing waits for anything
        writer.send_signal(signal.SIGKILL)
        said += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
        writer.wait()

        with open_desk(url).read() as tx:
            assert tx.verify_cases() == []
            assert len(tx.case("2026-000001").notes) == len(tx.heads()) - 1
            first, last = tx.covered("store", "rules")[0]
            assert first == 0
            assert all(first <= number <= last for number in said)


def test_a_lock_names_its_holder_and_comes_free():
    with fresh_desk() as desk:
        with desk.lock("detection", owner="alice", now=T0, lease=60) as lock:
            with pytest.raises(Busy, match=f"detection is already running: alice, process {os.getpid()} on "):
                desk.lock("detection", owner="bob", now=T0 + 1, lease=60).__enter__()
            with desk.lock("ingest", owner="bob", now=T0, lease=60), desk.write() as tx:
                assert tx.renew_lock(lock, now=T0 + 5, lease=60).deadline == T0 + 65

        with desk.lock("detection", owner="bob", now=T0 + 2, lease=60):
            pass


ELSEWHERE = {"another name": "host = 'elsewhere.example'", "the same name": "started = 'boot/1@another-machine'"}


@pytest.mark.parametrize("change", ELSEWHERE.values(), ids=ELSEWHERE)
def test_the_lock_of_a_dead_process_is_free_at_once_and_that_of_another_machine_after_its_lease(url, change):
    desk = open_desk(url)
    take = "import sys, os; from soc.desk.desk import open_desk; t = open_desk(sys.argv[1]).write(); tx = t.__enter__(); "
    take += "tx.take_lock('detection', owner='alice', now=0, lease=10**18); t.__exit__(None, None, None); os._exit(9)"
    subprocess.run([sys.executable, "-c", take, url], check=False)

    with desk.lock("detection", owner="bob", now=1, lease=10) as lock:
        run(url, f"UPDATE locks SET {change}")
        with pytest.raises(Busy, match=r"process \d+ on "), desk.write() as tx:
            tx.take_lock("detection", owner="carol", now=5, lease=10)
        with desk.write() as tx:
            taken = tx.take_lock("detection", owner="carol", now=lock.deadline, lease=10)
        with pytest.raises(Busy, match="was lost"), desk.write() as tx:
            tx.guard(lock)

    with desk.read() as tx:
        assert [row["token"] for row in tx.held_locks()] == [taken.token]


def test_a_lock_that_a_clock_a_year_ahead_took_elsewhere_blocks_nobody_for_a_year(url):
    desk = open_desk(url)
    with desk.lock("detection", owner="ahead", now=T0 + 365 * DAY, lease=60):
        run(url, f"UPDATE locks SET {ELSEWHERE['another name']}")
        with desk.write() as tx:
            taken = tx.take_lock("detection", owner="right", now=T0, lease=60)

    with desk.read() as tx:
        assert [row["token"] for row in tx.held_locks()] == [taken.token]


def test_a_run_older_than_its_lease_is_named_and_one_that_is_gone_is_not(url):
    desk = open_desk(url)
    with ExitStack() as held:
        for name in ("hangs", "elsewhere", "gone"):
            held.enter_context(desk.lock(name, owner=name, now=T0, lease=60))
        run(url, f"UPDATE locks SET {ELSEWHERE['another name']} WHERE name = 'elsewhere'")
        run(url, "UPDATE locks SET started = replace(started, '/', '/9') WHERE name = 'gone'")

        with desk.read() as tx:
            young, old, ahead = (tx.overdue_locks(now) for now in (T0 + 59, T0 + 60, T0 - DAY))

    assert young == []
    assert [(one.name, one.since, one.until) for one in old] == [("elsewhere", T0, T0 + 60), ("hangs", T0, T0 + 60)]
    assert [one.name for one in ahead] == ["elsewhere", "hangs"]  # begun in the future: by a clock that was wrong
    assert f"hangs, process {os.getpid()} on " in old[1].who


def test_a_run_that_lost_the_race_writes_nothing():
    with fresh_desk() as desk:
        with desk.write() as tx:
            tx.cover("store", "rules", [1, 2, 3])

        with pytest.raises(Conflict, match=r"batches 3\.\.5 of store store are covered already"), desk.write() as tx:
            tx.note_gap("store", "rules", "r", 3, 5, "blind", "no feed", T0)
            tx.cover("store", "rules", [3, 4, 5])

        with desk.read() as tx:
            assert (tx.covered("store", "rules"), tx.gaps()) == ([(1, 3)], [])
