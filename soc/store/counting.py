"""Events counted one by one, for what an engine does not count by itself; see `soc.store.base.Store` for the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from soc.condition.values import values_of
from soc.event import Event

Spans = Counter[tuple[int, Any]]
"""Events by the start of their span of time and a value, None where they have none."""


def values(events: Iterable[Event], field: str) -> Counter[Any]:
    """The events by their values of a field; one with several counts for each."""
    return Counter(value for event in events for value in set(values_of(event, field)))


def most(counts: Counter[Any], limit: int) -> list[tuple[Any, int]]:
    """The answer of `top`."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]


def spans(events: Iterable[Event], width: int, by: str | None) -> Spans:
    """The events by span and value of `by`."""
    return Counter(
        (event["@timestamp"] // width * width, value) for event in events for value in (set(values_of(event, by)) if by else None) or {None}
    )


def in_order(counts: Spans) -> list[tuple[int, Any, int]]:
    """The answer of `histogram`."""
    return sorted(((s, v, n) for (s, v), n in counts.items()), key=lambda row: (row[0], row[1] is None, row[1] or ""))
