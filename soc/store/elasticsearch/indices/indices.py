"""The indices of a store: templates, what is made when, and what makes writing visible."""

from __future__ import annotations

from collections.abc import Sequence

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from soc.errors import StoreError
from soc.fields import Catalogue
from soc.store.elasticsearch.documents import pictures
from soc.store.elasticsearch.documents.mapping import Mapping, digest_of, mappings, settings, template
from soc.store.elasticsearch.indices import dead
from soc.store.elasticsearch.indices.mapped import digests, drift, put_missing
from soc.store.elasticsearch.server.asking import whole
from soc.store.elasticsearch.server.cluster import Cluster, Core
from soc.store.elasticsearch.server.faults import cluster_faults, kind_of

KEYWORD: Mapping = {"type": "keyword"}
HITS: Mapping = {
    "dynamic": "strict",
    "properties": {
        **dict.fromkeys(("tag", "rule", "event"), KEYWORD),
        "time": {"type": "long"},
        "place": {"type": "long"},  # within its tag
        "times": {"type": "integer", "index": False, "doc_values": False},
        **{name: {"type": "keyword", "index": False, "doc_values": False} for name in ("part", "institution", "key", "value")},
    },
}
META: Mapping = {"dynamic": "strict", "properties": {"id": KEYWORD}}
OWN: dict[str, Mapping] = {  # behind the prefix, besides the events
    "hits": HITS,
    "dead": dead.MAPPINGS,
    "meta": META,
    "alerts": pictures.ALERTS,
    "cases": pictures.CASES,
}
TEMPLATE = "{}-events"


def prepare(cluster: Cluster, catalogue: Catalogue, *, shards: int = 1, replicas: int = 1) -> None:
    """Makes the template and the indices besides those of events where they are missing. Safe to repeat."""
    with cluster_faults(cluster.place):
        body = template(catalogue, [cluster.events], shards=shards, replicas=replicas)
        cluster.client.indices.put_index_template(name=TEMPLATE.format(cluster.prefix), **body)
    for name in OWN:
        make_own(cluster, name, replicas=replicas)


def make_own(cluster: Cluster, name: str, *, replicas: int) -> str:
    """One of the indices of OWN, made where it is missing; returns its full name."""
    index = f"{cluster.prefix}-{name}"
    with cluster_faults(cluster.place):
        _make(cluster, index, {"number_of_shards": 1, "number_of_replicas": replicas}, OWN[name])
    return index


def name_store(cluster: Cluster, id: str) -> str:
    """Gives the store under the prefix this id, unless it has one; returns the one that it has."""
    with cluster_faults(cluster.place):
        cluster.client.options(ignore_status=409).create(index=cluster.meta, id="store", document={"id": id}, refresh=True)
    held = store_id(cluster)
    if held is None:
        raise StoreError(f"{cluster.place}: does not keep what is written to it\n  look at the cluster's health")
    return held


def store_id(cluster: Cluster) -> str | None:
    """The id of the store under this prefix; None when none was made there."""
    with cluster_faults(cluster.place):
        try:
            found: str = cluster.client.get(index=cluster.meta, id="store")["_source"]["id"]
        except NotFoundError:
            return None
    return found


def remove(client: Elasticsearch, prefix: str) -> None:
    """Takes away everything under a prefix, index by index: servers may refuse to delete by wildcard."""
    with cluster_faults(prefix):
        for name in client.indices.get(index=f"{prefix}-*", expand_wildcards="all", allow_no_indices=True, features="aliases"):
            client.indices.delete(index=name)
        client.options(ignore_status=404).indices.delete_index_template(name=TEMPLATE.format(prefix))


def complete_own(cluster: Cluster, name: str) -> None:
    """One of the indices of OWN gets the fields that it lacks, because an earlier soc made it."""
    index = f"{cluster.prefix}-{name}"
    with cluster_faults(cluster.place):
        put_missing(cluster, drift(cluster, index, OWN[name]), None)


def make_index(core: Core, name: str) -> None:
    """An index of events, where it is missing, as the catalogue of today says; one that is there gets the fields that it lacks."""
    wanted, cluster = mappings(core.catalogue), core.cluster
    today = digest_of(wanted)
    with cluster_faults(cluster.place):
        held = digests(cluster, name)
        if name not in held:
            _make(cluster, name, settings(core.catalogue, shards=core.shards, replicas=core.replicas), wanted)
        elif held[name] != today:
            put_missing(cluster, drift(cluster, name, wanted), today)


def refresh(cluster: Cluster, indices: Sequence[str]) -> None:
    """What was written becomes visible. Raises StoreError when some shard could not."""
    if indices:
        with cluster_faults(cluster.place):
            whole(cluster, cluster.client.indices.refresh(index=",".join(indices), ignore_unavailable=True).body)


def _make(cluster: Cluster, name: str, own: Mapping, mapping: Mapping) -> None:
    try:
        if not cluster.client.indices.exists(index=name):
            cluster.client.indices.create(index=name, settings=own, mappings=mapping)
    except BadRequestError as error:
        if kind_of(error) != "resource_already_exists_exception":
            raise
