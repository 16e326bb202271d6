"""`soc ingest` on a machine that is lost while it sends its first batch: once the cluster holds a part of that.

Started by `test_salvage.py` as a process of its own: state folder, "now" or "long ago" for when its lease was taken.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count
from pathlib import Path

from soc.cli.call.clusters import cluster, sizes
from soc.cli.call.context import Soc
from soc.cli.intake.ingest import ingest_feeds
from soc.desk.register.register import open_register
from soc.store.elasticsearch import open_cluster
from soc.times import HOUR

ASKED = 4  # how often its clock is asked before the second request: begun, claimed, held, the first request
NAME = "gw2:17:elsewhere"  # a process of another machine, whose end nobody sees


def main(home: str, taken: str) -> None:
    soc = Soc(Path(home), None, ())
    there, asked = cluster(soc.config), count()

    def clock() -> int:
        if next(asked) >= ASKED:  # one request may be sent
            while not there.client.count(index=there.events, ignore_unavailable=True)["count"]:
                there.client.indices.refresh(index=there.events, ignore_unavailable=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return soc.now() - (HOUR if taken == "long ago" else 0)

    soc.__dict__["store"] = open_cluster(
        there, soc.content.catalogue, lambda id: open_register(soc.desk, id), writer=NAME, clock=clock, **sizes(soc.config)
    )
    ingest_feeds(soc, stop=lambda: False)


if __name__ == "__main__":
    main(*sys.argv[1:])
