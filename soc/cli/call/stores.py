"""Which event store a call works on: the segments in the state folder, or a cluster.

Secrets of a cluster come from the environment, else from files that only the service account may read: SOC_STORE_USER,
SOC_STORE_PASSWORD, SOC_STORE_API_KEY, SOC_STORE_CA; `user`, `password_file`, `api_key_file`, `ca` under [store].
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from soc.cli.call.config import Config
from soc.cli.call.context import Soc
from soc.errors import StoreError, UsageError

if TYPE_CHECKING:  # heavy: imported where they are used
    from soc.store.base import Store
    from soc.store.elasticsearch import Access, Cluster
    from soc.store.elasticsearch.foreign.foreign import ForeignEvents

SEGMENTS = "segments"
PREFIX = "soc"
TRIAL = "trial"  # in a trial's folder: the cluster, and what its indices there begin with


def is_cluster(soc: Soc) -> bool:
    """Whether the store is a cluster. Raises StoreError for what is neither that nor the segments."""
    url = soc.config.store
    if url != SEGMENTS and not url.startswith(("http://", "https://")):
        raise StoreError(
            'the store is neither segments nor a cluster\n  write under [store]: url = "segments", or url = "https://host:port"'
        )
    return url != SEGMENTS


def open_store(soc: Soc) -> Store:
    """The store that the configuration names. Raises StoreError."""
    if is_cluster(soc):
        from soc.desk.register.register import open_register
        from soc.store.elasticsearch import open_cluster

        content, desk = soc.content, soc.desk
        return open_cluster(
            cluster(soc), content.catalogue, lambda id: open_register(desk, id), writer=_writer(), clock=soc.now, **sizes(soc)
        )
    from soc.store import segments

    return segments.open_store(soc.home / "store", soc.content.catalogue, max_disk=soc.config.max_disk)


def make_store(soc: Soc) -> str:
    """Makes the store where it is missing; says where it lies. The desk is there already. Raises StoreError, DeskError."""
    if is_cluster(soc):
        return _prepare(soc)
    from soc.store import segments

    segments.open_store(soc.home / "store", soc.content.catalogue, create=True).close()
    return str(soc.home / "store")


def trial_config(soc: Soc, folder: Path) -> Config:
    """For what is not kept: not the one in /etc/soc, whose desk is no place for it; on a cluster only when the call names one.

    In the folder is written down what it calls its indices there, for `sweep_trial`.
    """
    if not soc.stated_store or not is_cluster(soc):
        return Config()
    apart = f"{PREFIX}-try-{secrets.token_hex(6)}"
    (folder / TRIAL).write_text(json.dumps([soc.stated_store, apart]), encoding="utf-8")
    return _apart(soc, apart)


def remove_trial(soc: Soc) -> None:
    """Takes away what a trial has made on a cluster."""
    if is_cluster(soc):
        from soc.store.elasticsearch import remove

        with cluster(soc).client as client:
            remove(client, prefix(soc))


def sweep_trial(soc: Soc, folder: Path) -> None:
    """Takes away a trial that was killed, and what it made on a cluster; on another cluster than this call's it is left."""
    written = (folder / TRIAL).read_bytes() if (folder / TRIAL).exists() else b""
    if written:  # else it was killed before it made anything there
        place, apart = json.loads(written)
        if place != soc.stated_store:
            return
        here = Soc(folder, None, ())
        here.config = _apart(soc, apart)
        remove_trial(here)
    shutil.rmtree(folder)


def _apart(soc: Soc, apart: str) -> Config:
    return Config(store=soc.config.store, cluster=soc.config.cluster | {"prefix": apart, "replicas": 0})


def cluster(soc: Soc, *, at_most: float | None = None) -> Cluster:
    """The connection to the cluster. `at_most`: bounds the seconds that a request may take, and that are waited between two."""
    from soc.store.elasticsearch import connect

    said = soc.config.cluster
    spans = {name: float(said[name]) for name in ("timeout", "patience") if name in said}
    if at_most is not None:
        spans = {name: min(spans.get(name, at_most), at_most) for name in ("timeout", "patience")}
    return connect(soc.config.store, _access(soc), prefix=prefix(soc), **spans)


def sizes(soc: Soc) -> dict[str, int]:
    """Shards and replicas of an index of events."""
    return {name: int(soc.config.cluster.get(name, 1)) for name in ("shards", "replicas")}


def prefix(soc: Soc) -> str:
    """What the names of the store's indices begin with."""
    return str(soc.config.cluster.get("prefix", PREFIX))


def others(soc: Soc, pattern: str) -> ForeignEvents:
    """Indices of the cluster that soc does not write. Raises UsageError where the store is none, StoreError."""
    if not is_cluster(soc):
        raise UsageError("--index names indices of a cluster\n  name the cluster with --store https://host:port, or under [store]")
    from soc.store.elasticsearch.foreign.foreign import ForeignEvents

    return ForeignEvents(cluster(soc), pattern, soc.content.catalogue)


def _prepare(soc: Soc) -> str:
    """The register is made before the cluster is told the store's id: killed between the two, nothing was made that is in the way."""
    from soc.desk.register.register import forget_register, make_register, open_register
    from soc.store.elasticsearch import name_store, prepare, store_id

    there = cluster(soc)
    prepare(there, soc.content.catalogue, **sizes(soc))
    id, desk = store_id(there), soc.open_desk()
    try:
        if id is None:
            ours = make_register(desk, now=soc.now()).store
            id = name_store(there, ours)
            if id != ours:  # somebody elsewhere was faster
                forget_register(desk, ours)
        open_register(desk, id)
    finally:
        desk.close()
        there.client.close()
    return there.place


def _access(soc: Soc) -> Access:
    from soc.store.elasticsearch import Access

    said = soc.config.cluster
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


def _writer() -> str:
    """This process among all that write to the store, by a name from which the others on this machine see when it is gone."""
    from soc.desk.runs.processes import process_name

    return f"{process_name()}:{secrets.token_hex(4)}"
