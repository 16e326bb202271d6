"""Documents that the cluster refused: kept as text with the reason, counted, and never lost."""

from __future__ import annotations

from collections.abc import Sequence

from soc.model import Event
from soc.store.elasticsearch.bulk import put, send
from soc.store.elasticsearch.cluster import Core
from soc.store.elasticsearch.documents import Document
from soc.store.repeats import ID, reading_of
from soc.text import canonical_json

MAPPINGS: Document = {
    "dynamic": "strict",
    "properties": {
        "event": {"type": "keyword", "index": False, "doc_values": False},  # canonical JSON
        "reason": {"type": "keyword", "ignore_above": 1024},
        "dataset": {"type": "keyword"},
        "batch": {"type": "long"},
    },
}


def bury(core: Core, refused: Sequence[tuple[Event, str]]) -> None:
    """Keeps these events, each with the reason, in the index of dead letters. Raises StoreError when even that is refused."""
    if not refused:
        return
    actions = [put(core.cluster.dead, event[ID], _letter(event, reason), reading_of(event)) for event, reason in refused]
    if lost := send(core.cluster, actions, refresh=True).refused:
        raise core.cluster.refusal(lost)


def _letter(event: Event, reason: str) -> Document:
    text = canonical_json(event).decode()
    return {"event": text, "reason": reason, "dataset": event["event.dataset"], "batch": event["soc.batch"]}
