"""Random conditions over random documents of others: whatever their mapping, the query finds all that meets."""

from __future__ import annotations

import math

import pytest
from elasticsearch.helpers import bulk
from test_dsl_laws import gathered

from soc.condition.dsl_foreign import foreign_dsl
from soc.condition.predicate import compile
from soc.condition.tree import fields
from soc.store.elasticsearch import connect
from soc.store.elasticsearch.foreign.foreign import ForeignEvents
from soc.store.elasticsearch.foreign.foreign_documents import to_event
from soc.times import iso, parse_iso
from tests import strategies as some

KEYWORD = {"type": "keyword", "ignore_above": 3}
LENIENT = {"ignore_malformed": True}
MAPPING = {
    "user.name": KEYWORD,
    "event.category": {"type": "text", "fields": {"keyword": KEYWORD}},
    "message": {"type": "text"},
    "event.original": {"type": "keyword", "index": False, "doc_values": False},
    "source.ip": {"type": "ip"} | LENIENT,
    "related.ip": {"type": "keyword"},
    "source.port": {"type": "long"},
    "process.exit_code": {"type": "keyword"},
    "process.interactive": {"type": "boolean"},
    "@timestamp": {"type": "date"} | LENIENT,
    "event.start": {"type": "date_nanos"} | LENIENT,
    "event.risk_score": {"type": "float"} | LENIENT,
    "labels": {"type": "object", "subobjects": False},
}
EARLIEST, LATEST = parse_iso("1900-01-01T00:00:00Z"), parse_iso("2200-01-01T00:00:00Z")


def as_document(event):
    """The event as another shipper would write it."""
    dates = {name: iso(moment) for name in some.DATES if (moment := event.get(name)) is not None and EARLIEST < moment < LATEST}
    others = {name: value for name, value in event.items() if name not in (*some.DATES, *some.DOUBLES) and value is not None}
    scores = {name: score for name in some.DOUBLES if (score := event.get(name)) is not None and math.isfinite(score)}
    return others | dates | scores


@pytest.fixture(scope="module")
def foreign(server, elasticsearch_url):
    from tests.servers import indices

    with indices.prefixed(elasticsearch_url) as prefix:
        index = f"{prefix}others"
        server.indices.create(index=index, mappings={"properties": MAPPING}, settings={"number_of_replicas": 0})
        documents = enumerate(map(as_document, gathered(some.events, 100)))
        bulk(server, ({"_index": index, "_id": str(row), "_source": one} for row, one in documents), refresh=True)
        cluster = connect(elasticsearch_url)
        yield ForeignEvents(cluster, index, some.CATALOGUE)
        cluster.client.close()


@pytest.mark.parametrize(("strategy", "number"), [(some.leaves, 150), (some.trees, 150)], ids=["leaves", "trees"])
def test_every_document_that_meets_is_found(server, foreign, strategy, number):
    trees, index = gathered(strategy, number), foreign.shape.pattern
    held = {hit["_id"]: to_event(hit, foreign.catalogue) for hit in server.search(index=index, size=10_000)["hits"]["hits"]}
    queries = [foreign_dsl(tree, foreign.catalogue, {name: foreign.shape.held(name) for name in fields(tree)}) for tree in trees]

    for start in range(0, len(trees), 50):
        asked = [part for query in queries[start : start + 50] for part in ({}, {"query": query, "size": 10_000, "_source": False})]
        answers = server.msearch(index=index, searches=asked, max_concurrent_searches=2)["responses"]
        for tree, query, answer in zip(trees[start:], queries[start:], answers, strict=False):
            assert "hits" in answer, (tree, query, answer)
            met = {id for id, event in held.items() if compile(tree, foreign.catalogue)(event)}
            missed = met - {hit["_id"] for hit in answer["hits"]["hits"]}
            assert not missed, (tree, query, [held[id] for id in missed][:1])
