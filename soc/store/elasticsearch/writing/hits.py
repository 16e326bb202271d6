"""Hits in an index of their own: derived data, a document each. A tag names what was put at once; the same tag again replaces it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pyarrow as pa

from soc.condition.dsl_query import Body
from soc.errors import StoreError
from soc.match.hits import HITS, joined, within
from soc.model import Window
from soc.store.elasticsearch.indices.indices import complete_own, make_own, refresh
from soc.store.elasticsearch.server.asking import LENIENT, among, count, pages, parts
from soc.store.elasticsearch.server.bulk import Action, delete, put, send
from soc.store.elasticsearch.server.cluster import Cluster, Core
from soc.store.elasticsearch.server.faults import cluster_faults

_LOOKED_AT = "*.settings.index.uuid,*.mappings.properties.rule.type"


def put_hits(core: Core, tag: str, hits: pa.Table) -> None:
    """See `soc.store.base.Store.put_hits`."""
    index, version = core.cluster.hits, core.clock()
    held = joined([hits])
    if held["times"].null_count < held.num_rows:
        complete_own(core.cluster, "hits")
    rows = held.to_pylist()
    refused = send(core.cluster, (_action(index, tag, place, row, version) for place, row in enumerate(rows))).refused
    if refused:
        raise core.cluster.refusal(refused)
    refresh(core.cluster, [index])
    former = {"bool": {"filter": [{"term": {"tag": tag}}, {"range": {"place": {"gte": len(rows)}}}]}}
    if drop(core, former):
        refresh(core.cluster, [index])


def has_hits(core: Core, tags: Collection[str]) -> bool:
    """See `soc.store.base.Store.has_hits`."""
    begun = [{"prefix": {"tag": tag}} for tag in tags]
    return bool(begun) and count(core.cluster, core.cluster.hits, {"bool": {"should": begun}}) > 0


def read_hits(core: Core, rules: Collection[str], window: Window) -> pa.Table:
    """See `soc.store.base.Store.hits`."""
    tables = [_table(core, some, dict(window.bounds)) for some in parts(rules)]
    return within(joined(tables), rules, window)


def hits_home(cluster: Cluster) -> str:
    """The index's own id, which no other has, be it of the same name; "" where there is none, or one that no hits can be asked of.

    A writer that does not notice makes the server guess a mapping: texts are analysed there, and rules are not found by their names.
    """
    ids = [index["settings"]["index"]["uuid"] for index in _held(cluster).values() if _is_ours(index)]
    return ids[0] if len(ids) == 1 else ""


def make_hits_home(core: Core) -> str:
    """See `soc.store.base.Store.make_hits_home`. One that is of no use goes: hits can be made anew."""
    cluster = core.cluster
    if not hits_home(cluster):
        if _held(cluster):
            with cluster_faults(cluster.place):
                cluster.client.options(ignore_status=404).indices.delete(index=cluster.hits)
        make_own(cluster, "hits", replicas=core.replicas)
    if home := hits_home(cluster):
        return home
    raise StoreError(f"{cluster.place}: {cluster.hits} is not as soc makes it\n  remove what has this name, then: soc init")


def count_hits(core: Core) -> int:
    return count(core.cluster, core.cluster.hits)


def drop(core: Core, query: Body) -> int:
    """Takes hits away; returns how many. Not visible before a refresh."""
    gone = 0
    for page in pages(core.cluster, core.cluster.hits, query, _source=False):
        send(core.cluster, (delete(hit["_index"], hit["_id"]) for hit in page))
        gone += len(page)
    return gone


def _action(index: str, tag: str, place: int, row: Body, version: int) -> Action:
    said = row if row["times"] else {name: value for name, value in row.items() if name != "times"}
    return put(index, f"{tag}:{place}", {**said, "tag": tag, "place": place}, version)


def _table(core: Core, rules: list[str], span: Body) -> pa.Table:
    asked = [among("rule", rules), *([{"range": {"time": span}}] if span else [])]
    rows = [
        hit["_source"] for page in pages(core.cluster, core.cluster.hits, {"bool": {"filter": asked}}, _source=HITS.names) for hit in page
    ]
    return pa.Table.from_pylist(rows, schema=HITS)


def _held(cluster: Cluster) -> dict[str, Any]:
    """What has the name of the index of hits."""
    with cluster_faults(cluster.place):
        return dict(cluster.client.indices.get(index=cluster.hits, filter_path=_LOOKED_AT, **LENIENT))


def _is_ours(index: Any) -> bool:
    return bool(index.get("mappings", {}).get("properties", {}).get("rule", {}).get("type") == "keyword")
