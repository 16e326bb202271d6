"""What a store of segments does when its disk fails: one piece of work of each kind, on a state that `lay_out` has made.

Run in children of `tests.failing_sync`: the work's name, the store's folder, and what is done by a process that lives on after a failure.
"""

from __future__ import annotations

import sys
from pathlib import Path

from soc.errors import StoreError
from soc.fields import base_catalogue
from soc.model import SourceState
from soc.store.base import HITS, Cut
from soc.store.segments import SegmentStore, Shape, open_store
from soc.times import HOUR

BASE = 1_700_000_000_000_000
NOW = BASE + 200_000_000
SHAPE = Shape(3, 3, 8, 5, 6, 3, 20)
READ = 30  # bytes of the source that the state has read


def opened(path: Path, *, create: bool = False) -> SegmentStore:
    return open_store(path, base_catalogue(), create=create, reserve=0, shape=SHAPE)


def event(number, **fields):
    return {"@timestamp": BASE + number * HOUR, "event.id": f"id{number}", "event.dataset": f"d{number % 2}", "soc.feed": "f", **fields}


def state(position):
    return SourceState("s", "f", "/var/log/x", position, "h", 1, "t")


def hits_of(*events):
    import pyarrow as pa

    rows = [("r", "r", BASE + number * HOUR, "uni", "[]", None, f"id{number}") for number in events]
    return pa.table([pa.array(column) for column in zip(*rows, strict=True)], names=HITS.names[:7])


def lay_out(path: Path) -> None:
    """Three batches of three events, with hits of two of each."""
    store = opened(path, create=True)
    with store.writer() as writer:
        for number in range(3):
            events = [event(number * 3 + more) for more in range(3)]
            writer.add(writer.begin(), events, [state(READ * (number + 1) // 3)], now=NOW)
            store.put_hits(f"{number + 1}-r", hits_of(number * 3, number * 3 + 1))
    store.close()


def add(store):
    with store.writer() as writer:
        writer.add(writer.begin(), [event(20), event(21)], [state(READ + 10)], now=NOW)


def merge(store):
    with store.writer() as writer:
        writer.compact(now=NOW)


def reread(store):
    """A batch that takes the place of events of two segments."""
    with store.writer() as writer:
        writer.add(writer.begin(), [event(1, **{"soc.reading": 2}), event(4, **{"soc.reading": 2})], [state(READ + 10)], now=NOW)


def retain(store):
    """The first segment goes whole, the second loses one event."""
    with store.writer() as writer:
        writer.retain([Cut(BASE + 4 * HOUR)], now=NOW)


def hits(store):
    store.put_hits("2-r", hits_of(3, 5))


def give_up(store):
    """Puts the first segment aside, which somebody has cut off."""
    with store.writer() as writer:
        writer.give_up(sorted(path.name for path in (Path(store.place) / "segments").glob("b0000000001-*"))[0], now=NOW, again=print)


WORKS = {work.__name__: work for work in (add, merge, reread, retain, hits)}


def main(work: str, path: str, then: str) -> int:
    store = opened(Path(path))
    try:
        globals()[work](store)
    except (StoreError, KeyboardInterrupt) as error:
        print(repr(error))
        if then == "sweep":  # the same process begins anew, and dies before it writes anything
            with store.writer():
                pass
        if then == "repeat":
            WORKS[work](store)
            return 0
        return 130 if isinstance(error, KeyboardInterrupt) else 3
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
