"""A cluster: how it is reached, and its indices of one installation of soc.

Who asks, and whom it believes, is said in `soc.store.elasticsearch.server.access`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from elasticsearch import Elasticsearch, OrjsonSerializer

from soc.batches import Register
from soc.errors import StoreError
from soc.fields import Catalogue
from soc.store.elasticsearch.server.access import NOBODY, Access, nodes, places
from soc.store.elasticsearch.server.faults import Place, cluster_faults
from soc.times import SECOND, iso

PREFIX = "soc"
TIMEOUT = 60.0  # seconds that one request may take
PATIENCE = 90.0  # seconds for which documents are sent again that the cluster could take later
LEASE = 120 * SECOND  # after which others may take over a batch whose writer is silent
OLDEST = 9  # major version
_SPELT = re.compile(r"[^a-z0-9._]")
_LONGEST = 100  # of a dataset's name in an index's


@dataclass(frozen=True, slots=True)
class Cluster:
    """The connection, and the names under which this store's indices lie. `place` names both in messages."""

    client: Elasticsearch
    place: str
    prefix: str = PREFIX
    patience: float = PATIENCE

    def refusal(self, refused: Mapping[str, str]) -> StoreError:
        """Documents that cannot be anything but taken were not."""
        id, reason = next(iter(refused.items()))
        return StoreError(
            f"{self.place}: refused {len(refused)} documents, as {id}: {reason}\n  bring the indices up to date with: soc init"
        )

    @property
    def events(self) -> str:
        """The pattern of the indices of events."""
        return f"{self.prefix}-events-*"

    @property
    def hits(self) -> str:
        return f"{self.prefix}-hits"

    @property
    def dead(self) -> str:
        """The index of documents that the cluster refused."""
        return f"{self.prefix}-dead"

    @property
    def meta(self) -> str:
        return f"{self.prefix}-meta"

    def index(self, dataset: str, now: int) -> str:
        """The index for events of a dataset that are ingested now: by dataset and day of ingest."""
        return f"{self._indices(dataset)}-{iso(now)[:10].replace('-', '.')}"

    def events_of(self, datasets: Collection[str]) -> str:
        """The pattern of the indices of these datasets, some others perhaps among them."""
        return ",".join(f"{self._indices(dataset)}-*" for dataset in sorted(datasets))

    def _indices(self, dataset: str) -> str:
        spelt = _SPELT.sub("_", dataset.lower())[:_LONGEST]
        if spelt != dataset:
            spelt += f"-{blake2b(dataset.encode(), digest_size=4).hexdigest()}"
        return f"{self.prefix}-events-{spelt}"


@dataclass(frozen=True, slots=True)
class Core:
    """What every part of the store works with. `writer` names this process; `clock` is the time by which leases run."""

    cluster: Cluster
    catalogue: Catalogue
    register: Register
    writer: str
    clock: Callable[[], int]
    lease: int = LEASE
    shards: int = 1
    replicas: int = 1


def connect(url: str, access: Access = NOBODY, *, prefix: str = PREFIX, timeout: float = TIMEOUT, patience: float = PATIENCE) -> Cluster:
    """The cluster at `https://host:port`; several of its nodes are parted by commas.

    Raises StoreError: no URL, another version, unreachable.
    """
    urls = places(url)
    client = Elasticsearch(
        nodes(urls, access),
        **access.headers(),
        serializers={"application/vnd.elasticsearch+json": _Json()},
        request_timeout=timeout,
        max_retries=len(urls) - 1,  # a node that is lost is left for another at once; what is asked again later is decided by `bulk`
        retry_on_status=(),
    )
    place = Place(f"{', '.join(urls)} ({prefix}-*)")
    place.secrets = access.secrets()
    cluster = Cluster(client, place, prefix, patience)
    with cluster_faults(cluster.place):
        _check_version(cluster)
    return cluster


def _check_version(cluster: Cluster) -> None:
    nodes: dict[str, Any] = cluster.client.nodes.info(node_id="_all", metric="_none", filter_path="nodes.*.version").get("nodes", {})
    versions = sorted({str(node.get("version", "")) for node in nodes.values()})
    if not versions or not all(version.split(".")[0].isdigit() for version in versions):
        raise StoreError(f"{cluster.place}: does not say its version\n  soc needs Elasticsearch {OLDEST}: correct the URL under [store]")
    if old := [version for version in versions if int(version.split(".")[0]) < OLDEST]:
        raise StoreError(f"{cluster.place}: has nodes of version {', '.join(old)}\n  soc needs Elasticsearch {OLDEST}: upgrade them")


class _Json(OrjsonSerializer):
    mimetype = "application/vnd.elasticsearch+json"
