"""The event store on Elasticsearch: indices by dataset and day of ingest; its batch register lies in the desk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from soc.batches import Register, Unfinished
from soc.condition.tree import Node
from soc.errors import StoreError, UsageError
from soc.event import Event
from soc.fields import BATCH, ID, Catalogue
from soc.model import ALWAYS, BatchRow, FeedState, SourceState, Window
from soc.store.base import Concern, Tables, Tally
from soc.store.elasticsearch.indices.dead import a_reason, forget, letters
from soc.store.elasticsearch.indices.indices import store_id
from soc.store.elasticsearch.questions.grouping import groups
from soc.store.elasticsearch.questions.matching import Met, matches
from soc.store.elasticsearch.questions.meeting import read_meeting
from soc.store.elasticsearch.questions.questions import Questions
from soc.store.elasticsearch.questions.reader import read_batches, read_events, stored
from soc.store.elasticsearch.questions.tallies import tallies
from soc.store.elasticsearch.server.asking import among, count
from soc.store.elasticsearch.server.cluster import LEASE, Cluster, Core
from soc.store.elasticsearch.server.faults import cluster_faults
from soc.store.elasticsearch.writing.hits import count_hits, has_hits, hits_home, make_hits_home, put_hits, read_hits
from soc.store.elasticsearch.writing.salvage import salvage
from soc.store.elasticsearch.writing.writer import ElasticWriter
from soc.store.repeats import reading_of


def open_cluster(
    cluster: Cluster,
    catalogue: Catalogue,
    register: Callable[[str], Register],
    *,
    writer: str,
    clock: Callable[[], int],
    lease: int = LEASE,
    shards: int = 1,
    replicas: int = 1,
) -> ElasticStore:
    """The store under the cluster's prefix; `register` opens the batch register of a store by its id.

    `writer` names this process among all that write; `clock` gives the moment by which leases run. Raises StoreError: no store.
    """
    id = store_id(cluster)
    if id is None:
        raise StoreError(f"{cluster.place}: there is no store\n  make one with: soc init")
    return ElasticStore(Core(cluster, catalogue, register(id), writer, clock, lease, shards, replicas), id)


class ElasticStore:
    """See `soc.store.base.Store`."""

    def __init__(self, core: Core, id: str) -> None:
        self._core, self._register, self.id, self.place = core, core.register, id, core.cluster.place
        self._questions = Questions(core)

    @contextmanager
    def writer(self) -> Iterator[ElasticWriter]:
        """Several may write at once, each its own sources: whoever comes second to a source is told who reads it."""
        yield ElasticWriter(self._core)

    def batches(self, after: int = 0) -> list[BatchRow]:
        return self._register.batches(after)

    def tables(self, numbers: Collection[int], columns: Collection[str] | None = None) -> Tables:
        return read_batches(self._core, numbers, columns)

    def meeting(self, number: int, node: Node, columns: Collection[str]) -> Tables | None:
        """None, too, for a condition whose query would be long, and a batch that absorbed others: of copies the highest reading counts."""
        return read_meeting(self._core, number, node, columns, self._questions.otherwise)

    def sources(self, feed: str | None = None) -> list[SourceState]:
        return self._register.sources(feed)

    def feeds(self) -> list[FeedState]:
        return self._register.feeds()

    def select(self, node: Node, window: Window = ALWAYS, *, limit: int | None = None, newest: bool = False) -> Iterator[Event]:
        return self._questions.select(node, window, limit, newest)

    def events(self, ids: Collection[str], window: Window = ALWAYS) -> dict[str, Event]:
        found = read_events(self._core, ids)  # looks up names, which costs the same wherever they may lie
        return {id: event for id, event in found.items() if window.since <= event["@timestamp"] < window.until}

    def matches(
        self, conditions: Mapping[str, Node], window: Window = ALWAYS, *, datasets: Collection[str] | None = None
    ) -> Iterator[tuple[str, Met]]:
        """See `soc.store.elasticsearch.questions.matching`."""
        return matches(self._core, conditions, window, datasets, self._questions.otherwise)

    def count(self, node: Node, window: Window = ALWAYS) -> int:
        return self._questions.count(node, window)

    def tallies(self, concerns: Mapping[str, Concern], window: Window = ALWAYS) -> Iterator[tuple[str, Tally]]:
        return tallies(self._core, concerns, window, self._questions.otherwise, self.count)

    def top(self, field: str, node: Node, window: Window = ALWAYS, *, limit: int = 10) -> list[tuple[Any, int]]:
        return self._questions.top(field, node, window, limit)

    def histogram(self, node: Node, window: Window, *, width: int, by: str | None = None) -> list[tuple[int, Any, int]]:
        return self._questions.histogram(node, window, width, by)

    def groups(
        self, node: Node, window: Window = ALWAYS, *, by: Sequence[str], at_least: int, distinct: str | None = None
    ) -> dict[tuple[str, ...], int]:
        return groups(self._questions.asked(node, window), self._core.catalogue, by, at_least, distinct)

    def sql(self, statement: str, *, limit: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        raise UsageError("a cluster answers no SQL\n  ask with: soc hunt events, top or timeline")

    def put_hits(self, tag: str, hits: pa.Table) -> None:
        put_hits(self._core, tag, hits)

    def has_hits(self, tags: Collection[str]) -> bool:
        return has_hits(self._core, tags)

    def hits(self, rules: Collection[str], window: Window = ALWAYS) -> pa.Table:
        return read_hits(self._core, rules, window)

    def hits_home(self) -> str:
        return hits_home(self._core.cluster)

    def make_hits_home(self) -> str:
        return make_hits_home(self._core)

    def keep_from(self) -> int | None:
        """None: how much room there is is the cluster's affair."""
        return None

    def check(self, *, deep: bool = False) -> list[str]:
        """What is wrong with the cluster and the store's indices, each as one sentence; `deep` counts the events of every batch."""
        cluster, faults = self._core.cluster, self.missing()
        with self.writer() as writer:
            if writer.crowded():
                faults.append(f"{cluster.place}: indices are read-only: a disk is nearly full")
        return [*faults, *(self._losses() if deep else ()), *self._letters()]

    def missing(self) -> list[str]:
        cluster = self._core.cluster
        with cluster_faults(cluster.place):
            health = cluster.client.cluster.health(index=f"{cluster.prefix}-*", level="indices", expand_wildcards="all")
        states = {name: index["status"] for name, index in health["indices"].items()}
        rows = [row for row in self._register.batches() if row.events]
        gone = self._register.targets([number for row in rows for number in (row.number, *row.absorbs)]) - states.keys()
        return [
            *(f"{name}: red, some of its copies are not up" for name in sorted(states) if states[name] == "red"),
            *(
                f"{name}: is missing, and batches have events there\n  restore it from a snapshot; see: soc doctor --deep"
                for name in sorted(gone)
            ),
        ]

    def unfinished(self) -> list[Unfinished]:
        return self._register.unfinished(self._core.clock())

    def salvage(self, number: int) -> BatchRow:
        """See `soc.store.elasticsearch.writing.salvage`."""
        return salvage(self._core, number)

    def statistics(self) -> Mapping[str, int]:
        cluster = self._core.cluster
        with cluster_faults(cluster.place):
            found = cluster.client.indices.stats(index=cluster.events, metric="store", filter_path="indices.*.total.store.size_in_bytes")
        sizes = [index["total"]["store"]["size_in_bytes"] for index in found.get("indices", {}).values()]
        return {
            "events": count(cluster, cluster.events),
            "batches": len(self._register.batches()),
            "indices": len(sizes),
            "bytes": sum(sizes),
            "hits": count_hits(self._core),
            "refused": count(cluster, cluster.dead),
        }

    def replay(self, *, now: int) -> tuple[int, int]:
        """Offers the dead letters to the cluster again, as new batches; how many it took, and how many it refused again."""
        taken = left = 0
        with self.writer() as writer:
            for events in letters(self._core):
                readings = {event[ID]: reading_of(event) for event in events}
                there = {one.id for one in stored(self._core, readings) if one.reading >= readings[one.id]}
                again = [event for event in events if event[ID] not in there]
                added = writer.add(writer.begin(), again, [], now=now)
                kept = {id for table in added.tables.values() for id in table["event.id"].to_pylist()}
                forget(self._core, there | kept)
                taken, left = taken + len(kept), left + len(again) - len(kept)
        return taken, left

    def close(self) -> None:
        self._core.cluster.client.close()

    def _losses(self) -> list[str]:
        out = []
        for row in self._register.batches():
            held = count(self._core.cluster, self._core.cluster.events, among(BATCH, [row.number, *row.absorbs]))
            if held < row.events:
                out.append(f"batch {row.number}: {row.events - held} of {row.events} events are missing")
        return out

    def _letters(self) -> list[str]:
        refused = count(self._core.cluster, self._core.cluster.dead)
        if not refused:
            return []
        what = f"{self._core.cluster.dead}: {refused} events that the cluster refused, one of them so: {a_reason(self._core)}"
        return [f"{what}\n  mend the index (docs/elasticsearch.md), then: soc doctor --replay"]
