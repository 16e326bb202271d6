"""What happens to a desk in a SQLite file: its folder, its bytes, its backup before a migration."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from desk_kit import T0, alert

from soc.batches import Stretch
from soc.desk.database.migrate import back_up
from soc.desk.database.schema import VERSION
from soc.desk.desk import open_desk
from soc.desk.register.register import make_register
from soc.errors import DeskError
from soc.model import SourceState


def made(path: Path) -> str:
    """The URL of a new desk with one case."""
    url = f"sqlite:///{path}"
    desk = open_desk(url, create=True)
    with desk.write() as tx:
        tx.open_case(title="first", institution="x", actor="me", now=T0)
    desk.close()
    return url


def test_a_desk_that_is_not_there_leaves_no_file(tmp_path):
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


def test_a_backup_holds_what_the_desk_held(tmp_path):
    made(tmp_path / "desk.db")

    copy = back_up(tmp_path / "desk.db", VERSION)

    with open_desk(f"sqlite:///{copy}").read() as tx:
        assert [head.title for head in tx.heads()] == ["first"]


def test_an_older_desk_is_backed_up_before_it_is_touched(tmp_path):
    url = made(tmp_path / "desk.db")
    with sqlite3.connect(tmp_path / "desk.db") as desk:
        desk.execute("UPDATE meta SET value = '0' WHERE name = 'version'")
    desk.close()

    with pytest.raises(DeskError, match="schema 0 is too old"):
        open_desk(url)

    assert (tmp_path / "desk.db.schema-0").is_file()


def test_an_unknown_driver_is_named():
    with pytest.raises(DeskError, match="no driver for 'nonsense'"):
        open_desk("nonsense://host/desk")


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        ("alerts SET tags = 'x'", "table alerts, row a1"),
        ("alerts SET cell_start = 'x'", "table alerts, row a1"),
        ("extents SET count = 'x'", "table extents, row a1"),
        ("cases SET pinned = 'title'", "table cases, row 2026-000001"),
        ("cases SET opened_at = 'x'", "table cases, row 2026-000001"),
        ("case_log SET at = 'x'", "table case_log, row 2026-000001 1"),
        ("case_log SET payload = '[1]'", "table case_log, row 2026-000001 1"),
        ("batches SET events = 'x'", "table batches, row store 1"),
        ("batches SET absorbs = x'5b'", "table batches, row store 1"),
        ("sources SET state = x'7b7d'", "table sources, row store s1"),
    ],
)
def test_a_value_of_another_type_which_sqlite_keeps_is_named_with_its_repair(tmp_path, damage, place):
    url = made(tmp_path / "desk.db")
    with open_desk(url).write() as tx:
        tx.put_alert(alert("a1"), now=T0)
    register = make_register(open_desk(url), now=T0, store="store")
    batch = register.begin("one", [Stretch(None, SourceState("s1", "g", "p", 10, "", 0, ""))], {}, now=T0, lease=60)
    register.close(batch.number, batch.token, events=1, first=T0, last=T0, feeds=(), now=T0)
    with sqlite3.connect(tmp_path / "desk.db") as desk:
        desk.execute(f"UPDATE {damage}")
    desk.close()

    with pytest.raises(DeskError) as caught, open_desk(url).read() as tx:
        assert (tx.alerts(), tx.heads(), tx.case("2026-000001"), register.batches(), register.sources()) is None

    assert str(caught.value).startswith(f"{place}: is damaged: ")
    assert str(caught.value).endswith("backup of the desk in its place")


SECRET = "hunter2"
MANGLED = (
    f"soc:{SECRET}@host",
    f"postgresql://soc:{SECRET}@host:port/desk",
    SECRET,
    f"//soc:{SECRET}@host/x",
    f"postgresql:/soc:{SECRET}@h/x",
)


@pytest.mark.parametrize("url", MANGLED)
def test_a_url_that_cannot_be_read_is_not_repeated(url):
    with pytest.raises(DeskError, match="its URL cannot be read\n  write url") as caught:
        open_desk(url)

    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__
