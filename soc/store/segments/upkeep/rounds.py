"""What compaction takes up together: segments that are worth a merge, as many as it has memory for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain

from soc.store.portions import portions
from soc.store.segments.manifest import register
from soc.store.segments.manifest.register import Stored
from soc.store.segments.questions.core import Core
from soc.store.segments.questions.relation import Relation, connection
from soc.store.segments.upkeep.pieces import pieces
from soc.store.segments.upkeep.weights import heaviest, weights
from soc.times import DAY, HOUR

Small = dict[str, list[Stored]]


def next_round(core: Core) -> list[Stored]:
    """Segments worth a merge, none where there are none: those of several datasets first."""
    shape = core.shape
    segments = register.live(core.manifest)
    small: Small = defaultdict(list)
    for segment in segments:
        if segment.dataset is not None and segment.rows < shape.small:
            small[segment.dataset].append(segment)
    return next(chain(_wide(core, [s for s in segments if s.dataset is None], small), _of_one_dataset(core, small)), [])


def relation(core: Core, group: Sequence[Stored]) -> Relation:
    """The segments, to be read whole."""
    return Relation(core.layout.segments, tuple(group), frozenset())


def _wide(core: Core, segments: Sequence[Stored], small: Small) -> Iterator[list[Stored]]:
    """Segments of several datasets, with the small ones of their datasets that they overlap."""
    if len(segments) < core.shape.wide or len(light := _light(core, segments)) < core.shape.wide:
        return
    wide = next(_fitting(core, light))
    parts = register.parts(core.manifest, wide)
    datasets = {dataset for segment in wide for dataset in parts[segment.id]}
    first, last = min(s.first for s in wide) - HOUR, max(s.last for s in wide) + HOUR
    near = _light(core, [s for d in sorted(datasets) for s in small.get(d, ()) if s.last >= first and s.first <= last])
    yield next(_fitting(core, [*wide, *near]))


def _of_one_dataset(core: Core, small: Small) -> Iterator[list[Stored]]:
    for dataset in sorted(small):
        if len(small[dataset]) >= core.shape.least:
            for group in _fitting(core, _light(core, small[dataset])):
                if len(group) >= core.shape.least and _gains(core, group):
                    yield group


def _light(core: Core, segments: Sequence[Stored]) -> list[Stored]:
    weighed, most = weights(core, segments), heaviest(core.shape)
    return [s for s in segments if (weight := weighed[s.id]) is not None and weight <= most]


def _fitting(core: Core, light: Sequence[Stored]) -> Iterator[list[Stored]]:
    """The segments in order, as many together as a round takes of rows and of bytes."""
    weighed, shape = weights(core, light), core.shape

    def taken(segment: Stored) -> int:
        return max(segment.rows * shape.text // shape.round, weighed[segment.id] or 0)

    return portions(light, taken, shape.text)


def _gains(core: Core, group: Sequence[Stored]) -> bool:
    """Whether the merge leaves at most half as many segments; without that bound it would be done again and again."""
    if len(_ended(core, group)) * 2 > len(group):
        return False
    with connection(core.reader.memory) as engine:
        return len(pieces(engine, relation(core, group), core.shape)) * 2 <= len(group)


def _ended(core: Core, group: Sequence[Stored]) -> set[int]:
    """Days with which a piece is sure to end, as far as the manifest tells."""
    return {s.first // DAY for s in group if s.rows >= core.shape.sparse and s.first // DAY == s.last // DAY}
