"""Cells become alerts: with the events themselves as evidence, kept past retention."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from soc.detect.evaluate import Cell
from soc.errors import StoreError
from soc.event import Event
from soc.match.columns import to_events, values_of
from soc.model import Alert, Evidence, Extent, Window
from soc.store.base import Store, Tables

MANY = 500  # events that are looked for at once: more are found sooner by reading the batch


class Lookup:
    """Events by id: those of the batch at hand, then the store's."""

    def __init__(self, tables: Tables, store: Store, batch: int) -> None:
        self._tables, self._store, self._batch = tables, store, batch

    def events(self, times: Mapping[str, int]) -> dict[str, Event]:
        """The events that could be found; `times` is by id too. Raises StoreError when one may lie where nothing can be read."""
        found = _among(self._tables, times.keys())
        if len(missing := times.keys() - found.keys()) > MANY:
            found |= _among(self._store.tables([self._batch]), missing)
        missing -= found.keys()
        try:
            return found | self._stored({id: times[id] for id in missing})
        except StoreError:  # a damaged segment, which need not be the one that holds them
            return found | self._batch_by_batch({id: times[id] for id in missing})

    def _stored(self, times: Mapping[str, int]) -> dict[str, Event]:
        """Where their time says; what is not there, because it was read again since and has another time, anywhere."""
        if not times:
            return {}
        found = self._store.events(times, Window(min(times.values()), max(times.values()) + 1))
        missing = times.keys() - found.keys()
        return found | (self._store.events(missing) if missing else {})

    def _batch_by_batch(self, times: Mapping[str, int]) -> dict[str, Event]:
        found: dict[str, Event] = {}
        fault: StoreError | None = None
        for row in reversed(self._store.batches()):
            wanted = {
                id
                for id in times.keys() - found.keys()
                if row.first is not None and row.last is not None and row.first <= times[id] <= row.last
            }
            try:
                found |= _among(self._store.tables([row.number]), wanted) if wanted else {}
            except StoreError as error:
                fault = error
        if fault is not None and len(found) < len(times):
            raise fault
        return found


def _among(tables: Tables, wanted: Collection[str]) -> dict[str, Event]:
    """Those that lie in tables whose events are whole: a batch read back for rules alone lacks what people read."""
    found: dict[str, Event] = {}
    for table in tables.values():
        if "event.original" not in table.column_names:
            continue
        places = [place for place, name in enumerate(values_of(table.column("event.id"))) if name in wanted]
        if places:
            found.update((event["event.id"], event) for event in to_events(table.take(places)))
    return found


class Finder(Protocol):
    """Where evidence is looked up."""

    def events(self, times: Mapping[str, int]) -> dict[str, Event]:
        """The events that could be found; `times` is by id too."""


def to_alerts(cells: Sequence[Cell], known: Mapping[str, Alert], lookup: Finder, kind: str) -> list[Alert]:
    """The alerts of the cells, in their order. Evidence that an earlier extent holds is taken from there."""
    held = {one.id: one for alert in known.values() for one in alert.extent.evidence}
    events = lookup.events({id: time for cell in cells for time, id in cell.evidence if id not in held})
    for cell in cells:
        for time, id in cell.evidence:
            if id not in held:
                held[id] = Evidence(time, id, events.get(id, {"event.id": id, "@timestamp": time}))
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
