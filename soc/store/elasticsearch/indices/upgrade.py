"""Indices that were made by another catalogue than today's: what they lack is put in place, what they hold otherwise stays as it is.

A mapping carries the digest of what it was made from, so that a look at an index that is up to date costs nothing. A field that
today has another type needs a new index: today's gets a suffix, `.2` and so on, and questions go across both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from soc.fields import Catalogue
from soc.store.elasticsearch.documents.mapping import Mapping, digest_of, mappings, template
from soc.store.elasticsearch.indices.indices import OWN, TEMPLATE, make_own
from soc.store.elasticsearch.indices.mapped import META, Drift, digests, drift, put_missing
from soc.store.elasticsearch.server.asking import LENIENT
from soc.store.elasticsearch.server.cluster import Cluster
from soc.store.elasticsearch.server.faults import cluster_faults


@dataclass(frozen=True, slots=True)
class Plan:
    """What `apply` would do. `template`: what of it differs, `missing` when there is none, "" when nothing does.

    `missing`: soc's own indices, besides those of events, that are gone.
    """

    template: str
    indices: tuple[Drift, ...]
    missing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.template or self.missing) or any(one.new for one in self.indices)


def plan(cluster: Cluster, catalogue: Catalogue, *, shards: int = 1, replicas: int = 1) -> Plan:
    """What differs from the catalogue of today. Changes nothing."""
    with cluster_faults(cluster.place):
        body = template(catalogue, [cluster.events], shards=shards, replicas=replicas)
        wanted = mappings(catalogue)
        held = digests(cluster, cluster.events)
        behind = sorted(name for name, digest in held.items() if digest != digest_of(wanted))
        drifts = [drift(cluster, name, wanted) for name in behind]
        own = [drift(cluster, f"{cluster.prefix}-{name}", mapping) for name, mapping in OWN.items()]
        there = cluster.client.indices.get(index=f"{cluster.prefix}-*", features="aliases", filter_path="*.aliases", **LENIENT)
        missing = tuple(one.index for one in own if one.index not in there)
        return Plan(_template_drift(cluster, body), tuple(one for one in (*drifts, *own) if one.new or one.changed), missing)


def apply(cluster: Cluster, catalogue: Catalogue, found: Plan, *, shards: int = 1, replicas: int = 1) -> None:
    """Does it. Safe to repeat, and beside writers: fields are only ever added."""
    with cluster_faults(cluster.place):
        if found.template:
            body = template(catalogue, [cluster.events], shards=shards, replicas=replicas)
            cluster.client.indices.put_index_template(name=TEMPLATE.format(cluster.prefix), **body)
        for name in OWN:
            if f"{cluster.prefix}-{name}" in found.missing:
                make_own(cluster, name, replicas=replicas)
        for one in found.indices:
            put_missing(cluster, one, digest_of(mappings(catalogue)) if one.index.startswith(f"{cluster.prefix}-events-") else None)


def index_for(cluster: Cluster, catalogue: Catalogue, dataset: str, now: int) -> str:
    """Where events of the dataset go now: today's newest index that takes them, or the next one in line."""
    base, wanted = cluster.index(dataset, now), mappings(catalogue)
    with cluster_faults(cluster.place):
        held = digests(cluster, f"{base},{base}.*")
        names = sorted(held, key=lambda name: _generation(base, name), reverse=True)
        for name in names:
            if held[name] == digest_of(wanted) or not drift(cluster, name, wanted).changed:
                return name
    return f"{base}.{_generation(base, names[0]) + 1}" if names else base


def held_otherwise(cluster: Cluster, catalogue: Catalogue, names: Collection[str]) -> frozenset[str]:
    """Those of these fields that some index of events holds in another way than one made today would."""
    expected = dict(_parts(catalogue, names))
    if not expected:
        return frozenset()
    with cluster_faults(cluster.place):
        caps = cluster.client.field_caps(index=cluster.events, fields=sorted(expected), filters="-metadata", **LENIENT)["fields"]
    return frozenset(expected[part][0] for part, types in caps.items() if part in expected and set(types) - {expected[part][1]})


def _parts(catalogue: Catalogue, names: Collection[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each field of an index that a field of the catalogue is held in, with that field and its type."""
    wanted = mappings(catalogue)["properties"]
    for name in names:
        if (body := wanted.get(name)) is not None:
            yield name, (name, body["type"])
            yield from ((f"{name}.{part}", (name, inner["type"])) for part, inner in body.get("fields", {}).items())


def _generation(base: str, name: str) -> int:
    suffix = name[len(base) + 1 :]
    return int(suffix) if suffix.isdigit() else 1


def _template_drift(cluster: Cluster, body: Mapping) -> str:
    name = TEMPLATE.format(cluster.prefix)
    found = cluster.client.options(ignore_status=404).indices.get_index_template(name=name, flat_settings=True).get("index_templates", ())
    if not found:
        return "missing"
    held, wanted = found[0]["index_template"]["template"], body["template"]
    if held.get("mappings", {}).get(META) != wanted["mappings"][META]:
        return "its fields"
    flat = dict(_flat("index", wanted["settings"]))
    return "" if {key: held.get("settings", {}).get(key) for key in flat} == flat else "its settings"


def _flat(path: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}", inner)
    else:
        yield path, [str(item) for item in value] if isinstance(value, list) else str(value)
