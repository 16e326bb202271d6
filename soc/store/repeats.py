"""One event, however often its line was read: `event.id` names the line, `soc.reading` says how often it has been read."""

from __future__ import annotations

from collections.abc import Sequence

from soc.errors import StoreError
from soc.event import Event
from soc.fields import DATASET, ID, READING, TIME

REQUIRED = (TIME, ID, DATASET)


def reading_of(event: Event) -> int:
    """How often the event's line has been read: 1 unless it says more."""
    number: int = event.get(READING, 1)
    return number


def without_repeats(events: Sequence[Event]) -> Sequence[Event]:
    """The events, each id once: of equal ids the highest reading, then the first."""
    if len({event.get(ID) for event in events}) == len(events):
        return events
    best: dict[str | None, Event] = {}
    for event in events:
        known = best.setdefault(event.get(ID), event)
        if known is not event and reading_of(event) > reading_of(known):
            best[event.get(ID)] = event
    return list(best.values())


def read_again(events: Sequence[Event]) -> dict[str, int]:
    """The readings above the first, by id: only of these may another reading be stored."""
    return {event[ID]: reading_of(event) for event in events if READING in event and reading_of(event) > 1 and ID in event}


def nameless(name: str) -> StoreError:
    """An event without this one of REQUIRED."""
    return StoreError(f"an event of the batch has no {name}\n  this is a fault of whoever made the event; nothing was stored")
