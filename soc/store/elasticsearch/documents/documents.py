"""Events as documents of an index, and back, exactly.

A document is as flat as its event: the same dotted names, and the same values but for
- dates: ISO 8601 in UTC, or the bare number where a year has not four digits;
- numbers that are not finite: `nan`, `inf`, `-inf`;
- labels with a key that no index takes: then all labels lie in `soc.labels_apart`, as JSON;
- `soc.labels_lc`, which is indexed and not kept, and `soc.coarse`, the fields that the index cannot match exactly here.
An event with a value that its column in a segment would refuse, too, is moved as `soc.match.misfits.fitted` says.
An index may be older than a field's type: what it holds is read as today's type, and what cannot be becomes a label.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson

from soc.condition.fold import fold
from soc.condition.indexed import COARSE, LABELS_LC, MAX_UNITS, exact, fits, key_fits
from soc.condition.numbers import LONG
from soc.condition.values import YEARS
from soc.event import Event
from soc.fields import BATCH, LABELS, Catalogue, Field
from soc.match.misfits import fitted
from soc.store.elasticsearch.documents.mapping import LABELS_APART
from soc.store.elasticsearch.documents.reading import PLAIN, put, read_as
from soc.times import iso

Document = dict[str, Any]
_OWN = (COARSE, LABELS_LC, LABELS_APART)
_SURROGATE = re.compile("[\ud800-\udfff]")


def to_document(event: Event, catalogue: Catalogue) -> Document:
    """The event as the source of a document."""
    document, rest = _plain(event, catalogue)
    if not all(_storable(value, catalogue.fields.get(name)) for name, value in rest.items()):
        document, rest = {}, fitted({**document, **rest}, catalogue)
    coarse: list[str] = []
    for name, value in rest.items():
        if name == LABELS:
            _put_labels(document, value, coarse)
        elif name not in _OWN:
            kind = catalogue.fields[name].type
            if kind in _UNSURE and not all(exact(item, kind) for item in (value if type(value) is list else (value,))):
                coarse.append(name)
            write = _WRITE.get(kind)
            document[name] = value if write is None else _each(write, value)
    if coarse:
        document[COARSE] = coarse
    return document


def _plain(event: Event, catalogue: Catalogue) -> tuple[Document, Event]:
    """What stands in a document as in the event, nearly all of it, told at a glance; and the rest, without nulls and empty lists."""
    document: Document = {}
    rest: Event = {}
    known = catalogue.fields
    for name, value in event.items():
        field = known.get(name)
        if field is None or field.array or name in _OWN:
            plain = False
        elif type(value) is str:
            plain = field.type == "keyword" and len(value) <= MAX_UNITS and value.isascii()
        else:
            plain = type(value) is int and field.type == "long" and LONG[0] <= value <= LONG[1]
        if plain:
            document[name] = value
        elif value is not None and value != []:
            rest[name] = value
    return document, rest


def renumbered(document: Document, number: int) -> Document:
    """The document as one of another batch, for the index that it lies in: that may be older than the types of today."""
    lowered = {LABELS_LC: {key: fold(text) for key, text in document[LABELS].items()}} if document.get(LABELS) else {}
    return {**document, **lowered, BATCH: number}


def from_document(document: Document, catalogue: Catalogue) -> Event:
    """The event of a document's `_source`, or of the part of it that was asked for."""
    event: Event = {}
    for name, value in document.items():
        if name == LABELS_APART:
            event[LABELS] = orjson.loads(value)
        elif name not in _OWN:
            kind = catalogue.type_of(name)
            if type(value) is PLAIN.get(kind):
                event[name] = value
            else:
                put(event, name, read_as(value, kind), value)
    return event


def _put_labels(document: Document, labels: dict[str, str], coarse: list[str]) -> None:
    if not labels:
        return
    if not all(map(key_fits, labels)):
        document[LABELS_APART] = orjson.dumps(labels).decode()
        coarse.append(LABELS)
        return
    document[LABELS] = labels
    document[LABELS_LC] = {key: fold(text) for key, text in labels.items()}
    if not all(map(fits, labels.values())):
        coarse.append(LABELS)


def _storable(value: Any, field: Field | None) -> bool:
    """Whether the field's column in a segment takes the value. It takes what the catalogue may still find odd: any text for an address."""
    if field is None:
        return False
    if field.type == "map":
        return type(value) is dict and all(type(text) is str and _is_clean(text) for pair in value.items() for text in pair)
    if field.array:
        return type(value) is list and all(_takes(field.type, item) for item in value)
    return _takes(field.type, value)


def _takes(kind: str, item: Any) -> bool:
    if kind in ("keyword", "ip"):
        return type(item) is str and _is_clean(item)
    if kind == "bool":
        return type(item) is bool
    if kind == "double":
        return type(item) is float or (type(item) is int and item.bit_length() <= 64)
    return type(item) is int and LONG[0] <= item <= LONG[1]


def _is_clean(text: str) -> bool:
    return text.isascii() or _SURROGATE.search(text) is None


def _each(turn: Callable[[Any], Any], value: Any) -> Any:
    return list(map(turn, value)) if type(value) is list else turn(value)


@lru_cache(1 << 12)  # the events of a batch have one moment of ingest
def _write_date(moment: int) -> str | int:
    return iso(moment) if YEARS[0] <= moment <= YEARS[1] else moment


def _write_double(number: float) -> float | str:
    return float(number) if math.isfinite(number) else str(float(number))


_UNSURE = ("keyword", "ip", "date", "double")
_WRITE: dict[str, Callable[[Any], Any]] = {"date": _write_date, "double": _write_double}
