"""How old the oldest events of a segment are by the cut that decides on them.

The manifest remembers it for the conditions last asked: a file is looked into once, and not with every upkeep.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow.parquet as pq

from soc.store.segments.manifest import register
from soc.store.segments.manifest.damage import reading
from soc.store.segments.manifest.register import CHUNK, Stored
from soc.store.segments.manifest.rows import read_json, whole
from soc.store.segments.manifest.schema import AGES
from soc.store.segments.questions.core import Core
from soc.store.segments.upkeep.sieve import Sieve

Ages = list[int | None]
"""Per cut the smallest @timestamp of the events that it decides on; None where there are none."""


def losing(core: Core, sieve: Sieve, segments: Sequence[Stored]) -> list[Stored]:
    """Those of the segments that have events to lose. Raises StoreError that names a damaged file."""
    if not segments:
        return []
    core.manifest.run(AGES)
    rows = core.manifest.rows("SELECT segment, oldest FROM ages WHERE conditions = ?", sieve.digest)
    known = {id: _read(core, id, text) for id, text in rows}
    unknown = [segment for segment in segments if segment.id not in known]
    for start in range(0, len(unknown), CHUNK):
        known.update(_looked_up(core, sieve, unknown[start : start + CHUNK]))
    return [segment for segment in segments if _loses(sieve, known[segment.id])]


def _read(core: Core, id: int, text: str) -> Ages:
    with whole(core.manifest, "ages", id):
        found = read_json(text, list)
        if not all(oldest is None or type(oldest) is int for oldest in found):
            raise TypeError(f"{text[:40]!r} holds no moments")
        return found


def _loses(sieve: Sieve, ages: Ages) -> bool:
    return any(oldest is not None and oldest < cut.before for oldest, cut in zip(ages, sieve.cuts, strict=True))


def _looked_up(core: Core, sieve: Sieve, segments: Sequence[Stored]) -> dict[int, Ages]:
    parts = register.parts(core.manifest, segments)
    found = {segment.id: _ages(core, sieve, segment, frozenset().union(*parts[segment.id].values())) for segment in segments}
    with core.manifest.transaction():
        core.manifest.run_many(
            "INSERT OR REPLACE INTO ages VALUES (?, ?, ?)", [(id, sieve.digest, json.dumps(ages)) for id, ages in found.items()]
        )
    return found


def _ages(core: Core, sieve: Sieve, segment: Stored, held: frozenset[str]) -> Ages:
    path = core.layout.segments / segment.name
    with reading(path):
        table = pq.read_table(path, columns=sorted(sieve.columns & held), partitioning=None, page_checksum_verification=True)
    return sieve.oldest(table)
