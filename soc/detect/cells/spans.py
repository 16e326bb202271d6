"""Windows that overlap, joined: closed spans of time, ascending and apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Spans = tuple[tuple[int, int], ...]


def behind(moments: Any, timespan: int) -> Spans:
    """The joined windows that end at these moments, which ascend."""
    if not len(moments):
        return ()
    apart = np.flatnonzero(moments[1:] - timespan > moments[:-1]) + 1
    starts, ends = moments[np.append(0, apart)] - timespan, moments[np.append(apart - 1, len(moments) - 1)]
    return tuple(zip(starts.tolist(), ends.tolist(), strict=True))


def union(one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> Spans:
    """What lies in either, joined."""
    found: list[tuple[int, int]] = []
    for first, last in sorted([*one, *other]):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def covered(times: Any, spans: Sequence[tuple[int, int]]) -> Any:
    """Which of these times lie in the spans, as a mask."""
    if not spans:
        return np.zeros(len(times), bool)
    edges = np.array(spans, np.int64)
    place = np.searchsorted(edges[:, 0], times, side="right") - 1
    return (place >= 0) & (times <= edges[:, 1][place])
