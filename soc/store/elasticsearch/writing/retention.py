"""Events that go by their age, document by document; the register's counts are lowered first, and hits go before their events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import takewhile

from soc.condition.dsl import to_dsl
from soc.condition.tree import fields
from soc.event import Event
from soc.fields import BATCH, TIME
from soc.store.base import Stop, never
from soc.store.cuts import Cut, apart, earliest, sorter
from soc.store.elasticsearch.documents.documents import from_document
from soc.store.elasticsearch.indices.indices import refresh
from soc.store.elasticsearch.indices.upgrade import held_otherwise
from soc.store.elasticsearch.questions.reader import held_in
from soc.store.elasticsearch.server.asking import Hit, among, count, pages
from soc.store.elasticsearch.server.bulk import delete, send
from soc.store.elasticsearch.server.cluster import Core
from soc.store.elasticsearch.writing.hits import drop

Going = tuple[Hit, Event]


def retain(core: Core, cuts: Sequence[Cut], stop: Stop = never) -> int:
    """See `soc.store.base.Writer.retain`."""
    if not cuts:
        return 0
    refresh(core.cluster, [core.cluster.events, core.cluster.hits])  # what one that was killed has deleted is seen to be gone
    going = Counter(event[BATCH] for page in _going(core, cuts) for _, event in page)
    lessen(core, going, cuts)
    indices: set[str] = set()
    hits = gone = 0
    for page in takewhile(lambda _: not stop(), _going(core, cuts)):
        gone += len(page)
        hits += _drop_hits(core, page, earliest(cuts))
        indices |= {hit["_index"] for hit, _ in page}
        send(core.cluster, (delete(hit["_index"], hit["_id"]) for hit, _ in page))
    refresh(core.cluster, sorted(indices))
    hits += drop(core, {"range": {"time": {"lt": earliest(cuts)}}})
    refresh(core.cluster, [core.cluster.hits] if hits else [])
    return gone


def lessen(core: Core, going: Counter[int], cuts: Sequence[Cut] = ()) -> None:
    """Lowers the rows of batches that are about to lose so many events, or that have absorbed them: by that number and no more.

    What is missing already stays missing: the row says more than is there, and whoever reads the batch says so. Told before the first
    event goes, and told again when that was killed, it comes to the same. `cuts`: what the events go by, so that the rows' spans follow.
    """
    for row in core.register.batches() if going else ():
        members = {row.number, *row.absorbs}
        if leaving := sum(going[number] for number in members):
            held = count(core.cluster, core.cluster.events, among(BATCH, members))
            first, last = _span(core, members, cuts) if cuts else (None, None)
            core.register.lower(row.number, max(row.events, held) - leaving, first=first, last=last)


def _going(core: Core, cuts: Sequence[Cut]) -> Iterator[list[Going]]:
    """The events that go, each by one cut and so in one page."""
    sort, conditions = sorter(cuts, core.catalogue), apart(cuts)
    read = {name for node in conditions for name in fields(node)}
    otherwise = held_otherwise(core.cluster, core.catalogue, read)
    for place, node in enumerate(conditions):
        query = to_dsl(node, core.catalogue, otherwise).body
        for page in pages(core.cluster, core.cluster.events, query, _source=held_in({*read, BATCH})):
            events = [(hit, from_document(hit["_source"], core.catalogue)) for hit in page]
            yield [(hit, event) for hit, event in events if sort(event) == place]


def _drop_hits(core: Core, page: list[Going], since: int) -> int:
    """The hits of events that are no older than `since`, for those of older ones go by their time; returns how many went."""
    young = [hit["_id"] for hit, event in page if event[TIME] >= since]
    return drop(core, among("event", young)) if young else 0


def _span(core: Core, members: Collection[int], cuts: Sequence[Cut]) -> tuple[int | None, int | None]:
    """First and last moment of what lies under these numbers and stays."""
    sort = sorter(cuts, core.catalogue)
    read = held_in({TIME}.union(*(fields(cut.node) for cut in cuts)))
    moments = [
        event[TIME]
        for page in pages(core.cluster, core.cluster.events, among(BATCH, members), _source=read)
        for event in (from_document(hit["_source"], core.catalogue) for hit in page)
        if sort(event) is None
    ]
    return min(moments, default=None), max(moments, default=None)
