"""The matcher over columns says of every event what the predicate says of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soc.condition import patterns
from soc.condition.predicate import compile, time_part
from soc.condition.tree import Contains, Ends, Equals, Keyword, Node, Regex, Starts, Wildcard
from soc.condition.values import YEARS
from soc.event import Event
from soc.match import scanner
from soc.match.batch import time_parts
from soc.match.bits import every_row, of_rows, row_numbers
from soc.match.columns import to_tables
from soc.match.literals import Literals, contains, ends, starts
from soc.match.matcher import Matcher
from soc.match.regexes import Regexes
from soc.match.wildcards import wildcard_test
from tests import strategies as some

Trees = dict[str, Node]
conditions = st.lists(some.trees, min_size=1, max_size=12).map(lambda trees: {str(i): tree for i, tree in enumerate(trees)})
batches = st.lists(some.events, min_size=1, max_size=30)


def table_of(events: list[Event]) -> pa.Table:
    return to_tables(events, some.CATALOGUE)["law"]


def matched(trees: Trees, table: pa.Table) -> dict[str, list[int]]:
    return {name: rows.tolist() for name, rows in Matcher(trees, some.CATALOGUE).match(table).items()}


def predicted(trees: Trees, events: list[Event]) -> dict[str, list[int]]:
    tests = {name: compile(tree, some.CATALOGUE) for name, tree in trees.items()}
    rows = {name: [row for row, event in enumerate(events) if test(event)] for name, test in tests.items()}
    return {name: numbers for name, numbers in rows.items() if numbers}


@settings(max_examples=200, deadline=None)
@given(conditions, batches)
def test_the_matcher_says_what_the_predicate_says(trees: Trees, events: list[Event]) -> None:
    assert matched(trees, table_of(events)) == predicted(trees, events)


@st.composite
def texts_and_leaves_about_them(draw: Any) -> tuple[list[Event], Trees]:
    """Events with hostile texts, and leaves cut out of these texts, as they are or in another case."""
    texts = draw(st.lists(st.text(some.LETTERS, max_size=6), min_size=2, max_size=12))
    draw_text = st.sampled_from(texts)
    events = [
        _speaking(draw(st.sampled_from(["user.name", "event.category", "event.original", "message"])), text, draw(draw_text))
        for text in texts
    ]
    leaves = [draw(_leaf_about(draw(draw_text))) for _ in range(draw(st.integers(1, 16)))]
    return events, {str(number): leaf for number, leaf in enumerate(leaves)}


def _speaking(field: str, text: str, other: str) -> Event:
    return {"event.dataset": "law", field: [other, text] if field == "event.category" else text}


@st.composite
def _leaf_about(draw: Any, text: str) -> Node:
    start, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
    spelt = draw(st.sampled_from([str, str.lower, str.upper, str.swapcase]))
    cased, field = draw(st.booleans()), draw(st.sampled_from(["user.name", "event.category", ""]))
    kind = draw(st.sampled_from([Contains, Starts, Ends, Equals, Wildcard]))
    if kind is Wildcard:
        joints = st.sampled_from([(), (some.ANY,), (some.ONE,), (some.ANY, some.ANY), (some.ONE, some.ANY)])
        parts = (*draw(joints), spelt(text[:start]), *draw(joints), spelt(text[start:end]), *draw(joints), spelt(text[end:]), *draw(joints))
        leaf: Any = Wildcard(field, parts, cased)
    else:
        piece = {Contains: text[start:end], Starts: text[:end], Ends: text[start:], Equals: text}[kind]
        leaf = kind(field, spelt(piece), cased)
    return leaf if field else Keyword(leaf)


@settings(max_examples=400, deadline=None)
@given(texts_and_leaves_about_them())
def test_texts_are_found_as_the_predicate_finds_them_whatever_their_letters(drawn: tuple[list[Event], Trees]) -> None:
    events, trees = drawn

    assert matched(trees, table_of(events)) == predicted(trees, events)


@settings(max_examples=40, deadline=None)
@given(conditions, st.lists(batches, min_size=1, max_size=3))
def test_what_a_matcher_learnt_from_one_batch_changes_nothing_in_the_next(trees: Trees, parts: list[list[Event]]) -> None:
    matcher = Matcher(trees, some.CATALOGUE)

    for events in parts:
        found = {name: rows.tolist() for name, rows in matcher.match(table_of(events)).items()}
        assert found == predicted(trees, events)


@settings(max_examples=50, deadline=None)
@given(conditions, batches, st.data())
def test_rows_are_judged_each_for_itself_wherever_they_stand(trees: Trees, events: list[Event], data: Any) -> None:
    table = table_of(events)
    order = data.draw(st.permutations(range(len(events))))
    cut = data.draw(st.integers(0, len(events)))

    whole = matched(trees, table)
    shuffled = matched(trees, table.take(pa.array(order)))
    halves = [matched(trees, table.slice(0, cut)), matched(trees, table.slice(cut))]

    assert {name: sorted(order[row] for row in rows) for name, rows in shuffled.items()} == whole
    assert {n: halves[0].get(n, []) + [row + cut for row in halves[1].get(n, [])] for n in {*halves[0], *halves[1]}} == whole


@settings(max_examples=40, deadline=None)
@given(conditions, batches)
def test_the_columns_a_matcher_names_are_all_it_needs(trees: Trees, events: list[Event]) -> None:
    table = table_of(events)
    needed = table.select([name for name in table.column_names if name in Matcher(trees, some.CATALOGUE).columns])
    rows = pa.table({**{name: needed[name] for name in needed.column_names}, "row": pa.nulls(len(events))})

    assert matched(trees, rows) == predicted(trees, events)


@settings(max_examples=40, deadline=None)
@given(conditions, batches)
def test_dictionaries_and_chunks_are_read_like_plain_columns(trees: Trees, events: list[Event]) -> None:
    table = table_of(events)
    encoded = [column.dictionary_encode() if pa.types.is_string(column.type) else column for column in table.columns]
    chunked = pa.concat_tables([pa.table(encoded, table.column_names).slice(row, 1) for row in range(len(events))])

    assert matched(trees, chunked) == predicted(trees, events)


@given(
    st.lists(st.tuples(st.sampled_from([contains, starts, ends]), st.binary(min_size=1, max_size=3)), max_size=20), st.binary(max_size=8)
)
def test_a_set_split_for_want_of_memory_finds_what_a_whole_one_finds(sought: list[tuple[Any, bytes]], text: bytes) -> None:
    patterns = [kind(literal) for kind, literal in sought]
    tests = {contains: bytes.__contains__, starts: bytes.startswith, ends: bytes.endswith}

    found = sorted(Literals(patterns, memory=12_000).found(text))

    assert found == [number for number, (kind, literal) in enumerate(sought) if tests[kind](text, literal)]


def test_thousands_of_regexes_are_all_looked_for() -> None:
    patterns = [f"(?i){number:04d}abcdefghijklmnopqrstuvwxyz{number:04d}[0-9]+zyxwvutsrqponmlkjihgfedcba" for number in range(4000)]
    regexes = Regexes([*patterns, "^a*$"])
    text = patterns[1234][4:].replace("[0-9]+", "7")

    assert regexes.found(text.encode()) == [1234]
    assert regexes.found(text.upper().encode() * 2) == [1234]
    assert regexes.found(b"aaa") == [4000]


def test_values_are_forgotten_and_still_judged_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "REMEMBERED", 2)
    trees: Trees = {
        "a": Contains("user.name", "a"),
        "w": Wildcard("user.name", ("b", some.ANY, "c", some.ANY)),
        "r": Regex("user.name", "[0-9]a"),
    }
    matcher = Matcher(trees, some.CATALOGUE)

    for start in range(0, 50, 5):
        events = [{"event.dataset": "law", "user.name": f"B{n}aC{n % 3}"} for n in range(start, start + 5)]
        assert {name: rows.tolist() for name, rows in matcher.match(table_of(events)).items()} == predicted(trees, events)


WILD = st.lists(st.sampled_from(["a", "a", "aé", some.ANY, some.ANY]), max_size=4) | st.lists(
    st.sampled_from(["é", some.ANY, some.ONE]), max_size=4
)


@settings(max_examples=500)
@given(WILD, WILD, st.text("aaé", max_size=5))
def test_wildcards_over_bytes_answer_like_those_over_texts(before: list[Any], after: list[Any], text: str) -> None:
    parts = (*before, some.ANY, *after)  # binding makes an equality of one without

    assert wildcard_test(parts)(text.encode()) == patterns.wildcard_test(parts)(text)


def test_a_condition_that_cannot_be_bound_is_named_and_the_others_run() -> None:
    matcher = Matcher({"bad": Contains("event.risk_score", "1"), "good": Starts("user.name", "R")}, some.CATALOGUE)
    table = table_of([{"event.dataset": "law", "user.name": "root"}])

    assert "event.risk_score" in matcher.failed["bad"]
    assert list(matcher.match(table)) == ["good"]
    assert matcher.columns == {"user.name"}


def test_large_tables_are_matched_in_pieces() -> None:
    table = pa.table({"user.name": ["root" if n % 40_000 == 7 else "x" for n in range(100_000)]})

    found = Matcher({"r": Ends("user.name", "OT")}, some.CATALOGUE).match(table)

    assert found["r"].tolist() == [7, 40_007, 80_007]


@given(st.lists(st.integers(*YEARS), min_size=1), st.sampled_from(["minute", "hour", "day", "week", "month", "year"]))
def test_time_parts_of_a_column_are_those_of_each_moment(moments: list[int], part: str) -> None:
    assert time_parts(np.array(moments), part).tolist() == [time_part(moment, part) for moment in moments]


@given(st.sets(st.integers(0, 200)), st.integers(201, 300))
def test_bits_are_sets_of_row_numbers(numbers: set[int], rows: int) -> None:
    bits = of_rows(np.array(sorted(numbers), dtype=np.int64), rows)

    assert row_numbers(bits, rows).tolist() == sorted(numbers)
    assert row_numbers(every_row(rows) & ~bits, rows).tolist() == sorted(set(range(rows)) - numbers)
