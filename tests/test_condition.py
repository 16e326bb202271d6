"""Conditions: the predicate's own rules, and that DuckDB's SQL says the same."""

import unicodedata

import duckdb
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soc.condition.bind import bind
from soc.condition.codec import dump, load
from soc.condition.fold import fold, table
from soc.condition.given import given as given_known
from soc.condition.predicate import compile
from soc.condition.sql import lend, to_sql
from soc.condition.tree import ANY, FALSE, TRUE, And, Cidr, Compare, Contains, Equals, Not, Or, Regex, Starts, Wildcard, fields, leaves
from soc.errors import ConditionError
from soc.match.columns import to_events, to_tables
from tests import strategies as some

ALL = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]


@pytest.fixture(scope="module")
def db():
    with duckdb.connect() as connection:
        lend(connection)
        connection.execute("SET TimeZone = 'Asia/Kathmandu'")  # answers must not depend on the session's zone
        yield connection


def sql_rows(db, trees, events):
    """For each tree the events' truth values, as DuckDB sees them."""
    relation = to_tables(events, some.CATALOGUE)["law"]
    db.register("law", relation.append_column("row", pa.array(range(len(events)))))
    expressions = ", ".join(to_sql(tree, some.CATALOGUE, relation.column_names) for tree in trees)
    rows = db.execute(f'SELECT {expressions} FROM law ORDER BY "row"').fetchall()
    db.unregister("law")
    return [list(column) for column in zip(*rows, strict=True)]


@settings(max_examples=250, deadline=None)
@given(trees=st.lists(some.trees, min_size=1, max_size=12), events=st.lists(some.events, min_size=1, max_size=12))
def test_sql_says_what_the_predicate_says(db, trees, events):
    stored = to_events(to_tables(events, some.CATALOGUE)["law"])

    for tree, found in zip(trees, sql_rows(db, trees, events), strict=True):
        predicate = compile(tree, some.CATALOGUE)
        assert found == [predicate(event) for event in stored], tree
        assert found == [predicate(event) for event in events], tree


@given(some.trees)
def test_binding_a_bound_tree_changes_nothing(tree):
    bound = bind(tree, some.CATALOGUE)

    assert bind(bound, some.CATALOGUE) == bound


@given(some.trees, some.events)
def test_not_is_the_complement(tree, event):
    assert compile(Not(tree), some.CATALOGUE)(event) is not compile(tree, some.CATALOGUE)(event)


def test_fold_is_the_simple_lowercase_mapping_of_unicode_14():
    for char in ALL:
        if char in "\u0130":
            assert fold(char) == "i"
        elif fold(char) != char:
            assert fold(char) == char.lower()
    later = [char for char in ALL if char.lower() != fold(char) and char != "\u0130"]
    assert not later or unicodedata.unidata_version > "15"  # a newer Python lowers letters that Unicode 14 does not know
    assert len(table()) == 1433


def test_fold_is_idempotent_and_keeps_the_number_of_characters():
    everything = "".join(ALL)

    assert fold(fold(everything)) == fold(everything)
    assert len(fold(everything)) == len(everything)


def test_duckdb_lowers_each_character_as_fold_does(db):
    chars = pa.table({"c": ALL})  # noqa: F841  DuckDB finds it by name
    lowered = db.execute("SELECT lower(c) FROM chars").fetchall()

    assert [low for (low,) in lowered] == [fold(char) for char in ALL]


@pytest.mark.parametrize(
    ("leaf", "says"),
    [
        (Equals("source.port", "ssh"), "field 'source.port' holds whole numbers, never 'ssh'"),
        (Equals("@timestamp", "yesterday"), "field '@timestamp' holds times in ISO 8601"),
        (Equals("process.interactive", 1), "holds true or false, never 1"),
        (Contains("event.risk_score", "1"), "is of type double"),
        (Compare("source.ip", "gt", 1), "has no order"),
        (Cidr("source.ip", "192.0.2.0/33"), "is no network"),
        (Cidr("source.port", "192.0.2.0/24"), "holds no addresses"),
        (Regex("message", "(?=a)"), "field 'message': RE2 refuses the regex"),
        (Regex("message", "a{1000}{1000}"), "RE2 refuses"),
        (Regex("message", "a", "x"), "known are i, m and s"),
        (Equals("labels", "a"), "labels.KEY"),
        (Contains("message", "\ud800"), "not valid Unicode"),
    ],
)
def test_what_cannot_mean_anything_is_refused_by_name(leaf, says):
    with pytest.raises(ConditionError, match=r".*") as refused:
        bind(And((Not(leaf),)), some.CATALOGUE)

    assert says in str(refused.value)


def test_each_item_of_an_and_may_be_met_by_another_value():
    event = {"event.category": ["network", "Intrusion_Detection"]}
    both = And((Starts("event.category", "net"), Contains("event.category", "DETECTION")))

    assert compile(both, some.CATALOGUE)(event)
    assert not compile(Not(Equals("event.category", "NETWORK")), some.CATALOGUE)(event)


def test_a_wildcard_of_many_stars_takes_no_exponential_time():
    test = compile(Wildcard("message", ("a", *(some.ANY, "a") * 30, "b")), some.CATALOGUE)

    assert not test({"message": "a" * 3000})


def test_an_or_of_thousands_is_no_problem(db):
    tree = Or(tuple(Contains("message", str(i)) for i in range(3000)))

    assert sql_rows(db, [tree], [{"event.dataset": "law", "message": "x2999"}, {"event.dataset": "law"}]) == [[True, False]]


@given(some.trees)
def test_a_tree_survives_its_json(tree):
    there_and_back = load(orjson.loads(orjson.dumps(dump(tree))))

    assert repr(there_and_back) == repr(tree)  # repr, since nan is not equal to itself and 1 is equal to 1.0


@settings(max_examples=300, deadline=None)
@given(tree=some.trees, event=some.events, names=st.sets(some.any_field))
def test_a_condition_of_which_some_fields_are_known_is_met_by_the_same_events(tree, event, names):
    known = {name: event.get(name) for name in names}

    left = given_known(tree, known, some.CATALOGUE)

    assert compile(left, some.CATALOGUE)(event) == compile(tree, some.CATALOGUE)(event)
    assert not any(fields(leaf) <= names for leaf in leaves(left))


def test_a_condition_on_known_fields_alone_is_decided():
    node = And((Wildcard("event.dataset", ("zeek.", ANY)), Not(Equals("organization.id", "uni-north"))))

    assert given_known(node, {"event.dataset": "openssh.auth"}, some.CATALOGUE) == FALSE
    assert given_known(node, {"event.dataset": "zeek.dns"}, some.CATALOGUE) == Not(Equals("organization.id", "uni-north"))
    assert given_known(node, {"event.dataset": "zeek.dns", "organization.id": "uni-harbour"}, some.CATALOGUE) == TRUE
