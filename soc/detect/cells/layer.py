"""What a rule counts, over what its children count: which events rest on which triggers, for all groups at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from soc.detect.cells.cell import Stamped, smallest
from soc.detect.cells.series import Series
from soc.detect.cells.triggers import timespan_of
from soc.detect.rules.rule import Rule


@dataclass(frozen=True)
class Below:
    """A child's layer, and its triggers as events of the layer above, whose codes begin with `first`.

    `places`: the group of each in the child's series. `made`: the id of the event that made it.
    """

    layer: Layer
    first: int
    places: Any
    made: Any


@dataclass(frozen=True)
class Layer:
    """What a rule counts, and where it triggers (a mask). `below`: the children by their part."""

    rule: Rule
    series: Series
    met: Any
    below: Mapping[int, Below]

    @cached_property
    def made(self) -> Any:
        """The id of each event in the series; of a child's trigger that of the event that made it."""
        if not self.below:
            return self.series.names
        children = sorted(self.below.values(), key=lambda below: below.first)
        plain = self.series.names.slice(0, children[0].first)
        return pa.concat_arrays([plain, *(below.made.cast(plain.type) for below in children)])

    @cached_property
    def _times(self) -> Any:
        return np.unique(self.series.time)

    @cached_property
    def _places(self) -> Any:
        """A number for each row that ascends: its group's share of the axis, and the rank of its moment."""
        return self._share(self.series.group) + np.searchsorted(self._times, self.series.time)

    def _share(self, groups: Any) -> Any:
        return groups.astype(np.int64) * (len(self._times) + 1)

    def behind(self, groups: Any, moments: Any) -> Any:
        """The rows in the windows behind these moments of these groups, ascending."""
        low = np.searchsorted(self._times, moments - timespan_of(self.rule))
        high = np.searchsorted(self._times, moments, side="right")
        starts, ends = (np.searchsorted(self._places, self._share(groups) + rank) for rank in (low, high))
        most = len(self.series) + 1
        return np.flatnonzero(np.cumsum(np.bincount(starts, minlength=most) - np.bincount(ends, minlength=most))[:-1])

    def layers(self) -> Iterator[Layer]:
        """This one and those below."""
        yield self
        for below in self.below.values():
            yield from below.layer.layers()

    def resting(self, groups: Any, moments: Any, owners: Any) -> Iterator[tuple[Layer, Any, Any]]:
        """The rows with events that triggers at these moments of these groups rest on, with the owner of each, layer by layer: a child's
        trigger rests on the windows behind it. `owners`: of each group of this layer.
        """
        rows = self.behind(groups, moments)
        part = self.series.part[rows]
        chained = np.isin(part, list(self.below))
        yield self, rows[~chained], owners[self.series.group[rows[~chained]]]
        for code, below in self.below.items():
            of_it = rows[part == code]
            places, whose = below.places[self.series.event[of_it] - below.first], owners[self.series.group[of_it]]
            for some in _one_owner_each(places, whose):
                theirs = np.zeros(len(below.layer.series.groups), np.int64)
                theirs[places[some]] = whose[some]
                yield from below.layer.resting(places[some], self.series.time[of_it[some]], theirs)


def _one_owner_each(places: Any, owners: Any) -> Iterator[Any]:
    """All rows in turns, as masks: in each a place has one owner."""
    if not len(places):
        return
    size = int(owners.max()) + 1
    pairs, which = np.unique(places.astype(np.int64) * size + owners, return_inverse=True)
    starts = np.flatnonzero(np.diff(pairs // size, prepend=-1))
    turn = (np.arange(len(pairs)) - np.repeat(starts, np.diff(np.append(starts, len(pairs)))))[which]
    for number in range(int(turn.max()) + 1):
        yield turn == number


class Tally:
    """Counts over a layer and those below it, an event once, whichever of them has it."""

    def __init__(self, top: Layer) -> None:
        self._top = top
        self._names = top.series.names
        self._numbers: dict[int, Any] = {id(top): None}
        layers = list(top.layers())
        if len(layers) > 1:
            names = pa.concat_arrays([layer.series.names for layer in layers]).dictionary_encode()
            ends = np.cumsum([len(layer.series.names) for layer in layers])[:-1]
            numbers = np.split(names.indices.to_numpy(), ends)
            self._names, self._numbers = names.dictionary, {id(layer): one for layer, one in zip(layers, numbers, strict=True)}

    def of(self, groups: Any, moments: Any) -> Mapping[int, tuple[int, tuple[Stamped, ...]]]:
        """By group of the layer: the messages that its triggers at these moments rest on, and the ten smallest (time, id)."""
        owner, time, event, times = (np.concatenate(column) for column in zip(*self._rows(groups, moments), strict=True))
        order = np.lexsort((time, event, owner))
        once = np.append(True, (np.diff(owner[order]) != 0) | (np.diff(event[order]) != 0))[: len(order)]
        order = order[once]
        order = order[np.lexsort((time[order], owner[order]))]
        owner, time, event, times = (column[order] for column in (owner, time, event, times))
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        ends = np.append(starts[1:], len(owner))
        counts = np.add.reduceat(times, starts).tolist()
        return {
            int(owner[start]): (count, smallest(time[start:end], event[start:end], self._names))
            for start, end, count in zip(starts.tolist(), ends.tolist(), counts, strict=True)
        }

    def _rows(self, groups: Any, moments: Any) -> Iterator[tuple[Any, Any, Any, Any]]:
        """Owner, time, number of the event, and how many messages it stands for, of each row."""
        for layer, rows, owners in self._top.resting(groups, moments, np.arange(len(self._top.series.groups))):
            numbers, events = self._numbers[id(layer)], layer.series.event[rows]
            yield owners, layer.series.time[rows], events if numbers is None else numbers[events], layer.series.times[rows]
