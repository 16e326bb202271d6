"""A cluster: how it is reached, and its indices of one installation of soc.

Secrets come from the environment or a file, never from the URL (`Access`); TLS is verified against the system's authorities or a CA file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

from elasticsearch import Elasticsearch, OrjsonSerializer

from soc.errors import StoreError
from soc.fields import Catalogue
from soc.model import Register
from soc.store.elasticsearch.faults import cluster_faults
from soc.times import SECOND, iso

PREFIX = "soc"
TIMEOUT = 60.0  # seconds that one request may take
LEASE = 120 * SECOND  # after which others may take over a batch whose writer is silent
OLDEST = 9  # major version
_SPELT = re.compile(r"[^a-z0-9._]")
_LONGEST = 100  # of a dataset's name in an index's


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks: a user with a password, or an API key (`id:key` or its base64). `ca`: file of the authority to trust, else the system's."""

    user: str = ""
    password: str = ""
    api_key: str = ""
    ca: str = ""

    def __repr__(self) -> str:
        return "Access(…)"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The connection, and the names under which this store's indices lie. `place` names both in messages."""

    client: Elasticsearch
    place: str
    prefix: str = PREFIX

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
    replicas: int = 1


def connect(url: str, access: Access = Access(), *, prefix: str = PREFIX, timeout: float = TIMEOUT) -> Cluster:
    """The cluster at `https://host:port`; several of its nodes are parted by commas.

    Raises StoreError: no URL, another version, unreachable.
    """
    urls = [one.strip() for one in url.split(",")]
    for one in urls:
        parts = urlsplit(one)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise StoreError(
                "the store's URL is none of a cluster\n  write https://host:port, without user or password: docs/elasticsearch.md"
            )
    secure = {"ca_certs": access.ca} if access.ca else {}
    client = Elasticsearch(
        [one if urlsplit(one).port else f"{one}:{443 if one.startswith('https') else 80}" for one in urls],
        basic_auth=(access.user, access.password) if access.user else None,
        api_key=access.api_key or None,
        serializers={"application/vnd.elasticsearch+json": _Json()},
        request_timeout=timeout,
        max_retries=0,  # what is asked again, and when, is decided in one place: `bulk`
        **secure,  # type: ignore[arg-type]
    )
    cluster = Cluster(client, f"{', '.join(urls)} ({prefix}-*)", prefix)
    with cluster_faults(cluster.place):
        _check_version(cluster)
    return cluster


def _check_version(cluster: Cluster) -> None:
    nodes: dict[str, Any] = cluster.client.nodes.info(metric="_none", filter_path="nodes.*.version").get("nodes", {})
    old = sorted({node["version"] for node in nodes.values() if int(node["version"].split(".")[0]) < OLDEST})
    if old:
        raise StoreError(f"{cluster.place}: has nodes of version {', '.join(old)}\n  soc needs Elasticsearch {OLDEST}: upgrade them")


class _Json(OrjsonSerializer):
    mimetype = "application/vnd.elasticsearch+json"
