"""A real server, and indices of events on it that are asked many queries at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from soc.condition.dsl import Query
from soc.event import Event
from soc.fields import Catalogue
from soc.store.elasticsearch.documents.documents import to_document
from soc.store.elasticsearch.documents.mapping import mappings, settings

TOGETHER = 50  # queries in one request
_numbers = count()


class Index:
    """Events, known by their place in the list, in an index of their own."""

    def __init__(self, server: Elasticsearch, catalogue: Catalogue, events: Sequence[Event]) -> None:
        self.server, self.catalogue, self.name = server, catalogue, f"soc-test-dsl-{os.getpid()}-{next(_numbers)}"
        server.indices.create(index=self.name, settings=settings(catalogue, replicas=0), mappings=mappings(catalogue))
        self.documents = [to_document(event, catalogue) for event in events]
        bulk(server, ({"_index": self.name, "_id": str(row), "_source": each} for row, each in enumerate(self.documents)), refresh=True)

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.indices.delete(index=self.name)

    def found(self, queries: Sequence[Query]) -> Iterator[set[int]]:
        """For each query the places of the events that the server finds."""
        for start in range(0, len(queries), TOGETHER):
            asked = [
                part
                for query in queries[start : start + TOGETHER]
                for part in ({}, {"query": query.body, "size": 10_000, "_source": False, "sort": ["_doc"]})
            ]
            for answer in self.server.msearch(index=self.name, searches=asked, max_concurrent_searches=2)["responses"]:
                assert "hits" in answer, answer
                yield {int(hit["_id"]) for hit in answer["hits"]["hits"]}

    def sources(self) -> list[dict]:
        """The documents as the server gives them back, in order."""
        hits = self.server.search(index=self.name, size=10_000)["hits"]["hits"]
        return [hit["_source"] for hit in sorted(hits, key=lambda hit: int(hit["_id"]))]


@pytest.fixture(scope="session")
def server(elasticsearch_url) -> Iterator[Elasticsearch]:
    with Elasticsearch(elasticsearch_url, request_timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def make_index(server):
    """Indices of events: `with make_index(catalogue, events) as index`."""
    return partial(Index, server)
