"""The desk as a database: opened, damaged, migrated, shared, killed."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from desk_kit import T0, fresh_desk
from sqlalchemy import create_engine, text

from soc.desk.desk import open_desk
from soc.desk.migrate import back_up, migrate, version_of
from soc.desk.schema import VERSION
from soc.errors import Busy, Conflict, DeskError

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


def start(url: str, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, url, name], stdout=subprocess.PIPE, text=True)


def made(path: Path) -> str:
    """The URL of a new desk with one case."""
    url = f"sqlite:///{path}"
    desk = open_desk(url, create=True)
    with desk.write() as tx:
        tx.open_case(title="first", institution="x", actor="me", now=T0)
    desk.close()
    return url


def test_a_desk_that_is_not_there_is_not_made_by_accident(tmp_path):
    with pytest.raises(DeskError, match=r"desk\.db: there is no desk\n  make one with: soc init"):
        open_desk(f"sqlite:///{tmp_path / 'desk.db'}")

    assert not list(tmp_path.iterdir())


def test_a_desk_is_private_to_its_account(tmp_path):
    made(tmp_path / "desk.db")

    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DeskError, match="cannot be made: No such file"):
        open_desk(f"sqlite:///{tmp_path / 'missing' / 'desk.db'}", create=True)


def test_a_file_that_is_no_database_is_named_with_the_repair(tmp_path):
    path = tmp_path / "desk.db"
    path.write_bytes(b"this is no database at all, but long enough to be taken for one" * 100)

    with pytest.raises(DeskError, match=r"desk\.db: is no SQLite database.*\n  .*backup"):
        open_desk(f"sqlite:///{path}")


def test_a_damaged_page_is_named_with_the_repair(tmp_path):
    path = tmp_path / "desk.db"
    url = made(path)
    blob = bytearray(path.read_bytes())
    blob[4096:] = os.urandom(len(blob) - 4096)
    path.write_bytes(blob)

    with pytest.raises(DeskError, match="is damaged"), open_desk(url).read() as tx:
        tx.heads()


def test_an_empty_database_holds_no_desk(tmp_path):
    sqlite3.connect(tmp_path / "desk.db").close()
    (tmp_path / "desk.db").touch()

    with pytest.raises(DeskError, match="holds no desk"):
        open_desk(f"sqlite:///{tmp_path / 'desk.db'}")


def test_a_newer_schema_is_left_alone(tmp_path):
    url = made(tmp_path / "desk.db")
    set_version(url, VERSION + 1)

    with pytest.raises(DeskError, match=rf"schema {VERSION + 1} is newer than this soc, which knows {VERSION}\n  install"):
        open_desk(url)


def test_a_desk_that_was_migrated_under_us_is_not_written_to(tmp_path):
    url = made(tmp_path / "desk.db")
    desk = open_desk(url)
    set_version(url, VERSION + 1)

    with pytest.raises(DeskError, match="newer"), desk.write() as tx:
        tx.note(["2026-000001"], "text", actor="me", now=T0)


def test_a_migration_happens_whole_or_not_at_all_and_a_backup_stays(tmp_path):
    path = tmp_path / "desk.db"
    url = made(path)
    desk = open_desk(url)
    steps = {VERSION: lambda connection: connection.execute(text("ALTER TABLE cases ADD COLUMN team TEXT"))}

    copy = back_up(path, VERSION)
    with pytest.raises(DeskError, match="too old"), desk.write() as tx:
        migrate(tx.connection, "desk", steps=steps, target=VERSION + 2)
    with desk.read() as tx:
        assert version_of(tx.connection) == VERSION
    with desk.write() as tx:
        migrate(tx.connection, "desk", steps=steps, target=VERSION + 1)

    with desk.read() as tx:
        assert version_of(tx.connection) == VERSION + 1
        assert tx.connection.execute(text("SELECT team FROM cases")).scalars().all() == [None]
    with open_desk(f"sqlite:///{copy}").read() as tx:
        assert [head.title for head in tx.heads()] == ["first"]


def test_an_older_desk_is_backed_up_before_it_is_touched(tmp_path):
    url = made(tmp_path / "desk.db")
    set_version(url, 0)

    with pytest.raises(DeskError, match="schema 0 is too old"):
        open_desk(url)

    assert (tmp_path / "desk.db.schema-0").is_file()


def test_a_locked_desk_is_named_and_readers_do_not_wait(tmp_path):
    url = made(tmp_path / "desk.db")
    first, second = open_desk(url), open_desk(url, patience=0.05)

    with first.write() as tx:
        tx.note(["2026-000001"], "not yet true", actor="me", now=T0)
        with pytest.raises(DeskError, match=r"locked by another process.*\n  try again"), second.write():
            pass
        with second.read() as reader:
            assert reader.case("2026-000001").notes == ()

    with second.read() as reader:
        assert len(reader.case("2026-000001").notes) == 1


def test_an_unknown_driver_is_named():
    with pytest.raises(DeskError, match="no driver for 'nonsense'"):
        open_desk("nonsense://host/desk")


def test_what_raised_was_not_written():
    with fresh_desk() as desk:
        with pytest.raises(ZeroDivisionError), desk.write() as tx:
            tx.open_case(title="t", institution="x", actor="me", now=T0)
            raise ZeroDivisionError

        with desk.read() as tx:
            assert tx.heads(statuses=["new"]) == []


def test_two_processes_write_at_once_and_each_batch_is_covered_by_one(tmp_path):
    url = made(tmp_path / "desk.db")

    both = [start(url, "one"), start(url, "two")]
    printed = [writer.communicate(timeout=60)[0] for writer in both]

    assert [writer.returncode for writer in both] == [0, 0]
    assert sorted(int(number) for output in printed for number in output.split()) == list(range(40))
    with open_desk(url).read() as tx:
        assert tx.verify_cases() == []
        assert len(tx.case("2026-000001").notes) == 80
        assert len(tx.heads()) == 81
        assert tx.covered("store", "rules") == [(0, 39)]


@pytest.mark.kill
def test_killed_at_random_a_writer_leaves_whole_transactions(tmp_path):
    url = made(tmp_path / "desk.db")
    chance = random.Random(4711)
    said: list[int] = []

    for _ in range(6):
        writer = start(url, "endless")
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


def test_the_lock_of_a_dead_process_is_free_at_once_and_that_of_another_machine_after_its_lease(tmp_path):
    url = made(tmp_path / "desk.db")
    desk = open_desk(url)
    take = "import sys, os; from soc.desk.desk import open_desk; t = open_desk(sys.argv[1]).write(); tx = t.__enter__(); "
    take += "tx.take_lock('detection', owner='alice', now=0, lease=10**18); t.__exit__(None, None, None); os._exit(9)"
    subprocess.run([sys.executable, "-c", take, url], check=False)

    with desk.lock("detection", owner="bob", now=1, lease=10) as lock, sqlite3.connect(tmp_path / "desk.db") as other:
        other.execute("UPDATE locks SET host = 'elsewhere.example'")
        other.commit()
        with pytest.raises(Busy, match=r"on elsewhere\.example"), desk.write() as tx:
            tx.take_lock("detection", owner="carol", now=5, lease=10)
        with desk.write() as tx:
            taken = tx.take_lock("detection", owner="carol", now=lock.deadline, lease=10)
        with pytest.raises(Busy, match="was lost"), desk.write() as tx:
            tx.guard(lock)

    with desk.read() as tx:
        assert [row["token"] for row in tx.held_locks()] == [taken.token]


def test_a_run_that_lost_the_race_writes_nothing():
    with fresh_desk() as desk:
        with desk.write() as tx:
            tx.cover("store", "rules", [1, 2, 3])

        with pytest.raises(Conflict, match=r"batches 3\.\.5 of store store are covered already"), desk.write() as tx:
            tx.note_gap("store", "rules", "r", 3, 5, "blind", "no feed", T0)
            tx.cover("store", "rules", [3, 4, 5])

        with desk.read() as tx:
            assert (tx.covered("store", "rules"), tx.gaps()) == ([(1, 3)], [])


def set_version(url: str, version: int) -> None:
    with create_engine(url).begin() as connection:
        connection.execute(text("UPDATE meta SET value = :value WHERE name = 'version'"), {"value": str(version)})
