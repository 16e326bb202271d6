"""Which cluster the configuration names, and how it is reached.

Secrets of a cluster come from the environment, else from files that only the service account may read: SOC_STORE_USER,
SOC_STORE_PASSWORD, SOC_STORE_API_KEY, SOC_STORE_CA; `user`, `password_file`, `api_key_file`, `ca` under [store].
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from soc.cli.call.config import Config
from soc.errors import StoreError, UsageError

if TYPE_CHECKING:  # heavy: imported where they are used
    from soc.fields import Catalogue
    from soc.store.elasticsearch import Access, Cluster
    from soc.store.elasticsearch.foreign.foreign import ForeignEvents

SEGMENTS = "segments"
PREFIX = "soc"


def is_cluster(config: Config) -> bool:
    """Whether the store is a cluster. Raises StoreError for what is neither that nor the segments."""
    url = config.store
    if url != SEGMENTS and not url.startswith(("http://", "https://")):
        raise StoreError(
            'the store is neither segments nor a cluster\n  write under [store]: url = "segments", or url = "https://host:port"'
        )
    return url != SEGMENTS


def cluster(config: Config, *, at_most: float | None = None) -> Cluster:
    """The connection to the cluster. `at_most`: bounds the seconds that a request may take, and that are waited between two."""
    from soc.store.elasticsearch import connect

    said = config.cluster
    spans = {name: float(said[name]) for name in ("timeout", "patience") if name in said}
    if at_most is not None:
        spans = {name: min(spans.get(name, at_most), at_most) for name in ("timeout", "patience")}
    return connect(config.store, _access(config), prefix=prefix(config), **spans)


def sizes(config: Config) -> dict[str, int]:
    """Shards and replicas of an index of events."""
    return {name: int(config.cluster.get(name, 1)) for name in ("shards", "replicas")}


def prefix(config: Config) -> str:
    """What the names of the store's indices begin with."""
    return str(config.cluster.get("prefix", PREFIX))


def others(config: Config, pattern: str, catalogue: Catalogue) -> ForeignEvents:
    """Indices of the cluster that soc does not write. Raises UsageError where the store is none, StoreError."""
    if not is_cluster(config):
        raise UsageError("--index names indices of a cluster\n  name the cluster with --store https://host:port, or under [store]")
    from soc.store.elasticsearch.foreign.foreign import ForeignEvents

    return ForeignEvents(cluster(config), pattern, catalogue)


def _access(config: Config) -> Access:
    from soc.store.elasticsearch import Access

    said = config.cluster
    return Access(
        user=os.environ.get("SOC_STORE_USER") or said.get("user", ""),
        password=_secret("SOC_STORE_PASSWORD", said.get("password_file")),
        api_key=_secret("SOC_STORE_API_KEY", said.get("api_key_file")),
        ca=os.environ.get("SOC_STORE_CA") or said.get("ca", ""),
    )


def _secret(variable: str, file: str | None) -> str:
    try:
        return os.environ.get(variable) or (Path(file).read_text(encoding="utf-8").strip() if file else "")
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}\n  make it readable to the account that runs soc, or set {variable}") from error
    except UnicodeDecodeError as error:
        raise StoreError(f"{file}: is no text\n  write the secret alone into it, or set {variable}") from error
