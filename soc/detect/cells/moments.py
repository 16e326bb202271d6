"""Where a condition holds on the axis of time. Pure: a function of the hits, not of the order they came in.

A hit e triggers when the closed window [t(e) - timespan, t(e)] fulfils the condition (Sigma correlation rules 2.1.0,
"timespan"; the window slides, it is not cut at boundaries). Hits of one moment share their window, so that ties cannot
depend on an order. All groups lie on one axis, further apart than the timespan (`Series.axis`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class Axis:
    """Rows by their place on an axis, ascending. `moments`: the distinct places; `at`: the moment of each row, as its number."""

    def __init__(self, places: Any, timespan: int) -> None:
        self.places, self.timespan = places, timespan
        first = np.ones(len(places), bool)
        first[1:] = places[1:] != places[:-1]
        self.moments = places[first]
        self.at = np.cumsum(first) - 1

    def distinct(self, what: Any, times: Any = None) -> Any:
        """How many distinct values (codes; those below 0 do not count) the window of each moment holds.

        `times`: how often the value of each row counts, where that is not once.

        A hit counts from its moment up to the next one of its value, or as long as the timespan lasts.
        """
        rows = np.flatnonzero(what >= 0)
        rows = rows[np.argsort(what[rows], kind="stable")]  # by value, then time
        values, places = what[rows], self.places[rows]
        again = (values[1:] == values[:-1]) & (places[1:] == places[:-1])
        first = np.append(True, ~again)[: len(rows)]
        rows, values, places = rows[first], values[first], places[first]
        start = self.at[rows]
        end = np.searchsorted(self.moments, places + self.timespan, side="right")
        follows = values[1:] == values[:-1]
        end[:-1][follows] = np.minimum(end[:-1][follows], start[1:][follows])
        most = len(self.moments) + 1
        often = None if times is None else times[rows]
        return np.cumsum(np.bincount(start, often, most) - np.bincount(end, often, most))[:-1]

    def apart(self, rows: Any, gap: int) -> Any:
        """How many of these rows (a mask) the window of each moment holds at most that lie pairwise further apart than `gap`.

        The latest, the latest that is far enough before it, and so on, are as many as any; steps are doubled.
        """
        places = np.unique(self.places[rows])
        first = np.searchsorted(places, self.moments - self.timespan)
        at = np.searchsorted(places, self.moments, side="right") - 1
        count = (at >= first).astype(np.int64)
        before = np.searchsorted(places, places - gap) - 1
        steps = [np.append(before, -1)]  # from -1, nowhere, one gets nowhere
        while (steps[-1] >= 0).any():
            steps.append(steps[-1][steps[-1]])
        for power in range(len(steps) - 1, -1, -1):
            further = steps[power][at]
            there = (further >= first) & (at >= first)
            at, count = np.where(there, further, at), count + (there << power)
        return count

    def present(self, rows: Any) -> Any:
        """Whether the window of each moment holds one of these rows (a mask)."""
        latest = latest_of(self.moments, self.places[rows], self.places[rows])
        return self.moments - latest <= self.timespan

    def ordered(self, parts: Sequence[Any]) -> Any:
        """Rows of the last of these parts (masks) that close a chain: one row of each in order, times not decreasing, within the timespan.

        Right where no event has two of the parts. For each part the latest start of a chain up to it is all that matters.
        """
        rows = np.flatnonzero(parts[0])
        start = self.places[rows]
        for part in parts[1:]:
            following = np.flatnonzero(part)
            start = latest_of(self.places[following], self.places[rows], np.maximum.accumulate(start))
            rows = following
        found = np.zeros(len(self.places), bool)
        found[rows] = self.places[rows] - start <= self.timespan
        return found


def latest_of(asked: Any, places: Any, values: Any) -> Any:
    """For each asked place the value at the last of `places`, which ascend, that is not behind it; where there is none, far away."""
    far = np.int64(-(1 << 62))
    known = np.append(far, values)
    return known[np.searchsorted(places, asked, side="right")]
