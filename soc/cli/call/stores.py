"""The event store that a call works on is opened: the segments in the state folder, or a cluster."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from soc.cli.call.clusters import cluster, is_cluster, sizes
from soc.cli.call.config import Config

if TYPE_CHECKING:  # heavy: imported where they are used
    from soc.desk.desk import Desk
    from soc.fields import Catalogue
    from soc.store.base import Store


def open_store(
    config: Config, home: Path, *, catalogue: Callable[[], Catalogue], desk: Callable[[], Desk], clock: Callable[[], int]
) -> Store:
    """The store that the configuration names. A cluster has its register in the desk. Raises StoreError, DeskError."""
    if is_cluster(config):
        from soc.desk.register.register import open_register
        from soc.store.elasticsearch import open_cluster

        opened = desk()
        return open_cluster(
            cluster(config), catalogue(), lambda id: open_register(opened, id), writer=_writer(), clock=clock, **sizes(config)
        )
    from soc.store import segments

    return segments.open_store(home / "store", catalogue(), max_disk=config.max_disk)


def _writer() -> str:
    """This process among all that write to the store, by a name from which the others on this machine see when it is gone."""
    from soc.desk.runs.processes import process_name

    return f"{process_name()}:{secrets.token_hex(4)}"
