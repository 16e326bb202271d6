"""Events older than a moment go, document by document; the register's counts are lowered first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from soc.condition.dsl import to_dsl
from soc.condition.dsl_query import Body
from soc.condition.tree import Compare
from soc.store.elasticsearch.asking import Hit, among, count, pages
from soc.store.elasticsearch.bulk import delete, send
from soc.store.elasticsearch.cluster import Core
from soc.store.elasticsearch.documents import from_document
from soc.store.elasticsearch.hits import drop
from soc.store.elasticsearch.indices import refresh

BATCH, TIME = "soc.batch", "@timestamp"


def retain(core: Core, before: int) -> int:
    """See `soc.store.base.Writer.retain`."""
    old = to_dsl(Compare(TIME, "lt", before), core.catalogue).body
    going = Counter(hit["_source"][BATCH] for page in _old(core, old, before) for hit in page)
    lessen(core, going, before)
    indices: set[str] = set()
    for page in _old(core, old, before):
        indices |= {hit["_index"] for hit in page}
        send(core.cluster, (delete(hit["_index"], hit["_id"]) for hit in page))
    refresh(core.cluster, sorted(indices))
    if drop(core, {"range": {"time": {"lt": before}}}):
        refresh(core.cluster, [core.cluster.hits])
    return going.total()


def lessen(core: Core, going: Counter[int], before: int | None = None) -> None:
    """Lowers the rows of batches that are about to lose so many events, or that have absorbed them: by that number and no more.

    What is missing already stays missing: the row says more than is there, and whoever reads the batch says so. Told before the first
    event goes, and told again when that was killed, it comes to the same. `before`: the moment that the events which stay have reached.
    """
    for row in core.register.batches() if going else ():
        members = {row.number, *row.absorbs}
        if leaving := sum(going[number] for number in members):
            held = count(core.cluster, core.cluster.events, among(BATCH, members))
            first, last = _span(core, members, before) if before is not None else (None, None)
            core.register.lower(row.number, max(row.events, held) - leaving, first=first, last=last)


def _old(core: Core, query: Body, before: int) -> Iterator[list[Hit]]:
    for page in pages(core.cluster, core.cluster.events, query, _source=[TIME, BATCH]):
        yield [hit for hit in page if from_document(hit["_source"], core.catalogue)[TIME] < before]


def _span(core: Core, members: Collection[int], since: int) -> tuple[int | None, int | None]:
    """First and last moment of what lies under these numbers and stays."""
    moments = [
        moment
        for page in pages(core.cluster, core.cluster.events, among(BATCH, members), _source=[TIME])
        for hit in page
        if (moment := from_document(hit["_source"], core.catalogue)[TIME]) >= since
    ]
    return min(moments, default=None), max(moments, default=None)
