"""Events counted in groups, event by event: what an engine does not count by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from soc.condition.fold import fold
from soc.condition.values import canonical, values_of
from soc.event import Event

GROUPED = ("keyword", "ip", "long", "bool")  # kinds that engines group by; others are counted here
Key = tuple[str, ...]


class Groups:
    """Of each group its events, or its distinct values of a field. See `soc.store.base.Store.groups`."""

    def __init__(self, by: Sequence[str], distinct: str | None) -> None:
        self._by, self._distinct = by, distinct
        self._events: dict[Key, int] = defaultdict(int)
        self._values: dict[Key, set[str]] = defaultdict(set)

    def add(self, events: Iterable[Event]) -> Groups:
        for event in events:
            counted = _texts(event, self._distinct) if self._distinct else set()
            for key in product(*(_texts(event, field) for field in self._by)):
                self._events[key] += 1
                self._values[key] |= counted
        return self

    def put(self, key: Key, events: int = 0, value: str | None = None) -> None:
        """What an engine has counted for a group: so many events more, or one of its values."""
        self._events[key] += events
        if value is not None:
            self._values[key].add(value)

    def with_events(self, least: int) -> set[Key]:
        """The groups that have so many events."""
        return {key for key, events in self._events.items() if events >= least}

    def reaching(self, least: int) -> dict[Key, int]:
        numbers = {key: len(values) for key, values in self._values.items()} if self._distinct else self._events
        return {key: numbers[key] for key in sorted(numbers) if numbers[key] >= least}


def as_text(value: Any) -> str:
    """A value as keys of groups see it."""
    return fold(canonical(value))


def _texts(event: Event, field: str) -> set[str]:
    return set(map(as_text, values_of(event, field)))
