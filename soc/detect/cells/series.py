"""The hits of one rule as columns, sorted by group, then time, then event; a hit that was put twice stands once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from soc.match.hits import Group, codes_of, joined
from soc.model import Window

FITS = 1 << 62


@dataclass(frozen=True, slots=True)
class Series:
    """Columns of one length, in order. `groups`, `parts`, `names` (ids of events) and `values`: what the codes stand for.

    Within a group and moment equal events have equal codes, and no two events have one code. `value` is -1 where nothing is counted.
    `times`: how many messages the event stands for. `new`: hits of events that the rule had no hit of before.
    """

    groups: Sequence[Group]
    parts: Sequence[str]
    names: Any
    values: Any
    group: Any
    time: Any
    event: Any
    part: Any
    value: Any
    times: Any
    new: Any

    def __len__(self) -> int:
        return len(self.time)

    def rows(self, kept: Any) -> Series:
        """Some of the rows: numbers in ascending order, a mask or a slice."""
        columns = {name: getattr(self, name)[kept] for name in ("group", "time", "event", "part", "value", "times", "new")}
        return replace(self, **columns)

    def axis(self, timespan: int) -> Any:
        """A number for each row, ascending: differences are microseconds within a group, and more than `timespan` between groups."""
        if not len(self):
            return self.time
        first = int(self.time.min())
        return self.group.astype(np.int64) * (int(self.time.max()) - first + timespan + 1) + (self.time - first)

    def fitting(self, timespan: int) -> Iterator[Series]:
        """The series in pieces of whole groups whose axis fits 64 bits: one piece, but for decades of thousands of groups."""
        if not len(self):
            return
        most = FITS // (int(self.time.max() - self.time.min()) + timespan + 1)
        starts = np.flatnonzero(np.diff(self.group, prepend=-1))
        if len(starts) <= most:
            yield self.ranked()
            return
        edges = [*starts[::most].tolist(), len(self)]
        for start, end in pairwise(edges):
            yield self.rows(slice(start, end)).ranked()

    def ranked(self) -> Series:
        """The same with the groups that occur numbered from 0."""
        starts = np.flatnonzero(np.diff(self.group, prepend=-1))
        places = self.group[starts].tolist()
        rank = np.zeros(len(self.groups), np.int32)
        rank[places] = np.arange(len(places))
        return replace(self, groups=[self.groups[place] for place in places], group=rank[self.group])

    def once(self, rows: Any) -> Any:
        """Of these rows of one group, which ascend, the first of each event: the hits of an event lie side by side."""
        events = self.event[rows]
        first = np.ones(len(rows), bool)
        first[1:] = events[1:] != events[:-1]
        return rows[first]


def ids_of(names: Any, events: Any) -> list[str]:
    """The ids of events by their codes, of the ids by code."""
    return list(names.take(pa.array(events)).to_pylist())


class Loaded:
    """Hits of one rule as they were read, of which series are made. `groups`: by the code in `group`."""

    def __init__(self, old: Any, fresh: Any | None = None) -> None:
        table = joined([old] if fresh is None else [old, fresh])
        self._group, self.groups = _groups(table)
        self._table = table.select(["time", "event", "part", "value", "times"])
        self._fresh = np.zeros(len(self), bool)
        self._fresh[old.num_rows :] = True

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def of(self, wanted: Callable[[Group], bool]) -> Series:
        """The hits of some groups."""
        return self._series(np.array([wanted(group) for group in self.groups], bool))

    def having(self, events: Any) -> set[Group]:
        """The groups that have a hit of one of these events (ids)."""
        met = pc.is_in(self._table["event"], value_set=pa.array(events.unique(), pa.string())).to_numpy()
        return {self.groups[place] for place in np.unique(self._group[met]).tolist()}

    def events_of(self, reach: Mapping[Group, tuple[int, int]]) -> Any:
        """The ids of the events that hit in these groups from a first to a last moment, both included."""
        none = (1, 0)
        first, last = (np.array([reach.get(group, none)[end] for group in self.groups], np.int64)[self._group] for end in (0, 1))
        time = self._table["time"].to_numpy()
        return self._table["event"].filter(pa.array((first <= time) & (time <= last))).unique()

    def changed(self) -> Series:
        """The hits of the groups that have fresh ones."""
        wanted = np.zeros(len(self.groups), bool)
        wanted[self._group[self._fresh]] = True
        return self._series(wanted)

    def _series(self, wanted: Any) -> Series:
        table, group, fresh = self._table, self._group, self._fresh
        if not wanted.all():
            kept = wanted[group]
            table, group, fresh = table.filter(pa.array(kept)), group[kept], fresh[kept]
        part, parts = codes_of(table["part"])
        value, values = codes_of(table["value"])
        event = np.arange(table.num_rows, dtype=np.int32)
        time = table["time"].to_numpy()
        names, times = whole(table["event"]), _times(table["times"])
        return settled(Series(self.groups, parts.to_pylist(), names, values, group, time, event, part, value, times, fresh))


def _times(column: pa.ChunkedArray) -> Any:
    if column.null_count == len(column):
        return np.ones(len(column), np.int64)
    return column.fill_null(1).to_numpy().astype(np.int64)


def whole(names: pa.ChunkedArray) -> pa.Array:
    """The texts in one piece, from which a few are taken at the cost of a few."""
    return names.cast(pa.large_string()).combine_chunks()


def series_of(table: Any) -> Series:
    """What a table of `soc.match.hits.HELD` holds of one rule."""
    return Loaded(table).of(lambda group: True)


def settled(series: Series) -> Series:
    """The rows in order and each once; an event is new when all its hits are."""
    series = series.rows(np.lexsort((series.time, series.group)))
    if not len(series):
        return series
    tied = _repeats(series.group, series.time)
    if tied.any():
        event = _alike(series, tied)
        series = replace(series, event=event)
        series = series.rows(np.lexsort((series.value, series.part, event, series.time, series.group)))
    same_event = _repeats(series.group, series.time, series.event)
    starts = np.flatnonzero(~same_event)
    new = np.repeat(np.logical_and.reduceat(series.new, starts), np.diff(np.append(starts, len(series))))
    twice = same_event & _repeats(series.part, series.value)
    return replace(series, new=new).rows(~twice)


def _alike(series: Series, tied: Any) -> Any:
    """The codes of events, where those of one group and moment are equal when their ids are: most have a moment of their own."""
    shared = np.flatnonzero(tied | np.append(tied[1:], False))
    codes, _ = codes_of(pa.chunked_array([series.names.take(pa.array(series.event[shared]))]))
    _, first = np.unique(codes, return_index=True)
    event = series.event.copy()
    event[shared] = series.event[shared][first][codes]
    return event


def _repeats(*columns: Any) -> Any:
    """Where a row equals the one before it in all columns."""
    same = np.ones(len(columns[0]), bool)
    same[0] = False
    for column in columns:
        same[1:] &= column[1:] == column[:-1]
    return same


def _groups(table: Any) -> tuple[Any, list[Group]]:
    institution, institutions = codes_of(table["institution"])
    key, keys = codes_of(table["key"])
    used, group = _ranked(institution.astype(np.int64) * max(len(keys), 1) + key, len(institutions) * len(keys))
    where, what = institutions.take(pa.array(used // max(len(keys), 1))), keys.take(pa.array(used % max(len(keys), 1)))
    return group.astype(np.int32), list(zip(where.to_pylist(), what.to_pylist(), strict=True))


def _ranked(numbers: Any, most: int) -> tuple[Any, Any]:
    """The numbers that occur, ascending, and the place of each among them. All are below `most`."""
    if most > 4 * len(numbers) + 1000:
        return np.unique(numbers, return_inverse=True)
    occurs = np.bincount(numbers, minlength=most) > 0
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[numbers]


def of_parts(series: Series, parts: Collection[str]) -> Series:
    """The rows of these parts."""
    kept = np.isin(series.part, [code for code, part in enumerate(series.parts) if part in parts])
    return series if kept.all() else series.rows(kept)


def inside(series: Series, window: Window) -> Any:
    """The rows within a window of time, as a mask."""
    return (series.time >= window.since) & (series.time < window.until)
