"""Events become tables and come back the same; what does not fit is kept as text."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from soc.event import Event
from soc.fields import MAX_LABELS, Catalogue, Field, base_catalogue
from soc.match.columns import arrow_type, to_events, to_tables
from soc.match.transpose import CHUNK

CATALOGUE = base_catalogue().extended(
    [Field("x.seen", "date", array=True), Field("x.score", "double", array=True), Field("x.flags", "bool", array=True)]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
INTEGER = st.integers(-(1 << 63), (1 << 63) - 1)
VALUES = {"keyword": TEXT, "ip": st.sampled_from(["192.0.2.1", "2001:db8::1"]), "long": INTEGER, "bool": st.booleans(), "date": INTEGER}
VALUES |= {"double": st.floats(allow_nan=False), "map": st.dictionaries(TEXT, TEXT, max_size=3)}
NAMES = [
    "message",
    "source.ip",
    "source.port",
    "event.category",
    "event.start",
    "event.risk_score",
    "labels",
    "dns.answers.ttl",
    "x.seen",
    "x.score",
]
NAMES += ["x.flags", "tags", "related.ip", "process.interactive", "@timestamp"]


def values_of(field: Field) -> st.SearchStrategy[Any]:
    value = VALUES[field.type] if not field.nonnegative else st.integers(0, 1 << 62)
    return st.lists(value, max_size=3) if field.array else value


FITTING = st.fixed_dictionaries(
    {"event.dataset": st.sampled_from(["a.b", "c.d"])},
    optional={name: st.none() | values_of(CATALOGUE[name]) for name in NAMES},
)
POOL = [
    None,
    True,
    0,
    1 << 70,
    1.5,
    "",
    "\ud800",
    "text",
    b"\xff",
    [],
    [None],
    ["a", 1],
    ["\ud800"],
    {},
    {"a": 1},
    {"a": None},
    {1: "x"},
    {"\ud800": "x"},
]
ANYTHING = st.sampled_from([*POOL, [POOL], {"a": POOL}, -1, [1.5, 2], [1 << 60]])
STRANGE = st.dictionaries(st.sampled_from([*NAMES, "event.dataset", "no.such.field", "\ud800"]), ANYTHING, max_size=6)


def said(event: Event) -> Event:
    """The event without what says nothing: None, empty lists, no labels."""
    return {name: value for name, value in event.items() if value is not None and value not in ([], {})}


@given(st.lists(FITTING, max_size=8), st.sampled_from([1, CHUNK]))
def test_events_come_back_from_their_tables_as_they_went_in(few: list[Event], times: int) -> None:
    events = few * times
    tables = to_tables(events, CATALOGUE)

    for dataset in {event["event.dataset"] for event in events}:
        assert to_events(tables[dataset]) == [said(event) for event in events if event["event.dataset"] == dataset]


@given(st.lists(FITTING, max_size=8))
def test_columns_have_the_catalogues_types_and_are_never_empty(events: list[Event]) -> None:
    for table in to_tables(events, CATALOGUE).values():
        for field in table.schema:
            assert field.type == arrow_type(CATALOGUE[field.name])
            assert table[field.name].null_count < table.num_rows


@given(st.lists(STRANGE, max_size=8))
def test_whatever_an_event_holds_it_becomes_a_row_that_fits_the_catalogue(events: list[Event]) -> None:
    rows = [row for table in to_tables(events, CATALOGUE).values() for row in to_events(table)]

    assert len(rows) == len(events)
    assert [CATALOGUE.check(row) for row in rows if CATALOGUE.check(row) and not _only_ranges(CATALOGUE, row)] == []


def _only_ranges(catalogue: Catalogue, row: Event) -> bool:
    """Negative numbers and addresses in another form are stored as they came: their column's type holds them."""
    return all(catalogue[name].type == "ip" or catalogue[name].nonnegative for name in row if catalogue.check({name: row[name]}))


def test_a_misfit_is_a_label_and_tagged_while_its_neighbours_stay() -> None:
    odd = {"event.dataset": "a.b", "source.port": "http", "message": "m", "event.category": "network", "vendor.x": 1.5, "tags": ["t"]}
    even = {"event.dataset": "a.b", "source.port": 80}

    table = to_tables([odd, even], CATALOGUE)["a.b"]

    assert table.schema.field("source.port").type == pa.int64()
    assert to_events(table) == [
        {
            "event.dataset": "a.b",
            "message": "m",
            "event.category": ["network"],
            "tags": ["t", "misfit"],
            "labels": {"source.port": "http", "vendor.x": "1.5"},
        },
        even,
    ]


def test_labels_beyond_the_limit_are_counted() -> None:
    event = {"event.dataset": "a.b", "labels": {str(n): "x" for n in range(MAX_LABELS)}, "vendor.x": 1, "vendor.y": 2}

    (row,) = to_events(to_tables([event], CATALOGUE)["a.b"])

    assert len(row["labels"]) == MAX_LABELS
    assert row["soc.labels_dropped"] == 2


def test_events_without_any_value_are_still_rows() -> None:
    assert to_events(to_tables([{}, {"message": None}], CATALOGUE)[""]) == [{}, {}]
