"""How well fields of indices that soc does not write can be searched, each in one word, with the reason."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from soc.condition.dsl_foreign import TEXTS, UNSEARCHED
from soc.fields import Catalogue
from soc.store.elasticsearch.foreign.foreign_fields import KINDS, Foreign, look_at, normalized
from soc.store.elasticsearch.server.cluster import Cluster

MISSING, HIDDEN, ANALYSED, OTHERWISE, CASED, GOOD = "missing", "hidden", "analysed", "otherwise", "cased", "good"


@dataclass(frozen=True, slots=True)
class Sight:
    """One field as the indices hold it. `types`: the server's; `why` is for people.

    missing: not in the mapping. hidden: no query finds its values. analysed: words are kept, not values. otherwise: of another type
    than ours, or of several. cased: upper and lower case differ for whoever asks the field itself.
    """

    field: str
    state: str
    types: tuple[str, ...]
    why: str


def sights(cluster: Cluster, pattern: str, names: Collection[str], catalogue: Catalogue) -> dict[str, Sight]:
    """Each of these fields, by name. Raises StoreError where there is no such index."""
    shape = look_at(cluster, pattern)
    texts = {name for name in names if shape.held(name).type in TEXTS}
    altered = normalized(cluster, pattern, texts) if texts else frozenset()
    return {name: Sight(name, *_state(shape, name, catalogue, name in altered)) for name in sorted(names)}


def _state(shape: Foreign, name: str, catalogue: Catalogue, altered: bool) -> tuple[str, tuple[str, ...], str]:
    held, types = shape.held(name), shape.kinds(name)
    if not held.type:
        return MISSING, types, "no index has it in its mapping"
    if held.type == UNSEARCHED:
        return HIDDEN, types, "inside a nested or flattened object" if shape.enclosed(name) else "not indexed"
    if len(types) > 1 and held.type == "several":
        return OTHERWISE, types, f"indices differ: {', '.join(types)}"
    if held.type in ("text", "match_only_text"):
        return ANALYSED, types, "analysed text without a sub-field .keyword: soc looks at every document that has it"
    kind = catalogue.type_of(name)
    if KINDS.get(held.type, "keyword") != kind:
        return OTHERWISE, types, f"{held.type}, where we have {kind}: soc looks at every document that has it"
    if held.type in TEXTS and not altered and not shape.lowered(name):
        whole = f"its values are in {held.path}; " if held.path != name else ""
        return CASED, types, f"{whole}no sub-field in lower case: tools that ask for the value alone miss other spellings, soc does not"
    return GOOD, types, ""
