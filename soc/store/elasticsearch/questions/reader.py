"""Batches read back for the matcher, and events by their ids."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import pyarrow as pa

from soc.condition.dsl_query import Body
from soc.event import Event
from soc.fields import BATCH, ID, LABELS, READING
from soc.match.columns import to_tables
from soc.store.base import COMMON, Tables
from soc.store.elasticsearch.documents.documents import from_document
from soc.store.elasticsearch.documents.mapping import LABELS_APART
from soc.store.elasticsearch.server.asking import Hit, among, documents, pages
from soc.store.elasticsearch.server.cluster import Core
from soc.store.repeats import reading_of
from soc.store.tables import by_time


class Stored(NamedTuple):
    """Where an event lies, and which reading of its line it is."""

    id: str
    place: str  # its index
    reading: int
    batch: int


def read_batches(core: Core, numbers: Collection[int], columns: Collection[str] | None) -> Tables:
    """The events of these batches, and of those that they absorbed, by dataset, in order of time. Raises StoreError."""
    absorbed = {old: row.number for row in core.register.numbered(numbers) for old in (row.number, *row.absorbs)}
    return read_numbers(core, absorbed, columns, among(BATCH, absorbed)) if absorbed else {}


def read_numbers(core: Core, numbers: Mapping[int, int], columns: Collection[str] | None, query: Body) -> Tables:
    """As `read_batches`, what the query finds under these numbers; each counts as the batch that it leads to."""
    index = ",".join(sorted(core.register.targets(numbers))) or core.cluster.events
    found: dict[str, Event] = {}
    for page in pages(core.cluster, index, query, _source=includes(columns)):
        for hit in page:
            event = from_document(hit["_source"], core.catalogue)
            event[BATCH] = numbers[event[BATCH]]
            _keep(found, event)
    tables = {dataset: by_time(table) for dataset, table in to_tables(list(found.values()), core.catalogue).items()}
    return tables if columns is None else {dataset: _only(table, columns) for dataset, table in tables.items()}


def read_events(core: Core, ids: Collection[str]) -> dict[str, Event]:
    """Those of these events that are stored, by id: of several readings the highest."""
    found: dict[str, Event] = {}
    for page in documents(core.cluster, core.cluster.events, ids):
        for hit in page:
            _keep(found, from_document(hit["_source"], core.catalogue))
    return found


def stored(core: Core, ids: Collection[str]) -> Iterator[Stored]:
    """Where these events lie, as far as they do."""
    for page in documents(core.cluster, core.cluster.events, ids, _source=[READING, BATCH]):
        yield from (_place(hit) for hit in page)


def _place(hit: Hit) -> Stored:
    return Stored(hit["_id"], hit["_index"], reading_of(hit["_source"]), hit["_source"][BATCH])


def _keep(found: dict[str, Event], event: Event) -> None:
    known = found.setdefault(event[ID], event)
    if known is not event and (reading_of(event), event[BATCH]) > (reading_of(known), known[BATCH]):
        found[event[ID]] = event


def includes(columns: Collection[str] | None) -> list[str] | bool:
    """What of a `_source` holds these fields, and what every table has."""
    if columns is None:
        return True
    return held_in({*columns, *COMMON, READING})


def held_in(fields: Collection[str]) -> list[str]:
    """What of a `_source` holds these fields."""
    wanted = {LABELS if name.startswith(f"{LABELS}.") else name for name in fields}
    return sorted(wanted | ({LABELS_APART} if LABELS in wanted else set()))


def _only(table: pa.Table, columns: Collection[str]) -> pa.Table:
    wanted = {LABELS if name.startswith(f"{LABELS}.") else name for name in columns} | set(COMMON)
    return table.select([name for name in table.column_names if name in wanted])
