"""What an index holds its fields as, and how that differs from what would be made today. Fields are only ever added."""

from __future__ import annotations

from dataclasses import dataclass

from soc.store.elasticsearch.documents.mapping import MADE_FROM, Mapping
from soc.store.elasticsearch.server.asking import LENIENT
from soc.store.elasticsearch.server.cluster import Cluster

META = "_meta"


@dataclass(frozen=True, slots=True)
class Drift:
    """How an index differs from what would be made today: fields that it lacks, and those it holds in another way."""

    index: str
    new: Mapping
    changed: tuple[str, ...] = ()


def digests(cluster: Cluster, pattern: str) -> dict[str, str | None]:
    """The indices of a pattern, each with the digest of what its mapping was made from; None where it says nothing."""
    asked = cluster.client.indices.get_mapping(index=pattern, filter_path=f"*.mappings.{META},*.mappings.dynamic", **LENIENT)
    return {name: one["mappings"].get(META, {}).get(MADE_FROM) for name, one in asked.items()}


def drift(cluster: Cluster, name: str, wanted: Mapping) -> Drift:
    """How the index differs; one that does not exist lacks nothing."""
    found = cluster.client.indices.get_mapping(index=name, **LENIENT)
    if name not in found:
        return Drift(name, {})
    held: Mapping = found[name]["mappings"].get("properties", {})
    ours: Mapping = wanted["properties"]
    new = {field: body for field, body in ours.items() if field not in held}
    return Drift(name, new, tuple(field for field, body in ours.items() if field in held and held[field] != body))


def put_missing(cluster: Cluster, one: Drift, made_from: str | None) -> None:
    """Adds the fields that the index lacks; it is up to date then, unless it holds others in another way."""
    if one.new:
        known = {MADE_FROM: made_from} if made_from and not one.changed else None
        cluster.client.indices.put_mapping(index=one.index, properties=one.new, meta=known)
