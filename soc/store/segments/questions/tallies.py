"""Many conditions at once, each over its datasets: the matcher, in one pass over what the window can hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from soc.condition.tree import Node
from soc.fields import TIME
from soc.match.columns import MOMENT
from soc.match.matcher import Matcher
from soc.model import ALWAYS, BatchRow, Window
from soc.store.base import Concern, Tally
from soc.store.portions import portions
from soc.store.segments.manifest import register
from soc.store.segments.questions.batches import read_batches
from soc.store.segments.questions.core import Core

TOGETHER = 100_000  # events of the batches that are read at once


def tallies(core: Core, concerns: Mapping[str, Concern], window: Window) -> Iterator[tuple[str, Tally]]:
    """See `soc.store.base.Store.tallies`."""
    matchers = {dataset: Matcher(nodes, core.catalogue) for dataset, nodes in _by_dataset(concerns).items()}
    columns = frozenset({TIME}).union(*(matcher.columns for matcher in matchers.values()))
    counts: Counter[str] = Counter()
    for rows in portions(_held(core, window), attrgetter("events"), TOGETHER):
        numbers = [row.number for row in rows]
        for dataset, table in read_batches(core.manifest, core.layout.segments, numbers, columns).items():
            if dataset in matchers:
                counts.update({name: len(met) for name, met in matchers[dataset].match(_within(table, window)).items()})
    failed = {name for matcher in matchers.values() for name in matcher.failed}
    yield from ((name, Tally(counts[name])) for name in concerns if name not in failed)


def _by_dataset(concerns: Mapping[str, Concern]) -> dict[str, dict[str, Node]]:
    found: dict[str, dict[str, Node]] = defaultdict(dict)
    for name, (node, datasets) in concerns.items():
        for dataset in datasets:
            found[dataset][name] = node
    return found


def _held(core: Core, window: Window) -> Iterator[BatchRow]:
    """The batches that hold events of the window."""
    for row in register.batches(core.manifest, 0):
        if row.first is not None and row.last is not None and row.first < window.until and row.last >= window.since:
            yield row


def _within(table: Any, window: Window) -> Any:
    if window == ALWAYS:
        return table
    since, until = (pa.scalar(moment, pa.int64()).cast(MOMENT) for moment in (window.since, window.until))
    return table.filter(pc.and_(pc.greater_equal(table[TIME], since), pc.less(table[TIME], until)))
