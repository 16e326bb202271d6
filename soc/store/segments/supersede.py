"""One event, however often its line was read: `event.id` names the line, `soc.reading` says how often it has been read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from soc.model import Event
from soc.store.segments.core import Core
from soc.store.segments.parquet import ID
from soc.store.segments.register import live
from soc.store.segments.rewrite import Rewrite, rewrite

READING = "soc.reading"


def without_repeats(events: Sequence[Event]) -> Sequence[Event]:
    """The events, each id once: of equal ids the highest reading, then the first."""
    if len({event.get(ID) for event in events}) == len(events):
        return events
    best: dict[str | None, Event] = {}
    for event in events:
        known = best.setdefault(event.get(ID), event)
        if known is not event and _reading(event) > _reading(known):
            best[event.get(ID)] = event
    return list(best.values())


def settle(core: Core, events: Sequence[Event]) -> tuple[Sequence[Event], list[Rewrite]]:
    """The events to be stored, and the segments rewritten without the lower readings that these replace.

    Only events read again (`soc.reading` above 1) are looked up. One whose stored reading is as high or higher is present already
    and is left out.
    """
    again = {event[ID]: _reading(event) for event in events if READING in event and _reading(event) > 1 and ID in event}
    if not again:
        return events, []
    present: set[str] = set()
    replaced: defaultdict[str, set[str]] = defaultdict(set)
    for name, identity, reading in core.reader.readings(again):
        if reading >= again[identity]:
            present.add(identity)
        else:
            replaced[name].add(identity)
    segments = {segment.name: segment for segment in live(core.manifest)}
    rewrites = [rewrite(core, segments[name], partial(_without, ids)) for name, ids in replaced.items()]
    return [event for event in events if event.get(ID) not in present], rewrites


def _without(ids: Collection[str], table: pa.Table) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table[ID], pa.array(sorted(ids)))))


def _reading(event: Event) -> int:
    number: int = event.get(READING, 1)
    return number
