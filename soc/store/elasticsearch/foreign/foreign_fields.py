"""How indices that soc does not write hold their fields, by `_field_caps` and the mappings of single fields."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from soc.condition.dsl_foreign import ABSENT, TEXTS, UNSEARCHED, Held
from soc.errors import StoreError
from soc.fields import Catalogue, Field
from soc.store.elasticsearch.server.asking import LENIENT, parts
from soc.store.elasticsearch.server.cluster import Cluster
from soc.store.elasticsearch.server.faults import cluster_faults

Types = Mapping[str, Mapping[str, Any]]  # field -> type of the server's -> what it can do
KINDS = {
    **dict.fromkeys(("long", "integer", "short", "byte", "unsigned_long"), "long"),
    **dict.fromkeys(("double", "float", "half_float", "scaled_float"), "double"),
    "ip": "ip",
    "boolean": "bool",
    "date": "date",
    "date_nanos": "date",
}
_FAMILY = {**dict.fromkeys(("integer", "short", "byte", "unsigned_long"), "long"), "match_only_text": "text"}
_OPAQUE = frozenset(("nested", "flattened"))  # no query of a plain field finds what lies in these
_INNER = ("object", "nested", "flattened", "passthrough")
_TOGETHER = 500  # fields asked for at once


@dataclass(frozen=True, slots=True)
class Foreign:
    """The indices of a pattern. `types`: what `_field_caps` says of every field."""

    pattern: str
    types: Types

    def held(self, name: str) -> Held:
        """How the field is asked for. Types that differ between indices, or say nothing exact, leave its presence."""
        found = self._plain(name)
        if self.enclosed(name):
            return Held(name, UNSEARCHED)
        if not found:
            return ABSENT
        if not all(one.get("searchable") for one in found.values()):
            return Held(name, UNSEARCHED)
        kinds = {_FAMILY.get(kind, kind) for kind in found}
        if kinds == {"text"} and (inner := self._whole(name)):
            return Held(inner, "keyword")
        return Held(name, kinds.pop()) if len(kinds) == 1 else Held(name, "several")

    def enclosed(self, name: str) -> bool:
        """Whether it is, or lies in, an object whose insides no plain query finds."""
        return any(_OPAQUE & set(self.types.get(one, ())) for one in (name, *_parents(name)))

    def kinds(self, name: str) -> tuple[str, ...]:
        """The server's types of the field, by name."""
        return tuple(sorted(self._plain(name)))

    def lowered(self, name: str) -> bool:
        """Whether a sub-field beside the field keeps it in lower case."""
        return any(f"{name}.{part}" in self.types for part in ("lc", "caseless", "lowercase"))

    def catalogue(self, ours: Catalogue) -> Catalogue:
        """Our catalogue, and the fields that only these indices have."""
        more = (Field(name, _kind(kinds)) for name, kinds in self.types.items() if name not in ours and not _is_part(name, self.types))
        return ours.extended(field for field in more if not field.name.startswith(("_", "labels.")) and field.name != "labels")

    def _plain(self, name: str) -> Mapping[str, Any]:
        return {kind: one for kind, one in self.types.get(name, {}).items() if kind not in ("unmapped", "object")}

    def _whole(self, name: str) -> str | None:
        """The sub-field of an analysed text that keeps whole values, in every index that has the text."""
        for part in (f"{name}.keyword", f"{name}.raw"):
            if set(self._plain(part)) <= set(TEXTS) and self._everywhere(name, part):
                return part
        return None

    def _everywhere(self, name: str, part: str) -> bool:
        """Whether the sub-field is in all indices that have the field: then the server names no indices apart."""
        without = [self.types.get(one, {}).get("unmapped", {}).get("indices") for one in (name, part)]
        return part in self.types and without[0] == without[1]


def look_at(cluster: Cluster, pattern: str) -> Foreign:
    """The indices of the pattern as they are now. Raises StoreError where there is none."""
    with cluster_faults(cluster.place):
        caps = cluster.client.field_caps(index=pattern, fields="*", include_unmapped=True, filters="-metadata", **LENIENT)
    if not caps["indices"]:
        raise StoreError(f"{cluster.place}: no index is called {pattern!r}\n  list them with: GET _cat/indices")
    return Foreign(pattern, caps["fields"])


def normalized(cluster: Cluster, pattern: str, paths: Collection[str]) -> frozenset[str]:
    """Those of these keyword fields that some index normalizes in a way that we do not know."""
    with cluster_faults(cluster.place):
        found = [cluster.client.indices.get_field_mapping(index=pattern, fields=some, **LENIENT) for some in parts(paths, _TOGETHER)]
    return frozenset(
        name
        for answer in found
        for index in answer.values()
        for name, one in index["mappings"].items()
        if any("normalizer" in body for body in one["mapping"].values())
    )


def _parents(name: str) -> Iterator[str]:
    steps = name.split(".")
    yield from (".".join(steps[:length]) for length in range(1, len(steps)))


def _is_part(name: str, types: Types) -> bool:
    """Whether this is a sub-field, or an object and no field."""
    above = types.get(name.rpartition(".")[0], {})
    return bool(set(above) - {"unmapped", *_INNER}) or not set(types[name]) - {"unmapped", "object", "nested"}


def _kind(types: Mapping[str, Any]) -> str:
    kinds = {KINDS.get(kind, "keyword") for kind in types if kind != "unmapped"}
    return kinds.pop() if len(kinds) == 1 else "keyword"
