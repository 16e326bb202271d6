"""A case is a fold over its log, and the log shows when it was touched."""

from __future__ import annotations

import pytest
from desk_kit import T0, alert, fresh_desk
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from soc.desk.cases.case import fold
from soc.desk.cases.log import FIRST, broken, chained
from soc.desk.cases.words import NEXT, SEVERITIES, STATUSES, TLP, VERDICTS, categories
from soc.desk.desk import Tx
from soc.errors import UsageError

pytestmark = pytest.mark.usefixtures("desk_engine")

ACTOR = {"actor": "alice", "now": T0}
IDS = st.lists(st.sampled_from(["2026-000001", "2026-000002", "2026-000003"]), min_size=1, max_size=3)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)
ACTS = st.one_of(
    st.tuples(st.just("assign"), IDS, st.none() | TEXT),
    st.tuples(st.just("note"), IDS, TEXT),
    st.tuples(st.just("set_status"), IDS, st.sampled_from(STATUSES)),
    st.tuples(st.just("close_cases"), IDS, st.sampled_from(VERDICTS)),
    st.tuples(st.just("severity"), IDS, st.sampled_from(SEVERITIES)),
    st.tuples(st.just("tlp"), IDS, st.sampled_from(TLP)),
    st.tuples(st.just("category"), IDS, st.sampled_from(sorted(categories()))),
    st.tuples(st.just("link"), IDS, st.sampled_from(["related", "campaign"])),
    st.tuples(st.just("observable"), IDS, TEXT),
    st.tuples(st.just("record"), IDS, TEXT),
)


def act(tx: Tx, what: str, ids: list[str], value: str | None) -> None:
    if what in ("severity", "tlp", "category"):
        tx.set_fields(ids, **ACTOR, **{what: value})
    elif what == "link":
        tx.link(ids[0], value or "", ids[-1], **ACTOR)
    elif what == "observable":
        tx.add_observable(ids[0], "user", value or "", **ACTOR)
    elif what == "record":
        tx.record(ids[0], "an action that no version knows", {"said": value}, **ACTOR)
    else:
        getattr(tx, what)(ids, value, **ACTOR)


def with_three_cases(tx: Tx) -> None:
    for number in range(3):
        tx.open_case(title=f"case {number}", institution="x", actor="alice", now=T0)
    with tx.docket(actor="triage", now=T0) as docket:
        tx.put_alerts([alert("a"), alert("b"), alert("c")], now=T0)
        for name in "abc":
            docket.join("2026-000001", name, "rule", "a test")
    with tx.docket(actor="triage", now=T0) as docket:
        docket.move(["b"], source="2026-000001", to="2026-000002", rule="rule", because="a test")


@settings(max_examples=25, deadline=None)
@given(st.lists(ACTS, max_size=12))
def test_the_list_of_cases_is_the_fold_over_their_logs_whatever_was_done(acts):
    with fresh_desk() as desk:
        with desk.write() as tx:
            with_three_cases(tx)
        for what, ids, value in acts:
            before = logs(desk)
            try:
                with desk.write() as tx:
                    act(tx, what, ids, value)
            except UsageError:
                assert logs(desk) == before  # all of them, or none

        with desk.write() as tx:
            listed = {head.id: head for head in tx.heads(statuses=STATUSES)}
            assert tx.verify_cases() == []
            assert listed == {id: fold(tx.entries(id)).head for id in listed}
            tx.connection.execute(text("UPDATE cases SET title = 'x', status = 'new', priority = 9, owner = 'x', alerts = 77"))
            tx.connection.execute(text("DELETE FROM case_alerts"))
            assert len(tx.verify_cases()) >= 3
            assert tx.rebuild_cases() == 3
            assert tx.verify_cases() == []
            assert {head.id: head for head in tx.heads(statuses=STATUSES)} == listed


def logs(desk):
    with desk.read() as tx:
        return [tx.entries(f"2026-00000{number}") for number in (1, 2, 3)]


COLUMNS = st.sampled_from(["at", "actor", "action", "payload", "prev", "hash", "seq"])


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), COLUMNS, st.integers(0, 10_000), st.integers(1, 255))
def test_a_single_changed_byte_anywhere_in_a_log_is_found(seq, column, place, flip):
    with fresh_desk() as desk, desk.write() as tx:
        with_three_cases(tx)
        entry = tx.entries("2026-000001")[seq - 1]
        value = getattr(entry, column)
        if isinstance(value, int):
            changed: object = value + (1000 if column == "seq" else flip << (place % 30))
        else:
            raw = bytearray(value if isinstance(value, bytes) else value.encode())
            raw[place % len(raw)] ^= flip if isinstance(value, bytes) else 1
            changed = bytes(raw) if isinstance(value, bytes) else raw.decode()
        tx.connection.execute(
            text(f'UPDATE case_log SET "{column}" = :changed WHERE "case" = \'2026-000001\' AND seq = :seq'),
            {"changed": changed, "seq": seq},
        )

        assert [fault for fault in tx.verify_cases() if fault.startswith("case 2026-000001: ")]


