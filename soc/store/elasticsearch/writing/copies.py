"""One event in one place. A writer that sleeps past its lease may put events where another has long put them, in another index.

Within an index ids decide. Across indices they cannot: a line read again on another day, or by another parser, may go elsewhere.
So whoever absorbs a batch looks for what that left in other places: before it closes and after; so does the one who slept, when it
wakes, and so does the upkeep.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from soc.fields import BATCH
from soc.model import BatchRow
from soc.store.elasticsearch.indices.indices import refresh
from soc.store.elasticsearch.questions.reader import Stored, stored
from soc.store.elasticsearch.server.asking import Hit, among, pages
from soc.store.elasticsearch.server.bulk import Action, delete, send
from soc.store.elasticsearch.server.cluster import Core


def sweep(core: Core, absorbed: Collection[int], ours: Mapping[str, str]) -> None:
    """Of events that are written anew into the indices of `ours` (id -> index), what absorbed batches put elsewhere goes."""
    for page in _written(core, absorbed):
        send(core.cluster, [_gone(hit) for hit in page if ours.get(hit["_id"], hit["_index"]) != hit["_index"]])


def keep_one(core: Core, row: BatchRow) -> int:
    """Of events of a closed batch that lie in several places one copy stays, its own if there is one; returns how many went."""
    members, gone = {row.number, *row.absorbs}, 0
    for page in _written(core, row.absorbs):
        copies: dict[str, list[Stored]] = defaultdict(list)
        for one in stored(core, [hit["_id"] for hit in page]):
            if one.batch in members:
                copies[one.id].append(one)
        doubles = [copy for found in copies.values() for copy in _all_but_one(found, row.number)]
        send(core.cluster, [delete(copy.place, copy.id) for copy in doubles])
        gone += len(doubles)
    refresh(core.cluster, sorted(core.register.targets(members)) if gone else [])
    return gone


def keep_one_of(core: Core, number: int) -> int:
    """As `keep_one`, for what an abandoned batch has written: as far as closed batches have absorbed it."""
    return sum(keep_one(core, row) for row in core.register.batches() if number in row.absorbs)


def _written(core: Core, numbers: Collection[int]) -> Iterator[list[Hit]]:
    """What lies under these numbers, without its fields."""
    if numbers and (places := sorted(core.register.targets(numbers))):
        refresh(core.cluster, places)
        yield from pages(core.cluster, ",".join(places), among(BATCH, numbers), _source=False)


def _all_but_one(copies: list[Stored], number: int) -> list[Stored]:
    return sorted(copies, key=lambda one: (one.batch != number, one.batch, one.place))[1:]


def _gone(hit: Hit) -> Action:
    return delete(hit["_index"], hit["_id"])
