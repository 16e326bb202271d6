"""Questions to the indices of events: pages of documents under one point in time, and answers that have to come from every shard."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import Any

from elasticsearch import NotFoundError

from soc.condition.dsl_query import ALL, Body
from soc.errors import StoreError
from soc.store.elasticsearch.server.cluster import Cluster
from soc.store.elasticsearch.server.faults import cluster_faults
from soc.store.elasticsearch.server.patience import patiently

PAGE = 10_000  # `index.max_result_window`
ALIVE = "5m"  # how long a page may take to be worked on
LENIENT: Body = {"ignore_unavailable": True, "allow_no_indices": True}
Hit = dict[str, Any]


def search(cluster: Cluster, index: str, body: Body) -> Body:
    """The answer of all shards to one search. Raises StoreError when some did not answer."""
    with cluster_faults(cluster.place):
        answer = patiently(cluster, lambda: cluster.client.search(index=index, allow_partial_search_results=False, **LENIENT, **body))
    found: Body = whole(cluster, answer.body)
    return found


def count(cluster: Cluster, index: str, query: Body = ALL) -> int:
    """The documents that meet the query."""
    with cluster_faults(cluster.place):
        answer = patiently(cluster, lambda: cluster.client.count(index=index, query=query, **LENIENT))
    return int(whole(cluster, answer.body)["count"])


def pages(
    cluster: Cluster, index: str, query: Body, *, sort: Sequence[Body] = ({"_shard_doc": "asc"},), size: int = PAGE, **more: Any
) -> Iterator[list[Hit]]:
    """All documents that meet the query, as they were when the first page was asked for."""
    with cluster_faults(cluster.place):
        try:
            point = patiently(cluster, lambda: cluster.client.open_point_in_time(index=index, keep_alive=ALIVE, ignore_unavailable=True))[
                "id"
            ]
        except NotFoundError:  # no index of that pattern
            return
        try:
            yield from _pages(cluster, point, query, sort, size, more)
        finally:
            cluster.client.options(ignore_status=404).close_point_in_time(id=point)


def _pages(cluster: Cluster, point: str, query: Body, sort: Sequence[Body], size: int, more: Body) -> Iterator[list[Hit]]:
    after: list[Any] | None = None
    while True:
        body = {"query": query, "sort": list(sort), "size": size, "search_after": after, "pit": {"id": point, "keep_alive": ALIVE}}
        said: Body = {"track_total_hits": False, "allow_partial_search_results": False, **body, **more}
        answer = patiently(cluster, partial(cluster.client.search, **said))
        hits: list[Hit] = whole(cluster, answer.body)["hits"]["hits"]
        if hits:
            yield hits
        if len(hits) < size:
            return
        after = hits[-1]["sort"]


def documents(cluster: Cluster, index: str, ids: Collection[str], **more: Any) -> Iterator[list[Hit]]:
    """Those of these documents that are there."""
    for some in parts(ids):
        yield from pages(cluster, index, of_ids(some), **more)


def of_ids(ids: Collection[str]) -> Body:
    """A document with one of these ids; not too many for one question, see `parts`."""
    return {"ids": {"values": list(ids)}}


def parts(values: Collection[str], most: int = PAGE) -> Iterator[list[str]]:
    """The values, each once and in order, as many together as may be asked for at once."""
    wanted = sorted(set(values))
    yield from (wanted[start : start + most] for start in range(0, len(wanted), most))


def whole(cluster: Cluster, answer: Any) -> Any:
    """The answer. Raises StoreError when a shard failed or the time ran out: a part of the truth is none."""
    failed = answer.get("_shards", {}).get("failed", 0)
    if failed or answer.get("timed_out"):
        raise StoreError(f"{cluster.place}: {failed} shards gave no answer\n  look at the cluster's health; it may be recovering")
    return answer


def among(field: str, values: Collection[Any]) -> Body:
    """A document whose field has one of these values."""
    return {"terms": {field: sorted(values)}}
