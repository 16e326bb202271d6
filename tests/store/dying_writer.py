"""A writer that runs until it is killed, and says what was acknowledged: one line `number token-of-its-events` per closed batch.

Started by `test_kill.py` as a process of its own: store, round, microseconds that pass from one batch to the next.
"""

from __future__ import annotations

import sys
from pathlib import Path

from soc.fields import base_catalogue
from soc.model import SourceState
from soc.store.segments import Shape, open_store

BASE = 1_700_000_000_000_000
SIZE = 300


def events(round_, count):
    first = round_ * 1_000_000 + count * SIZE
    return [event(number) for number in range(first, first + SIZE)]


def event(number):
    moment, dataset = BASE + number * 1_000_000, f"d{number % 3}"
    return {"@timestamp": moment, "event.id": f"id{number}", "event.dataset": dataset, "soc.feed": "f", "message": f"line {number} " * 5}


def main(path, round_, pace):
    store = open_store(
        path, base_catalogue(), reserve=0, shape=Shape(wide=3, least=3, small=2000, full=1000, most=1500, sparse=500, round=4000)
    )
    with store.writer() as writer:
        for count in range(1_000_000):
            state = SourceState(f"s{round_}", "f", "/var/log/x", (count + 1) * SIZE, "h", 1, "t")
            added = writer.add(writer.begin(), events(round_, count), [state], now=BASE + count)
            print(added.batch.number, round_, count, flush=True)
            if count % 4 == 3:
                writer.compact(now=BASE + count * pace)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
