"""What a trial makes elsewhere than in its folder: indices of its own on a cluster, which go with it."""

from __future__ import annotations

import json
import secrets
import shutil
from pathlib import Path

from soc.cli.call.clusters import PREFIX, cluster, is_cluster, prefix
from soc.cli.call.config import Config
from soc.cli.call.context import Soc

TRIAL = "trial"  # in a trial's folder: the cluster, and what its indices there begin with


def trial_config(soc: Soc, folder: Path) -> Config:
    """For what is not kept: not the one in /etc/soc, whose desk is no place for it; on a cluster only when the call names one.

    In the folder is written down what it calls its indices there, for `sweep_trial`.
    """
    if not soc.stated_store or not is_cluster(soc.config):
        return Config()
    apart = f"{PREFIX}-try-{secrets.token_hex(6)}"
    (folder / TRIAL).write_text(json.dumps([soc.stated_store, apart]), encoding="utf-8")
    return _apart(soc, apart)


def remove_trial(soc: Soc) -> None:
    """Takes away what a trial has made on a cluster."""
    if is_cluster(soc.config):
        from soc.store.elasticsearch import remove

        with cluster(soc.config).client as client:
            remove(client, prefix(soc.config))


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
