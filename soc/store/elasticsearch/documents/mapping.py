"""Index templates from the field catalogue. `soc.condition.indexed` says how a field is held, and why.

- Mappings are strict: a field that the catalogue lacks is refused, never guessed. (Documents put such fields into labels.)
- `subobjects: false`: dotted names are names. Documents are as flat as events, and `a` and `a.b` may stand side by side.
- Numbers that are not finite, dates that the type lacks and addresses that are none are kept in `_source` and named in
  `soc.coarse`; hence `ignore_malformed` on these three types alone. Order events by SORT.
- Only what the core of every Elasticsearch 9 has: no `wildcard`, no `match_only_text`, no scripts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from soc.condition.indexed import COARSE, LABELS_LC, LC, MAX_UNITS, NS
from soc.fields import LABELS, Catalogue, Field
from soc.text import json_digest

Mapping = dict[str, Any]

LABELS_APART = "soc.labels_apart"  # labels with a key that no index takes, all as one JSON text
SORT = ({"@timestamp" + NS: "asc"}, {"@timestamp": "asc"}, {"event.id": "asc"})  # the second for dates outside of 1970 to 2262
NORMALIZER = "soc_lowercase"
LONG_TEXTS = ("event.original", "message", "soc.raw")  # nobody sorts or groups by them
DATE_FORMAT = "strict_date_optional_time_nanos"
MADE_FROM = "soc.made_from"  # in a mapping's `_meta`: the digest of its fields as they were when it was made
SPARE_FIELDS = 1000  # for fields that parsers bring later, in place


def template(catalogue: Catalogue, patterns: Sequence[str], *, shards: int = 1, replicas: int = 1, priority: int = 500) -> Mapping:
    """The body of an index template (`PUT _index_template/NAME`) for indices of these patterns."""
    return {
        "index_patterns": list(patterns),
        "priority": priority,
        "template": {"settings": settings(catalogue, shards=shards, replicas=replicas), "mappings": mappings(catalogue)},
    }


def settings(catalogue: Catalogue, *, shards: int = 1, replicas: int = 1) -> Mapping:
    """The settings of an index of events."""
    return {
        "number_of_shards": shards,
        "number_of_replicas": replicas,
        "mapping.total_fields.limit": 2 * len(catalogue) + SPARE_FIELDS,
        "analysis": {"normalizer": {NORMALIZER: {"type": "custom", "filter": ["lowercase"]}}},
    }


def mappings(catalogue: Catalogue) -> Mapping:
    """The mappings of an index of events."""
    fields = properties(catalogue)
    return {
        "dynamic": "strict",
        "subobjects": False,
        "date_detection": False,
        "_source": {"excludes": [LABELS_LC]},
        "_meta": {MADE_FROM: json_digest(fields)},
        "properties": fields,
    }


def digest_of(mapping: Mapping) -> str:
    """What a mapping says that it was made from."""
    digest: str = mapping["_meta"][MADE_FROM]
    return digest


def properties(catalogue: Catalogue) -> Mapping:
    """The mapping of each field by name, soc's own for the index among them."""
    own: Mapping = {
        COARSE: {"type": "keyword"},
        LABELS: _flattened(),
        LABELS_LC: _flattened(),
        LABELS_APART: {"type": "keyword", "index": False, "doc_values": False},
    }
    return {name: _FIELD[field.type](field) for name, field in sorted(catalogue.items()) if field.type != "map"} | own


def _keyword(field: Field) -> Mapping:
    text: Mapping = {"type": "keyword", "ignore_above": MAX_UNITS}
    if field.name in LONG_TEXTS:
        text["doc_values"] = False
    return text | {"fields": {LC[1:]: text | {"normalizer": NORMALIZER}}}


def _ip(field: Field) -> Mapping:
    return {"type": "ip", "ignore_malformed": True, "fields": {LC[1:]: {"type": "keyword"}}}  # canonical text is in lower case already


def _date(field: Field) -> Mapping:
    lenient: Mapping = {"format": DATE_FORMAT, "ignore_malformed": True}
    return {"type": "date", **lenient, "fields": {NS[1:]: {"type": "date_nanos", **lenient}}}


def _flattened() -> Mapping:
    return {"type": "flattened", "ignore_above": MAX_UNITS}


def _long(field: Field) -> Mapping:
    return {"type": "long"}


def _double(field: Field) -> Mapping:
    return {"type": "double", "ignore_malformed": True}


def _bool(field: Field) -> Mapping:
    return {"type": "boolean"}


_FIELD = {"keyword": _keyword, "ip": _ip, "date": _date, "long": _long, "double": _double, "bool": _bool}
