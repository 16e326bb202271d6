"""Rows of a SQLite desk that somebody has altered, in every table and column: named by a deep look, and never a traceback."""

from __future__ import annotations

import shutil
import sqlite3

import pytest
from desk_kit import T0, alert, counted_by

from soc.batches import Stretch
from soc.desk.database.schema import metadata
from soc.desk.desk import open_desk
from soc.desk.register.register import DeskRegister, make_register, open_register
from soc.desk.runs.runs import Swallowed
from soc.errors import DeskError
from soc.model import FeedState, SourceState
from soc.respond.runs.progress import fold

COLUMNS = [
    (table.name, column.name, column.type)
    for table in metadata.sorted_tables
    for column in table.columns
    if table.name not in ("case_alerts", "case_marks")  # projections, made anew from the logs
    and not (column.primary_key and column is table.autoincrement_column)  # a row's number, which SQLite itself keeps a number
]


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    path = tmp_path_factory.mktemp("before") / "desk.db"
    desk = open_desk(f"sqlite:///{path}", create=True)
    register = make_register(desk, now=T0, store="store")
    batch = register.begin("one", [Stretch(None, SourceState("s1", "g", "p", 10, "", 0, ""))], {"d": "index"}, now=T0, lease=60)
    register.close(batch.number, batch.token, events=1, first=T0, last=T0, feeds=[FeedState("f", "d", 1, T0, T0, T0)], now=T0)
    register.begin("two", [Stretch(None, SourceState("s2", "g", "p", 10, "", 0, ""))], {"d": "index"}, now=T0, lease=60)
    with desk.write() as tx:
        tx.put_alert(alert("a1"), now=T0)
        tx.keep_counted({"a1": counted_by(alert("a1"))})
        tx.take_lock("run", owner="me", now=T0, lease=1)
        tx.cover("store", "rules", [1])
        tx.note_gap("store", "rules", "r", 1, 1, "failed", "why", T0)
        tx.remember_ruleset("rules", {"r": "hash"}, T0)
        tx.keep_hits_home("store", "home")
        run = tx.begin_run("scheduled", now=T0)
        tx.swallow([Swallowed("grouped", "r", "i", {"k": "v"}, "by", 1, T0, run)])
        case = tx.open_case(title="first", institution="x", actor="me", now=T0)
        number = tx.begin_playbook(getattr(case, "id", case), "book", actor="me", now=T0).id
        tx.write_journal(number, "", "begun", {"next": "one"}, now=T0)
        tx.write_journal(number, "one", "asked", {"choices": ["yes"]}, now=T0)
    with desk.read() as tx:
        assert (tx.verify_rows(), tx.verify_sums(), tx.verify_counts()) == ([], [], [])
    desk.close()
    return path


def everything(desk):
    """Each question that commands ask, one after the other."""
    with desk.read() as tx:
        yield from (tx.alerts, tx.heads, lambda: tx.alert_ids("a"), lambda: tx.extents("a1"), tx.rulesets, tx.runs, tx.swallowed, tx.hidden)
        yield from (
            lambda: tx.counted(["a1"]),
            lambda: tx.covered("store", "rules"),
            tx.gaps,
            lambda: tx.hits_home("store"),
            tx.playbook_runs,
            tx.held_locks,
        )
        yield from (lambda: [tx.case(head.id) for head in tx.heads()], lambda: [fold(tx.journal(run.id)) for run in tx.playbook_runs()])
        yield from (tx.verify_alerts, tx.verify_sums, tx.verify_cases, tx.verify_rows, tx.verify_counts, tx.verify_file)
    register = DeskRegister(desk, "store")
    yield from (lambda: open_register(desk, "store"), register.batches, register.sources, register.feeds)
    yield from (lambda: register.expired(T0), lambda: register.unfinished(T0), lambda: register.targets([1, 2]))


@pytest.mark.parametrize(("table", "column", "kind"), COLUMNS)
def test_a_value_that_is_none_of_its_column_is_named_by_a_deep_look_and_ends_nothing_with_a_traceback(
    before, tmp_path, table, column, kind
):
    garbage = "'x'" if kind.python_type is int else "x'ff00'"
    path = tmp_path / "desk.db"
    shutil.copy(before, path)
    connection = sqlite3.connect(path)
    with connection:
        first = f"(SELECT min(rowid) FROM {table})"
        changed = connection.execute(f'UPDATE {table} SET "{column}" = {garbage} WHERE rowid = {first}').rowcount
    connection.close()
    assert changed == 1
    try:
        desk = open_desk(f"sqlite:///{path}")
    except DeskError:
        return

    with desk.read() as tx:
        found = tx.verify_rows()
    for ask in everything(desk):
        try:
            ask()
        except DeskError as error:
            assert "table " in str(error) or "no register" in str(error), str(error)
    desk.close()

    assert any(fault.startswith(f"table {table}, row ") for fault in found), found
