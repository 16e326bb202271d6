"""What a merge of segments takes of memory: DuckDB sorts the events of a round there, and long texts it cannot put on the disk.

A segment weighs what its values take as Parquet holds them, not compressed, as its footer says. That is about, not exactly, what they
take in memory: in most columns equal values count once. The manifest remembers it: a file is looked into once, not with every upkeep.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow.parquet as pq

from soc.store.segments.manifest.damage import reading
from soc.store.segments.manifest.manifest import Manifest
from soc.store.segments.manifest.register import CHUNK, Stored
from soc.store.segments.manifest.rows import whole
from soc.store.segments.manifest.schema import WEIGHTS
from soc.store.segments.questions.core import Core, Shape

Weights = dict[int, int | None]
"""Bytes by the segment's id; None: a merge that it was part of needed more memory than there is."""


def weights(core: Core, segments: Sequence[Stored]) -> Weights:
    """What each of the segments weighs. Raises StoreError that names a damaged file."""
    core.manifest.run(WEIGHTS)
    known = dict(core.manifest.rows("SELECT segment, bytes FROM weights"))
    unknown = [segment for segment in segments if segment.id not in known]
    for start in range(0, len(unknown), CHUNK):
        found: Weights = {segment.id: _weight(core, segment) for segment in unknown[start : start + CHUNK]}
        _keep(core.manifest, found)
        known.update(found)
    return {segment.id: _checked(core.manifest, segment.id, known[segment.id]) for segment in segments}


def put_aside(core: Core, segments: Sequence[Stored]) -> None:
    """These are not merged again: together they needed more memory than there is."""
    _keep(core.manifest, {segment.id: None for segment in segments})


def heaviest(shape: Shape) -> int:
    """Bytes above which a segment is not merged again, so that a full round holds two at least."""
    return shape.text // 2


def unmerged(manifest: Manifest, shape: Shape) -> int:
    """How many segments stay as they are although they have few rows: a merge of them would need too much memory."""
    if not manifest.rows("SELECT 1 FROM sqlite_master WHERE name = 'weights'"):
        return 0
    small = "deleted_at IS NULL AND (dataset IS NULL OR rows < ?) AND (weights.bytes IS NULL OR weights.bytes > ?)"
    joined = f"SELECT count(*) FROM segments JOIN weights ON segment = id WHERE {small}"
    return int(manifest.value(joined, shape.small, heaviest(shape)))


def _weight(core: Core, segment: Stored) -> int:
    path = core.layout.segments / segment.name
    with reading(path), pq.ParquetFile(path) as source:
        footer = source.metadata
        return sum(footer.row_group(number).total_byte_size for number in range(footer.num_row_groups))


def _keep(manifest: Manifest, found: Weights) -> None:
    with manifest.transaction():
        manifest.run_many("INSERT OR REPLACE INTO weights VALUES (?, ?)", list(found.items()))


def _checked(manifest: Manifest, id: int, weight: object) -> int | None:
    with whole(manifest, "weights", id):
        if weight is not None and type(weight) is not int:
            raise TypeError(f"{str(weight)[:40]!r} is no number of bytes")
        return weight
