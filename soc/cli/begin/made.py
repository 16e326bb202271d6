"""The store of an installation, made where it is missing."""

from __future__ import annotations

from soc.cli.call.clusters import cluster, is_cluster, sizes
from soc.cli.call.context import Soc


def make_store(soc: Soc) -> str:
    """Makes the store where it is missing; says where it lies. The desk is there already. Raises StoreError, DeskError."""
    if is_cluster(soc.config):
        return _prepare(soc)
    from soc.store import segments

    segments.open_store(soc.home / "store", soc.content.catalogue, create=True).close()
    return str(soc.home / "store")


def _prepare(soc: Soc) -> str:
    """The register is made before the cluster is told the store's id: killed between the two, nothing was made that is in the way."""
    from soc.desk.register.register import forget_register, make_register, open_register
    from soc.store.elasticsearch import name_store, prepare, store_id

    there = cluster(soc.config)
    prepare(there, soc.content.catalogue, **sizes(soc.config))
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
