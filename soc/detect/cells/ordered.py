"""Chains in order among events that have several parts at once: each event may stand for one of its parts only. Slow, and rare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Hit(NamedTuple):
    """One hit of a group; `event` and `part` are codes."""

    time: int
    event: int
    part: int


def closing(hits: Sequence[Hit], timespan: int, parts: Sequence[int]) -> list[int]:
    """The places of hits of the last part that close a chain: distinct events, one per part in order, times not decreasing.

    `hits` are one group's, by time; the chain lies within the timespan, in microseconds.
    """
    found, lo = [], 0
    for place, hit in enumerate(hits):
        while hits[lo].time < hit.time - timespan:
            lo += 1
        if hit.part == parts[-1]:
            window = [one for one in hits[lo:] if one.time <= hit.time]
            if _chain(window, parts[:-1], hit.time, frozenset({hit.event})):
                found.append(place)
    return found


def _chain(window: Sequence[Hit], parts: Sequence[int], limit: int, used: frozenset[int]) -> bool:
    """Whether the parts can be met in order by events not in `used`, the last of them at `limit` or before.

    The latest candidates are enough: a chain through an earlier one also holds with a later one in its place. Among
    candidates of one moment only their other parts matter, so one of each kind is tried.
    """
    if not parts:
        return True
    candidates = [hit for hit in window if hit.part == parts[-1] and hit.time <= limit and hit.event not in used]
    if not candidates:
        return False
    latest = candidates[-1].time
    others: dict[int, set[int]] = {}
    for hit in window:
        if hit.time == latest:
            others.setdefault(hit.event, set()).add(hit.part)
    kinds = {frozenset(others[hit.event] & set(parts)): hit.event for hit in candidates if hit.time == latest}
    return any(_chain(window, parts[:-1], latest, used | {event}) for event in kinds.values())
