"""A real Elasticsearch for a section, stores on it, and events of the mix under ids of their own."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

import orjson

from bench import mix
from bench.measure import BenchError
from soc.desk.desk import open_desk
from soc.desk.register.register import make_register, open_register
from soc.event import Event
from soc.fields import Catalogue
from soc.store.base import Store
from soc.store.elasticsearch import Cluster, ElasticStore, connect, name_store, open_cluster, prepare, remove
from soc.store.elasticsearch.documents.documents import to_document
from soc.store.elasticsearch.documents.mapping import mappings, settings
from tests.servers.elasticsearch import single
from tests.servers.machine import Missing
from tests.servers.node import LASTING

BATCH = 20_000
_TOGETHER = 2_000  # documents of one request
_NO_BATCH = 1 << 40
NOW = 1_800_000_000_000_000
_ids = count()


@dataclass(frozen=True, slots=True)
class Place:
    """A server, the catalogue of what is stored on it, and a folder for desks."""

    url: str
    catalogue: Catalogue
    work: Path

    def connect(self) -> Cluster:
        return connect(self.url, prefix=f"bench-{secrets.token_hex(4)}")

    @contextmanager
    def store(self) -> Iterator[ElasticStore]:
        """A fresh one, whose register lies in a desk of its own; what it held is gone afterwards."""
        with self.stored() as (store, _):
            yield store

    @contextmanager
    def stored(self) -> Iterator[tuple[ElasticStore, Cluster]]:
        """The same, with the cluster that it lies on."""
        cluster = self.connect()
        desk = open_desk(f"sqlite:///{self.work}/{cluster.prefix}.db", create=True)
        prepare(cluster, self.catalogue, replicas=0)
        name_store(cluster, make_register(desk, now=NOW).store)
        yield open_cluster(cluster, self.catalogue, lambda id: open_register(desk, id), writer="bench", clock=_clock, replicas=0), cluster
        remove(cluster.client, cluster.prefix)
        cluster.client.close()
        desk.close()


@contextmanager
def served(work: Path, catalogue: Catalogue, *, heap: str) -> Iterator[Place]:
    """A server of our own. Raises BenchError where none can be had."""
    try:
        with single(java=LASTING.replace("512m", heap)) as node:
            yield Place(node.url, catalogue, work)
    except Missing as error:
        raise BenchError(str(error)) from error


def grow(cluster: Cluster, catalogue: Catalogue, events: list[Event], wanted: int) -> None:
    """So many documents of the events more, past the writer: under ids that the server makes, in a batch that nobody asks for."""
    name = f"{cluster.prefix}-events-copies"
    if not cluster.client.indices.exists(index=name):
        cluster.client.indices.create(index=name, settings=settings(catalogue, replicas=0), mappings=mappings(catalogue))
    documents = [to_document(event | {"soc.batch": _NO_BATCH}, catalogue) for event in events]
    body = b"".join(b'{"create":{}}\n' + orjson.dumps(each) + b"\n" for each in documents[:_TOGETHER])
    with ThreadPoolExecutor(2) as pool:
        for answer in pool.map(lambda _: cluster.client.bulk(index=name, body=body), range(wanted // _TOGETHER)):
            if answer["errors"]:
                raise BenchError(f"the server refused a copy: {answer['items'][0]}")
    cluster.client.indices.refresh(index=name)


def _clock() -> int:
    return time.time_ns() // 1000


def mixed(number: int) -> list[Event]:
    """Events of the mix."""
    return list(islice(mix.parsed(mix.lines(number), mix.CONTENT), number))


def fresh(events: list[Event], number: int) -> Iterator[list[Event]]:
    """So many of the events, again and again, in batches, each event with an id that none had before."""
    for start in range(0, number, BATCH):
        some = (events[place % len(events)] for place in range(start, min(start + BATCH, number)))
        yield [event | {"event.id": f"bench-{next(_ids):012}", "soc.feed": "mix"} for event in some]


def add(store: Store, events: list[Event], number: int | None = None) -> float:
    """Seconds that it took to commit so many of the events, by default each once."""
    taken = 0.0
    with store.writer() as writer:
        for batch in fresh(events, len(events) if number is None else number):
            began = time.perf_counter()
            writer.add(writer.begin(), batch, [], now=NOW)
            taken += time.perf_counter() - began
    return taken


def commit(store: Store, events: Iterator[Event]) -> None:
    """Commits events that have ids of their own."""
    with store.writer() as writer:
        while batch := list(islice(events, BATCH)):
            writer.add(writer.begin(), batch, [], now=NOW)
