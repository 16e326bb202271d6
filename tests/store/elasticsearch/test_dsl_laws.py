"""Random conditions over random events on a real server: Query DSL finds all that meets, and only that where it says so.

The examples are gathered first and asked together: one index, many queries to a request.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from soc.condition.dsl import to_dsl
from soc.condition.predicate import compile
from soc.condition.tree import Keyword, leaves
from soc.store.elasticsearch.documents.documents import from_document
from tests import strategies as some

ODD = [
    {"user.name": "a" * 8191, "message": "B" * 8192, "event.original": "\U0001f600" * 4096},
    {"user.name": "\ua7cb", "event.category": ["a", "x" * 9000], "message": "\U00010d50ab"},
    {"labels": {"a": "x" * 9000, "b.c": "root"}},
    {"labels": {"a\0": "root", "b.c": "a"}},
    {"labels": {"": "a", "a": "\0root\0", "b.c": "22"}},
    {"source.ip": "no address", "related.ip": ["192.0.2.1", "2001:DB8::1"]},
    {"event.risk_score": float("inf"), "@timestamp": -1, "event.start": 9_223_372_036_854_776},
    {},
]


def gathered(strategy, number):
    """Examples of a strategy, at least this many."""
    pool = []

    @settings(max_examples=number, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(strategy, min_size=3, max_size=5))
    def gather(drawn):
        pool.extend(drawn)

    gather()
    return pool


@pytest.fixture(scope="module")
def index(server, make_index):
    with make_index(some.CATALOGUE, gathered(some.events, 150) + ODD) as made:
        yield made


def test_documents_come_back_as_the_events_they_were(index):
    kept = [{name: value for name, value in document.items() if name != "soc.labels_lc"} for document in index.documents]

    assert list(map(repr, index.sources())) == list(map(repr, kept))


@pytest.mark.parametrize(("strategy", "number"), [(some.leaves, 350), (some.trees, 350)], ids=["leaves", "trees"])
def test_every_event_that_meets_is_found_and_no_other_where_the_query_is_exact(index, strategy, number):
    events = [from_document(document, some.CATALOGUE) for document in index.documents]
    certain = {row for row, document in enumerate(index.documents) if "soc.coarse" not in document}
    structured = {row for row, event in enumerate(events) if "{" in event.get("event.original", "")}
    trees = gathered(strategy, number)
    queries = [to_dsl(tree, some.CATALOGUE) for tree in trees]

    for tree, query, found in zip(trees, queries, index.found(queries), strict=True):
        meets = compile(tree, some.CATALOGUE)
        met = {row for row, event in enumerate(events) if meets(event)}
        assert met <= found, (tree, query.body, [events[row] for row in met - found][:1])
        sure = certain - structured if any(isinstance(leaf, Keyword) for leaf in leaves(tree)) else certain
        if query.exact:
            assert found & sure == met & sure, (tree, query.body, [events[row] for row in (found & sure) - met][:1])
