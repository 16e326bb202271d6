"""Events read again take the place of their former readings in the segments; see `soc.store.repeats`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from soc.event import Event
from soc.fields import ID
from soc.store.repeats import read_again
from soc.store.segments.manifest.register import live
from soc.store.segments.questions.core import Core
from soc.store.segments.writing.rewrite import Rewrite, rewrite


def settle(core: Core, events: Sequence[Event], files: list[Path]) -> tuple[Sequence[Event], list[Rewrite]]:
    """The events to be stored, and the segments rewritten without the lower readings that these replace.

    Only events read again (`soc.reading` above 1) are looked up. One whose stored reading is as high or higher is present already
    and is left out. `files` takes the paths of what was written, see `unnamed`.
    """
    again = read_again(events)
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
    rewrites = [rewrite(core, segments[name], partial(_without, ids), files) for name, ids in replaced.items()]
    return [event for event in events if event.get(ID) not in present], rewrites


def _without(ids: Collection[str], table: pa.Table) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table[ID], pa.array(sorted(ids)))))
