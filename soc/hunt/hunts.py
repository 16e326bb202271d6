"""What an analyst asks the events: which, how many of what, and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from soc.condition.tree import Node
from soc.errors import UsageError
from soc.event import Event
from soc.fields import Catalogue
from soc.hunt.language import field_fault
from soc.model import ALWAYS, Window
from soc.store.base import Searched
from soc.times import DAY, HOUR, MINUTE, SECOND

WIDTHS = (
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 20, 30)),
    *(n * HOUR for n in (1, 2, 3, 4, 6, 8, 12)),
    *(n * DAY for n in (1, 2, 7, 14, 28, 364)),
)
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Found:
    """Some of the events that match, in the order asked for, and how many match in all."""

    events: list[Event]
    total: int


def find_events(store: Searched, node: Node, window: Window, *, limit: int, oldest: bool = False) -> Found:
    """The newest events that match, newest first; the oldest, oldest first, if asked."""
    found = list(store.select(node, window, limit=limit, newest=not oldest))
    total = store.count(node, window) if len(found) == limit else len(found)
    return Found(found, max(total, len(found)))


def top_values(store: Searched, field: str, node: Node, window: Window, catalogue: Catalogue, *, limit: int) -> list[tuple[Any, int]]:
    """The most frequent values of a field. Raises UsageError when there is no such field."""
    return store.top(checked_field(field, catalogue), node, window, limit=limit)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Events per span of time: `rows` holds, by value and most events first, a count for each of `starts`."""

    starts: list[int]
    width: int
    rows: Mapping[str, list[int]]


def timeline(
    store: Searched, node: Node, window: Window, catalogue: Catalogue, *, by: str, spans: int, width: int | None = None, most: int = 12
) -> Timeline:
    """At most `spans` spans over the window, those without an event included, unless a width is stated.

    Rows beyond `most` are summed up as others; events without a value are "-". A window without an end is cut to the
    events in it; when there are none, the timeline has no spans. Raises UsageError for a field that is not known.
    """
    edges = _edges(store, node, window)
    if edges is None:
        return Timeline([], width or MINUTE, {})
    first, last = edges
    width = width or next((w for w in WIDTHS if last // w - first // w < spans), WIDTHS[-1])
    if (last - first) // width > 100_000:
        raise UsageError("that would be more than 100,000 spans; state a wider one, or a shorter time")
    counts: dict[str, Counter[int]] = {}
    for start, value, events in store.histogram(node, window, width=width, by=checked_field(by, catalogue)):
        counts.setdefault("-" if value is None else _text(value), Counter())[start] += events
    starts = list(range(first // width * width, last + 1, width))
    ranked = sorted(counts, key=lambda value: (-counts[value].total(), value))
    rows = {value: [counts[value][start] for start in starts] for value in ranked[:most]}
    if len(ranked) > most:
        rows[OTHERS] = [sum(counts[value][start] for value in ranked[most:]) for start in starts]
    return Timeline(starts, width, rows)


def checked_field(name: str, catalogue: Catalogue) -> str:
    """The name itself. Raises UsageError when the catalogue does not hold it."""
    fault = field_fault(name, catalogue)
    if fault:
        raise UsageError(f"{fault}\n  fields are those of ECS, and what parsers add; a label is labels.KEY")
    return name


def _edges(store: Searched, node: Node, window: Window) -> tuple[int, int] | None:
    """The first and the last moment to draw: the window's own where it has them, else the events'."""
    if window.since > ALWAYS.since and window.until < ALWAYS.until:
        return window.since, window.until - 1
    ends = [next(store.select(node, window, limit=1, newest=newest), None) for newest in (False, True)]
    if ends[0] is None or ends[1] is None:
        return None
    first = window.since if window.since > ALWAYS.since else ends[0]["@timestamp"]
    return first, window.until - 1 if window.until < ALWAYS.until else ends[1]["@timestamp"]


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
