"""Cells become alerts: with the events themselves as evidence, kept past retention."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import orjson

from soc.detect.cells.cell import Cell
from soc.errors import StoreError
from soc.event import Event
from soc.match.columns import to_events
from soc.match.hits import are_among, ids_among
from soc.model import Alert, BatchRow, Counted, Evidence, Extent, Window
from soc.store.base import Store, Tables
from soc.text import canonical_json

MANY = 4_000  # events that are looked for, or made, at once: fewer read the same rows more often


class Searched(NamedTuple):
    """A batch that was searched: its number, the hits, and its events where they are at hand as they were stored."""

    number: int
    hits: Any
    tables: Tables | None


class Lookup:
    """Events by id: those of the batches that were searched, then the store's."""

    def __init__(self, store: Store, batches: Sequence[Searched]) -> None:
        self._store, self._batches = store, batches

    def events(self, times: Mapping[str, int]) -> Iterator[Event]:
        """The events that could be found; `times` is by id. Raises StoreError when one may lie where nothing can be read."""
        missing = dict(times)
        for batch in self._batches:
            for event in _among(batch.tables, ids_among(batch.hits, missing.keys())) if batch.tables else ():
                missing.pop(event["event.id"], None)
                yield event
        ordered = sorted(missing.items(), key=lambda pair: (pair[1], pair[0]))
        for start in range(0, len(ordered), MANY):
            yield from self._stored(dict(ordered[start : start + MANY])).values()

    def _stored(self, times: Mapping[str, int]) -> dict[str, Event]:
        """Where their time says; what is not there, because it was read again since and has another time, anywhere."""
        try:
            found = self._store.events(times, Window(min(times.values()), max(times.values()) + 1))
            missing = times.keys() - found.keys()
            return found | (self._store.events(missing) if missing else {})
        except StoreError:  # a damaged segment, which need not be the one that holds them
            return self._batch_by_batch(times)

    def _batch_by_batch(self, times: Mapping[str, int]) -> dict[str, Event]:
        found: dict[str, Event] = {}
        fault: StoreError | None = None
        for row in reversed(self._store.batches()):
            wanted = _of_time(times, row) - found.keys()
            try:
                found.update((event["event.id"], event) for event in _among(self._store.tables([row.number]) if wanted else {}, wanted))
            except StoreError as error:
                fault = error
        if fault is not None and len(found) < len(times):
            raise fault
        return found


def _of_time(times: Mapping[str, int], row: BatchRow) -> set[str]:
    """The events that may lie in a batch by their time."""
    return {id for id, time in times.items() if row.first is not None and row.last is not None and row.first <= time <= row.last}


def _among(tables: Tables, wanted: Collection[str]) -> Iterator[Event]:
    """Those that lie in tables whose events are whole: a batch read back for rules alone lacks what people read."""
    for table in tables.values():
        if "event.original" in table.column_names and wanted:
            found = table.filter(are_among(table["event.id"], wanted))
            for start in range(0, found.num_rows, MANY):
                yield from to_events(found.slice(start, MANY))


class Finder(Protocol):
    """Where evidence is looked up."""

    def events(self, times: Mapping[str, int]) -> Iterable[Event]:
        """The events that could be found; `times` is by id."""


def packed(cells: Sequence[Cell], known: Mapping[str, Counted | None], lookup: Finder) -> dict[str, bytes]:
    """The evidence of the cells that their own alerts do not hold, by id, as JSON: as objects it would take five times the memory.

    `known`: what alerts have counted, by id. What another alert holds does not count: the two may be made true one after the other.
    """
    held = {cell.id: set(one.evidence) for cell in cells if (one := known.get(cell.id))}
    times = {one[1]: one[0] for cell in cells for one in cell.evidence if one not in held.get(cell.id, ())}
    return {event["event.id"]: bytes(memoryview(canonical_json(event))) for event in lookup.events(times)}


def to_alerts(cells: Sequence[Cell], known: Mapping[str, Alert], found: Mapping[str, bytes], kind: str) -> list[Alert]:
    """The alerts of the cells, in their order. Evidence that an earlier extent holds is taken from there, else from what was found."""
    held = {one.id: one for alert in known.values() for one in alert.extent.evidence}
    for time, id in (one for cell in cells for one in cell.evidence):
        if id not in held:
            held[id] = Evidence(time, id, orjson.loads(found[id]) if id in found else {"event.id": id, "@timestamp": time})
    return [_alert(cell, held, known.get(cell.id), kind) for cell in cells]


def _alert(cell: Cell, held: Mapping[str, Evidence], known: Alert | None, kind: str) -> Alert:
    extent = Extent(cell.count, cell.first, cell.last, tuple(held[id] for _, id in cell.evidence))
    rule = cell.rule
    return Alert(
        id=cell.id,
        rule_id=rule.id,
        rule_hash=rule.hash,
        title=rule.title,
        level=rule.severity,
        tags=rule.tags,
        institution=cell.institution,
        key=cell.key,
        cell_start=cell.start,
        cell_end=cell.end,
        extent=extent,
        run_type=known.run_type if known else kind,
        detail={"category": rule.tuning.category} if rule.tuning.category else {},
    )
