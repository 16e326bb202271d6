"""What was sent of a batch that nobody closes any more becomes a closed batch of its own, which rules search.

Nothing is said of its lines: if they are read again after all, those that are here are found by their ids and left alone, and the
others are taken in (`soc.store.elasticsearch.writing.writer`). Killed anywhere, the same may be done again, or the lines be read on.
"""

from __future__ import annotations

from collections.abc import Sequence

from soc.batches import OpenBatch
from soc.event import Event
from soc.fields import BATCH, FEED, INGESTED, TIME
from soc.leases import Held
from soc.match.columns import to_tables
from soc.model import BatchRow
from soc.store.base import COMMON
from soc.store.elasticsearch.documents.documents import from_document, renumbered
from soc.store.elasticsearch.indices.indices import refresh
from soc.store.elasticsearch.server.asking import among, pages
from soc.store.elasticsearch.server.bulk import put, send
from soc.store.elasticsearch.server.cluster import Core
from soc.store.elasticsearch.writing.copies import keep_one
from soc.store.elasticsearch.writing.holding import in_hand, version_of
from soc.store.tables import feeds_of


def salvage(core: Core, number: int) -> BatchRow:
    """The closed batch that holds what was sent of an unfinished one, and of those that it took over. Raises Busy, Conflict, StoreError."""
    batch = core.register.salvage(number, core.writer, now=core.clock(), lease=core.lease)
    with in_hand(core, batch) as held:
        return _settled(core, batch, held)


def _settled(core: Core, batch: OpenBatch, held: Held) -> BatchRow:
    places = sorted(core.register.targets(batch.absorbs))
    for row in (*core.register.batches(), core.register.batch(batch.number)):
        if not {row.number, *row.absorbs}.isdisjoint(batch.absorbs):
            keep_one(core, row)
    _renumber(core, batch, places, held)
    events = _events(core, batch.number, places)
    moments = [event[TIME] for event in events]
    span = {"first": min(moments, default=None), "last": max(moments, default=None)}
    ingested = max((event[INGESTED] for event in events), default=0)  # a feed is as silent as it was
    feeds = feeds_of(to_tables(events, core.catalogue), ingested)
    return core.register.settle(batch.number, batch.token, events=len(events), **span, feeds=feeds, now=core.clock())


def _renumber(core: Core, batch: OpenBatch, places: Sequence[str], held: Held) -> None:
    """All that lies under the numbers that the batch absorbs becomes its own."""
    refresh(core.cluster, places)
    for page in pages(core.cluster, ",".join(places), among(BATCH, batch.absorbs)) if places else ():
        actions = (
            put(hit["_index"], hit["_id"], renumbered(hit["_source"], batch.number), version_of(hit["_source"], batch)) for hit in page
        )
        if refused := send(core.cluster, actions, before=held.check).refused:
            raise core.cluster.refusal(refused)
    refresh(core.cluster, places)


def _events(core: Core, number: int, places: Sequence[str]) -> list[Event]:
    """What the batch holds now, as far as its row has to know."""
    wanted = sorted({*COMMON, FEED, INGESTED})
    found = pages(core.cluster, ",".join(places), among(BATCH, [number]), _source=wanted) if places else ()
    return [from_document(hit["_source"], core.catalogue) for page in found for hit in page]