@pytest.mark.parametrize("removed", [1, 2, 4, 5], ids="entry {}".format)
def test_an_entry_that_was_taken_out_is_missed_even_at_the_end(removed):
    with fresh_desk() as desk, desk.write() as tx:
        with_three_cases(tx)
        tx.connection.execute(text("DELETE FROM case_log WHERE \"case\" = '2026-000001' AND seq = :seq"), {"seq": removed})

        assert [fault for fault in tx.verify_cases() if fault.startswith("case 2026-000001: ")]


@given(st.integers(0, 1 << 60), TEXT, TEXT)
def test_no_two_entries_share_a_hash_because_text_moved_between_their_fields(at, actor, action):
    one = chained(FIRST, "2026-000001", 1, at, actor, action, {})
    other = chained(FIRST, "2026-000001", 1, at, actor + action[:1], action[1:], {})

    assert one.hash != other.hash
    assert broken([one]) is None


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_that_cannot_follow_is_refused_by_naming_those_that_can(status):
    for to in STATUSES:
        with fresh_desk() as desk, desk.write() as tx:
            id = tx.open_case(title="t", institution="x", actor="alice", now=T0).id
            tx.record(id, "status", {"to": status}, **ACTOR)
            if to in NEXT[status] and to != "closed":
                assert tx.set_status([id], to, **ACTOR)[0].status == to
            elif to == "closed" and to in NEXT[status]:
                with pytest.raises(UsageError, match="needs a verdict"):
                    tx.set_status([id], to, **ACTOR)
                assert tx.close_cases([id], "false_positive", **ACTOR)[0].verdict == "false_positive"
            else:
                with pytest.raises(UsageError, match=f"is {status} and cannot become {to}\n  it can become: {', '.join(NEXT[status])}"):
                    tx.set_status([id], to, **ACTOR)


def test_several_cases_change_together_or_not_at_all_and_each_that_cannot_is_named():
    with fresh_desk() as desk:
        with desk.write() as tx:
            with_three_cases(tx)
            tx.close_cases(["2026-000002", "2026-000003"], "duplicate", **ACTOR)

        with (
            pytest.raises(UsageError, match=r"2026-000002 is closed(.|\n)*2026-000003 is closed(.|\n)*nothing was changed"),
            desk.write() as tx,
        ):
            tx.set_status(["2026-000001", "2026-000002", "2026-000003"], "waiting", **ACTOR)
        with pytest.raises(UsageError, match="there is no case 2026-000009"), desk.write() as tx:
            tx.note(["2026-000001", "2026-000009"], "text", **ACTOR)

        with desk.read() as tx:
            assert [head.status for head in tx.heads()] == ["new"]


def test_a_case_number_counts_up_within_the_year_of_its_opening():
    with fresh_desk() as desk, desk.write() as tx:
        opened = [
            tx.open_case(title=str(at), institution="x", actor="a", now=at).id for at in (T0, T0 + 1, T0 + 86_400_000_000 * 100, T0 + 2)
        ]

        assert opened == ["2026-000001", "2026-000002", "2027-000001", "2026-000003"]


def test_a_question_waits_until_it_is_answered():
    with fresh_desk() as desk, desk.write() as tx:
        with_three_cases(tx)
        for step in ("call", "block"):
            tx.record("2026-000001", "question", {"run": "r1", "step": step, "text": f"{step}?"}, actor="playbook", now=T0)
        tx.record("2026-000001", "answer", {"run": "r1", "step": "call", "answer": "yes"}, **ACTOR)

        assert [asked["step"] for asked in tx.case("2026-000001").questions] == ["block"]


def test_a_word_that_is_in_no_list_is_refused_by_naming_the_list():
    with fresh_desk() as desk, desk.write() as tx:
        with_three_cases(tx)
        for fields, message in (
            ({"severity": "huge"}, "informational, low, medium, high, critical"),
            ({"priority": 7}, "1, 2, 3, 4"),
            ({"category": "bad/luck"}, "intrusion-attempts/brute-force"),
            ({"owner": "x"}, "title, category, severity, priority, tlp"),
        ):
            with pytest.raises(UsageError, match=message):
                tx.set_fields(["2026-000001"], **ACTOR, **fields)
