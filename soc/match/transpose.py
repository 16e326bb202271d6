"""Events to values by name: rows to columns, in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from soc.event import Event

CHUNK = 512  # events turned at a time: they stay in the processor's cache


def transposed(events: list[Event]) -> dict[Any, list[Any]]:
    """The values of these events, at least one, by name and in their order; None where an event lacks it."""
    columns: dict[Any, list[Any]] = {}
    names = _Names(events[0])
    for start in range(0, len(events), CHUNK):
        for name, values in names.columns(events[start : start + CHUNK]).items():
            if name not in columns:
                columns[name] = [None] * start
            columns[name] += values
    return columns


class _Names:
    """The names that every event had so far, and those that only some had: the former are taken out of an event in one call."""

    def __init__(self, first: Event) -> None:
        self._every: tuple[Any, ...] = tuple(first)
        self._some: dict[Any, None] = {}

    def columns(self, events: list[Event]) -> dict[Any, Sequence[Any]]:
        """The events' values by name; None where an event lacks it."""
        return self._known(events) or self._known(events, learn=True) or {}

    def _known(self, events: list[Event], *, learn: bool = False) -> dict[Any, Sequence[Any]] | None:
        """None when an event lacks one of the former names, or has one that is not known yet, or says None."""
        if learn:
            self._learn(events)
        try:
            every = self._taken(events)
        except KeyError:
            return None
        some = [[event.get(name) for event in events] for name in self._some]
        told = len(every) * len(events) + sum(len(events) - values.count(None) for values in some)
        if told != sum(map(len, events)) and not learn:
            return None
        return dict(zip((*self._every, *self._some), [*every, *some], strict=True))

    def _taken(self, events: list[Event]) -> list[Sequence[Any]]:
        if len(self._every) > 1:
            return list(zip(*map(itemgetter(*self._every), events), strict=True))
        return [[event[name] for event in events] for name in self._every]

    def _learn(self, events: list[Event]) -> None:
        counts = Counter(chain.from_iterable(events))
        always = dict.fromkeys(name for name in self._every if counts[name] == len(events))
        self._some.update(dict.fromkeys(name for name in (*self._every, *counts) if name not in always))
        self._every = tuple(always)
