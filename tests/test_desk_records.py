"""What the desk keeps: alerts and their extents, coverage, gaps, runs, what was swallowed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from desk_kit import T0, alert, fresh_desk
from hypothesis import given, settings
from hypothesis import strategies as st

from soc.desk.findings.coverage import merged
from soc.desk.runs.runs import Swallowed
from soc.errors import Conflict, UsageError
from soc.model import Alert, Evidence, Extent

pytestmark = pytest.mark.usefixtures("desk_engine")

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.one_of(TEXT, st.integers(-(1 << 63), (1 << 63) - 1), st.booleans(), st.floats(allow_nan=False, allow_infinity=False))
EVENTS = st.dictionaries(TEXT, st.one_of(VALUES, st.lists(VALUES, max_size=2), st.dictionaries(TEXT, TEXT, max_size=2)), max_size=4)
MOMENTS = st.integers(0, 1 << 52)
EXTENTS = st.builds(
    Extent,
    count=st.integers(1, 1 << 40),
    first=MOMENTS,
    last=MOMENTS,
    evidence=st.lists(st.builds(Evidence, time=MOMENTS, id=TEXT, event=EVENTS), max_size=3).map(tuple),
)


@st.composite
def alerts(draw: st.DrawFn) -> Alert:
    """Any of three alerts, with anything in its extent."""
    name = draw(st.sampled_from("abc"))
    plain = replace(alert(name, key={name: "first", "\x00another": "\u202e'; DROP TABLE alerts; --"}), detail={"steps": ["x", 1]})
    return replace(plain, extent=draw(EXTENTS))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(alerts(), max_size=4), max_size=4))
def test_an_alert_is_new_once_extended_when_its_extent_changed_and_comes_back_as_it_was_put(runs):
    with fresh_desk() as desk:
        newest: dict[str, Alert] = {}
        grown: dict[str, list[Extent]] = {}
        for number, run in enumerate(runs):
            with desk.write() as tx:
                answers = tx.put_alerts(run, now=number)
            for put, answer in zip(run, answers, strict=True):
                before = newest.get(put.id)
                assert answer == ("new" if before is None else "unchanged" if before.extent == put.extent else "extended")
                newest[put.id] = put
                if answer != "unchanged":
                    grown.setdefault(put.id, []).append(put.extent)

        with desk.read() as tx:
            assert {found.id: found for found in tx.alerts()} == newest
            assert {name: [extent for _, extent in tx.extents(name)] for name in newest} == grown
            assert [list(found.key) for found in tx.alerts()] == [list(newest[found.id].key) for found in tx.alerts()]


def test_the_row_of_an_alert_never_changes():
    with fresh_desk() as desk, desk.write() as tx:
        tx.put_alert(alert("a", level="low"), now=T0)
        tx.put_alert(alert("a", level="critical", count=99), now=T0)

        assert (tx.alert("a").level, tx.alert("a").extent.count) == ("low", 99)


def test_alerts_are_found_by_rule_institution_level_time_and_the_beginning_of_an_id():
    put = [alert("a1", at=T0), alert("a_2", at=T0 + 10, institution="b"), alert("ab", at=T0 + 20, rule="other", level="high")]
    with fresh_desk() as desk, desk.write() as tx:
        tx.put_alerts(put, now=T0)
        last = put[1].extent.last

        assert [found.id for found in tx.alerts()] == ["ab", "a_2", "a1"]
        assert [found.id for found in tx.alerts(limit=1)] == ["ab"]
        assert [found.id for found in tx.alerts(institution="b")] == ["a_2"]
        assert [found.id for found in tx.alerts(rule="other", level="high")] == ["ab"]
        assert [found.id for found in tx.alerts(since=last)] == ["ab", "a_2"]
        assert [found.id for found in tx.alerts(until=last)] == ["a1"]
        assert [found.id for found in tx.alerts(ids=["a1", "ab", "gone"])] == ["ab", "a1"]
        assert (tx.alert_ids("a_"), tx.alert_ids("a"), tx.alert("gone")) == (["a_2"], ["a1", "a_2", "ab"], None)


NUMBERS = st.sets(st.integers(1, 30), max_size=6)


@settings(max_examples=40, deadline=None)
@given(st.lists(NUMBERS, max_size=8))
def test_coverage_is_a_set_of_numbers_and_no_number_is_covered_twice(runs):
    with fresh_desk() as desk:
        known: set[int] = set()
        for numbers in runs:
            try:
                with desk.write() as tx:
                    tx.cover("store", "rules", numbers)
            except Conflict:
                assert known & numbers
            else:
                assert not known & numbers
                known |= numbers

        with desk.read() as tx:
            ranges = tx.covered("store", "rules")
            assert {number for first, last in ranges for number in range(first, last + 1)} == known
            assert all(before[1] + 1 < after[0] for before, after in pairwise(ranges))
            assert (tx.covered("another", "rules"), tx.covered("store", "other")) == ([], [])


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5)).map(lambda pair: (pair[0], sum(pair)))))
def test_merged_ranges_hold_the_same_numbers_and_do_not_touch(ranges):
    out = merged(ranges)

    assert {n for first, last in out for n in range(first, last + 1)} == {n for first, last in ranges for n in range(first, last + 1)}
    assert all(before[1] + 1 < after[0] for before, after in pairwise(out))


@settings(max_examples=30, deadline=None)
@given(lost=NUMBERS, found=st.lists(st.integers(1, 30), max_size=6))
def test_hits_that_are_lost_are_so_until_each_batch_has_them_again(lost, found):
    with fresh_desk() as desk, desk.write() as tx:
        assert tx.hits_home("s") == (None, [])
        tx.keep_hits_home("s", "here", [(number, number) for number in lost])
        tx.keep_hits_home("other", "there")
        for number in found:
            tx.found_hits("s", number)

        assert tx.hits_home("s") == ("here", merged((number, number) for number in set(lost) - set(found)))
        assert tx.hits_home("other") == ("there", [])


def test_uncovered_save_for_one_rule_set():
    with fresh_desk() as desk, desk.write() as tx:
        for name in ("a", "b"):
            tx.remember_ruleset(name, {}, T0)
            tx.cover("s", name, [1, 2, 3])
        tx.uncover("s", [1, 2], but="b")

        assert (tx.covered("s", "a"), tx.covered("s", "b")) == ([(3, 3)], [(1, 3)])


def test_a_gap_is_noted_once_filled_when_the_rule_has_seen_it_and_can_open_again():
    with fresh_desk() as desk, desk.write() as tx:
        for _ in range(2):
            tx.note_gap("store", "rules", "r", 3, 5, "failed", "regex", T0)
        assert [(gap.rule, gap.first, gap.last, gap.state) for gap in tx.gaps("store", "rules")] == [("r", 3, 5, "failed")]

        assert tx.fill_gaps("store", "rules", "r", 4, 9, now=T0) == 0
        assert tx.fill_gaps("store", "rules", "r", 1, 9, now=T0 + 1) == 1
        assert (tx.gaps(), tx.gaps(filled=True)[0].filled_at) == ([], T0 + 1)

        tx.note_gap("store", "rules", "r", 3, 5, "failed", "again", T0)
        assert [gap.reason for gap in tx.gaps()] == ["again"]
        with pytest.raises(UsageError, match="failed, blind, new, expired"):
            tx.note_gap("store", "rules", "r", 3, 5, "lost", "", T0)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4), st.sampled_from(["blind", "failed"])), max_size=12))
def test_gaps_of_a_kind_that_touch_are_one(noted):
    with fresh_desk() as desk, desk.write() as tx:
        for first, more, state in noted:
            tx.note_gap("store", "rules", "r", first, first + more, state, "why", T0)
        found = tx.gaps()

    for state in ("blind", "failed"):
        spans = [(first, first + more) for first, more, kind in noted if kind == state]
        assert sorted((gap.first, gap.last) for gap in found if gap.state == state) == merged(spans)


def test_a_rule_set_is_remembered_as_it_was_first_told():
    with fresh_desk() as desk, desk.write() as tx:
        tx.remember_ruleset("h2", {"b": "2", "a": "1"}, T0)
        tx.remember_ruleset("h1", {"a": "1"}, T0 + 1)
        tx.remember_ruleset("h2", {}, T0 + 2)

        assert list(tx.rulesets().items()) == [("h2", {"a": "1", "b": "2"}), ("h1", {"a": "1"})]


def test_what_was_swallowed_says_by_what_and_is_summed():
    with fresh_desk() as desk, desk.write() as tx:
        run = tx.begin_run("detect", now=T0)
        tx.swallow(
            [
                Swallowed("excepted", "r", "x", {"source.ip": "192.0.2.1"}, "exception-1", 5, T0, run),
                Swallowed("excepted", "r", "x", {}, "exception-1", 2, T0 + 1),
                Swallowed("excepted", "r", "x", {}, "exception-2", 0, T0),
                Swallowed("grouped", "r", "x", {}, "cell", 9, T0),
            ]
        )
        tx.end_run(run, now=T0 + 3, verdict="partial", batches=2, hits=16, alerts=1, errors=["batch 7: lost"])

        assert {by: (one.count, one.last) for by, one in tx.hidden().items()} == {"exception-1": (7, T0 + 1)}
        assert [(row.count, row.key, row.run) for row in tx.swallowed(by="exception-1")] == [
            (5, {"source.ip": "192.0.2.1"}, run),
            (2, {}, None),
        ]
        assert [(row.verdict, row.ended_at, row.hits, row.errors) for row in tx.runs()] == [("partial", T0 + 3, 16, ["batch 7: lost"])]
        with pytest.raises(UsageError, match="no way of swallowing"):
            tx.swallow([Swallowed("forgotten", "r", "x", {}, "", 1, T0)])
