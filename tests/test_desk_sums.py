"""What another hand than soc's does to alerts and coverage is named, whatever soc itself does before and after."""

from __future__ import annotations

import pytest
from desk_kit import T0, alert, counted_by, fresh_desk
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from soc.desk.database.schema import evidence
from soc.errors import Conflict, UsageError

pytestmark = pytest.mark.usefixtures("desk_engine")

NUMBERS = st.integers(1, 9)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("alert"), NUMBERS),
        st.tuples(st.just("count"), NUMBERS),
        st.tuples(st.just("forget"), NUMBERS),
        st.tuples(st.just("cover"), NUMBERS),
        st.tuples(st.just("uncover"), NUMBERS),
        st.tuples(st.just("gap"), NUMBERS),
        st.tuples(st.just("fill"), NUMBERS),
        st.tuples(st.just("in vain"), NUMBERS),
    ),
    max_size=12,
)


def act(tx, what, number):
    if what == "alert":
        tx.put_alert(alert(f"a{number % 3}", count=number), now=T0 + number)
    elif what in ("count", "forget"):
        raised = alert(f"a{number % 3}", count=number)
        tx.put_alert(raised, now=T0 + number)
        tx.keep_counted({raised.id: counted_by(raised) if what == "count" else None})
    elif what == "cover":
        covered = tx.covered("store", "rules")
        if not any(first <= number <= last for first, last in covered):
            tx.cover("store", "rules", [number])
    elif what == "uncover":
        tx.uncover("store", [number])
    elif what == "gap":
        tx.note_gaps("store", "rules", {"r1": "why", "r2": "why"}, number, number + 1, "failed", T0)
    elif what == "fill":
        tx.fill_gaps("store", "rules", "r1", 1, number, now=T0)
    else:
        with pytest.raises(UsageError), tx.attempt():
            act(tx, "alert", number)
            act(tx, "gap", number)
            raise UsageError("taken back")


@settings(max_examples=30, deadline=None)
@given(acts=ACTS)
def test_what_soc_itself_writes_is_never_named(acts):
    with fresh_desk() as desk:
        for what, number in acts:
            with desk.write() as tx:
                act(tx, what, number)
        with pytest.raises(Conflict), desk.write() as tx:
            act(tx, "alert", 7)
            raise Conflict("taken back")

        with desk.read() as tx:
            assert tx.verify_sums() == []


BY_HAND = [
    ("UPDATE alerts SET title = 'harmless' WHERE id = 'a1'", "table alerts, row a1: was altered by another hand than soc's"),
    ("UPDATE alerts SET cell_start = cell_start + 1 WHERE id = 'a1'", "table alerts, row a1: was altered"),
    ("UPDATE alerts SET sum = 'x' WHERE id = 'a1'", "table alerts, row a1: was altered"),
    ("UPDATE extents SET count = 1 WHERE alert = 'a1' AND seq = 2", "table extents, row a1 2: was altered"),
    ("DELETE FROM extents WHERE alert = 'a1' AND seq = 2", "table extents: rows were added, altered or taken out"),
    ("DELETE FROM extents WHERE alert = 'a2'", "table extents: rows were added, altered or taken out"),
    (
        "UPDATE counted SET body = (SELECT body FROM counted WHERE alert = 'a2') WHERE alert = 'a1'",
        "table counted, row a1: was altered by another hand than soc's",
    ),
    ("UPDATE counted SET by = 'me' WHERE alert = 'a1'", "table counted, row a1: was altered"),
    ("DELETE FROM counted WHERE alert = 'a2'", "table counted: rows were added, altered or taken out"),
    ("UPDATE coverage SET last = 99", "table coverage, row store rules 1: was altered"),
    (
        "INSERT INTO coverage(store, ruleset, first, last) VALUES ('store', 'rules', 50, 60)",
        "table coverage, row store rules 50: was altered",
    ),
    ("DELETE FROM coverage", "table coverage: rows were added, altered or taken out"),
    ("UPDATE gaps SET filled_at = 1 WHERE rule = 'r1'", "table gaps, row 1: was altered"),
    ("DELETE FROM gaps WHERE rule = 'r2'", "table gaps: rows were added, altered or taken out"),
]


def written(desk):
    with desk.write() as tx:
        tx.put_alerts([alert("a1"), alert("a2")], now=T0)
        tx.put_alert(alert("a1", count=99), now=T0 + 1)
        tx.keep_counted({"a1": counted_by(alert("a1", count=99)), "a2": counted_by(alert("a2"))})
        tx.cover("store", "rules", [1, 2])
        tx.note_gaps("store", "rules", {"r1": "why", "r2": "why"}, 1, 2, "failed", T0)


@pytest.mark.parametrize(("statement", "said"), BY_HAND)
def test_what_another_hand_has_done_is_named_and_stays_so_whatever_soc_writes_after_it(statement, said):
    with fresh_desk() as desk:
        written(desk)
        with desk.write() as tx:
            tx.connection.execute(text(statement))

        with desk.read() as tx:
            assert any(fault.startswith(said) for fault in tx.verify_sums())
        with desk.write() as tx:
            tx.put_alert(alert("a3"), now=T0)
            tx.keep_counted({"a3": counted_by(alert("a3")), "a1": counted_by(alert("a1", count=100))})
            tx.cover("store", "rules", [100])
            tx.note_gaps("store", "rules", {"r1": "why"}, 3, 3, "failed", T0)
        with desk.read() as tx:
            (table,) = {fault.partition(",")[0].partition(":")[0] for fault in tx.verify_sums()}
            assert said.startswith(table)


def test_every_row_of_the_desk_is_read_by_a_deep_look():
    with fresh_desk() as desk:
        written(desk)
        with desk.read() as tx:
            assert (tx.verify_rows(), tx.verify_file(), tx.verify_file(deep=True)) == ([], [], [])
        with desk.write() as tx:
            tx.connection.execute(update(evidence).values(body=b"[]"))

        with desk.read() as tx:
            found = tx.verify_rows()

    assert found
    assert all(fault.startswith("table evidence, row ") and "it holds other bytes than were written" in fault for fault in found)
