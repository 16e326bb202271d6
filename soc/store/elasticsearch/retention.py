"""Events older than a moment go: whole indices at once, else document by document; the register's counts are lowered."""

from __future__ import annotations

from collections.abc import Collection

from soc.condition.dsl import to_dsl
from soc.condition.tree import Compare
from soc.store.elasticsearch.asking import among, pages
from soc.store.elasticsearch.bulk import delete, send
from soc.store.elasticsearch.cluster import Core
from soc.store.elasticsearch.documents import from_document
from soc.store.elasticsearch.hits import drop
from soc.store.elasticsearch.indices import refresh

BATCH, TIME = "soc.batch", "@timestamp"


def retain(core: Core, before: int) -> int:
    """See `soc.store.base.Writer.retain`."""
    old = to_dsl(Compare(TIME, "lt", before), core.catalogue).body
    touched: set[int] = set()
    indices: set[str] = set()
    gone = 0
    for page in pages(core.cluster, core.cluster.events, old, _source=[TIME, BATCH]):
        chosen = [hit for hit in page if from_document(hit["_source"], core.catalogue)[TIME] < before]
        touched |= {hit["_source"][BATCH] for hit in chosen}
        indices |= {hit["_index"] for hit in chosen}
        send(core.cluster, (delete(hit["_index"], hit["_id"]) for hit in chosen))
        gone += len(chosen)
    refresh(core, sorted(indices))
    recount(core, touched)
    if drop(core, {"range": {"time": {"lt": before}}}):
        refresh(core, [core.cluster.hits])
    return gone


def recount(core: Core, numbers: Collection[int]) -> None:
    """Lowers the rows of these batches, and of those that have absorbed them, to what is still there."""
    if not numbers:
        return
    for row in core.register.batches():
        members = {row.number, *row.absorbs}
        if members & set(numbers):
            span = _span(core, members)
            core.register.lower(row.number, span[0], first=span[1], last=span[2])


def _span(core: Core, members: Collection[int]) -> tuple[int, int | None, int | None]:
    """Events, first and last moment of what lies under these numbers."""
    query = among(BATCH, members)
    moments = [
        from_document(hit["_source"], core.catalogue)[TIME]
        for page in pages(core.cluster, core.cluster.events, query, _source=[TIME])
        for hit in page
    ]
    return len(moments), min(moments, default=None), max(moments, default=None)
