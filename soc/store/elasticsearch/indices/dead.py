"""Documents that the cluster refused: kept as text with the reason, counted, and never lost."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import orjson

from soc.event import Event
from soc.fields import BATCH, DATASET, ID
from soc.store.elasticsearch.documents.documents import Document
from soc.store.elasticsearch.server.asking import pages, search
from soc.store.elasticsearch.server.bulk import delete, put, send
from soc.store.elasticsearch.server.cluster import Core
from soc.store.repeats import reading_of
from soc.text import canonical_json

_PAGE = 1000
MAPPINGS: Document = {
    "dynamic": "strict",
    "properties": {
        "event": {"type": "keyword", "index": False, "doc_values": False},  # canonical JSON
        "reason": {"type": "keyword", "ignore_above": 1024},
        "dataset": {"type": "keyword"},
        "batch": {"type": "long"},
    },
}


def letters(core: Core) -> Iterator[list[Event]]:
    """The events of the dead letters, in pages."""
    for page in pages(core.cluster, core.cluster.dead, {"match_all": {}}, size=_PAGE, _source=["event"]):
        yield [orjson.loads(hit["_source"]["event"]) for hit in page]


def forget(core: Core, ids: Collection[str]) -> None:
    """Takes away the letters of these events."""
    send(core.cluster, (delete(core.cluster.dead, id) for id in sorted(ids)), refresh=True)


def a_reason(core: Core) -> str:
    """Why the cluster refused one of them."""
    found = search(core.cluster, core.cluster.dead, {"query": {"match_all": {}}, "size": 1, "_source": ["reason"]})
    return "".join(str(hit["_source"]["reason"]) for hit in found["hits"]["hits"])


def bury(core: Core, refused: Sequence[tuple[Event, str]]) -> None:
    """Keeps these events, each with the reason, in the index of dead letters. Raises StoreError when even that is refused."""
    if not refused:
        return
    actions = [put(core.cluster.dead, event[ID], _letter(event, reason), reading_of(event)) for event, reason in refused]
    if lost := send(core.cluster, actions, refresh=True).refused:
        raise core.cluster.refusal(lost)


def _letter(event: Event, reason: str) -> Document:
    text = canonical_json(event).decode()
    return {"event": text, "reason": reason, "dataset": event[DATASET], "batch": event[BATCH]}
