"""Documents of others as flat events: nested objects become dotted names, values the types of the catalogue.

    {"source": {"ip": "203.0.113.7"}, "event": {"category": "network"}}   ->   source.ip, event.category: [network]

A name that the catalogue lacks is text. What cannot be read as its field's type becomes the label of its name.
A document may lack what every event of ours has: conditions find it missing, and people are shown what `named` puts there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from soc.condition.values import moment_in
from soc.event import Event
from soc.fields import ID, LABELS, TIME, Catalogue
from soc.store.elasticsearch.documents.reading import put, read_as, text_of

ISO = "strict_date_optional_time_nanos"
_MILLISECOND = 1000


def to_event(hit: Mapping[str, Any], catalogue: Catalogue) -> Event:
    """The event of a hit, whose `fields` hold what only the server can read: dates in other formats, constants of the mapping."""
    written: dict[str, list[Any]] = {}
    for name, value in _leaves("", hit.get("_source", {})):
        written.setdefault(name, []).append(value)
    for name, values in hit.get("fields", {}).items():
        if name not in written or not all(isinstance(value, str) and moment_in(value) is not None for value in written[name]):
            written[name] = values
    event: Event = {}
    for name, values in written.items():
        _read(event, name, values, catalogue)
    return event


def named(event: Event, hit: Mapping[str, Any]) -> Event:
    """The event with a time, 1970, and an id, its index's name and its own, where it has none."""
    event.setdefault(TIME, 0)
    event.setdefault(ID, f"{hit['_index']}/{hit['_id']}")
    return event


def placed(event: Event, hit: Mapping[str, Any]) -> Event:
    """The event under the name of its document: an `event.id` that somebody else gave need not be one document's alone."""
    return named(event, hit) | {ID: f"{hit['_index']}/{hit['_id']}"}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(path, inner)
    elif value is not None:
        yield path, value


def _read(event: Event, name: str, values: list[Any], catalogue: Catalogue) -> None:
    if name.startswith(f"{LABELS}."):
        event.setdefault(LABELS, {})[name[len(LABELS) + 1 :]] = ", ".join(map(text_of, values))
        return
    field = catalogue.get(name)
    kind = field.type if field is not None and field.type != "map" else "keyword"
    if kind == "date":  # a number counts milliseconds
        values = [value * _MILLISECOND if isinstance(value, (int, float)) else value for value in values]
    read = read_as(values, kind)
    single = read is not None and len(read) == 1 and (field is None or not field.array)
    put(event, name, read[0] if single else read, values[0] if len(values) == 1 else values)
