"""Puts the documents of alerts and cases where dashboards look. Only those that differ from what is there are written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from soc.store.elasticsearch.documents.pictures import DIGEST
from soc.store.elasticsearch.indices.indices import make_own, refresh
from soc.store.elasticsearch.server.asking import documents as asked_for
from soc.store.elasticsearch.server.bulk import put, send
from soc.store.elasticsearch.server.cluster import Cluster
from soc.text import json_digest

Documents = Mapping[str, dict[str, Any]]  # by id


def publish(cluster: Cluster, name: str, documents: Documents, *, version: int, replicas: int = 1) -> int:
    """How many of the documents were written into the index of this name, `alerts` or `cases`; a higher version stays.

    Raises StoreError when the cluster refuses one.
    """
    index = make_own(cluster, name, replicas=replicas)
    digests = {id: json_digest(body) for id, body in documents.items()}
    there = dict(_held(cluster, index, documents))
    changed = [id for id in documents if there.get(id) != digests[id]]
    sent = send(cluster, (put(index, id, documents[id] | {DIGEST: digests[id]}, version) for id in changed))
    if sent.refused:
        raise cluster.refusal(sent.refused)
    refresh(cluster, [index] if changed else [])
    return len(changed)


def _held(cluster: Cluster, index: str, ids: Collection[str]) -> Iterator[tuple[str, str | None]]:
    for page in asked_for(cluster, index, ids, _source=[DIGEST]):
        yield from ((hit["_id"], hit["_source"].get(DIGEST)) for hit in page)
