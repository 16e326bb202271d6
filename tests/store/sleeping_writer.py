"""A writer to a cluster that stops itself (SIGSTOP) when its clock is asked for the n-th time, and says how it ended.

Started by `test_takeover.py` as a process of its own: URL, prefix, desk, n, and the seconds that its clock is ahead once it woke.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count

from soc.desk.desk import open_desk
from soc.desk.register.register import open_register
from soc.errors import Conflict
from soc.model import SourceState
from soc.store.elasticsearch import connect, open_cluster
from soc.times import SECOND
from tests.strategies import CATALOGUE

NOW = 1_700_000_000_000_000
LINES = 4_100  # three requests


def event(line, **fields):
    return {"@timestamp": NOW - line, "event.id": f"id{line}", "event.dataset": "law", "soc.feed": "f", "message": f"line {line}", **fields}


def state(position):
    return SourceState("s", "f", "/var/log/x", position, "h", 1, "t")


def opened(url, prefix, desk, writer, clock):
    cluster = connect(url, prefix=prefix)
    return open_cluster(cluster, CATALOGUE, lambda id: open_register(desk, id), writer=writer, clock=clock, lease=120 * SECOND, replicas=0)


def main(url, prefix, desk_url, stop_at, ahead):
    asked = count()

    def clock():
        number = next(asked)
        if number == stop_at:
            os.kill(os.getpid(), signal.SIGSTOP)
        return NOW + (ahead * SECOND if number > stop_at else 0)

    store = opened(url, prefix, open_desk(desk_url), "sleeper", clock)
    with store.writer() as writer:
        try:
            writer.add(writer.begin(), [event(line) for line in range(LINES)], [state(LINES)], now=NOW)
        except Conflict:
            print("conflict")
        else:
            print("closed")


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5]))
