"""Cuts as tests of segments: by what the manifest says of one, and by its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any

import numpy as np
import pyarrow as pa

from soc.condition.given import given
from soc.condition.tree import FALSE, TRUE
from soc.errors import ConditionError
from soc.fields import DATASET, TIME, Catalogue
from soc.match.matcher import Matcher
from soc.store.base import Cut
from soc.store.cuts import earliest, latest
from soc.store.segments.manifest.parquet import Span
from soc.text import json_digest


class Fate(Enum):
    """What the manifest tells of a segment."""

    STAYS = auto()  # with all of its events
    LOSES = auto()  # some of them, or all
    GOES = auto()  # with all of them
    OPEN = auto()  # its rows have to be looked at


class Sieve:
    """`columns`: what of a table the cuts read. `digest` is the same for the same conditions, whatever their moments."""

    def __init__(self, cuts: Sequence[Cut], catalogue: Catalogue) -> None:
        """Raises ConditionError, see `bind`."""
        self.cuts, self.earliest, self.latest = cuts, earliest(cuts), latest(cuts)
        self._catalogue = catalogue
        self._matcher = Matcher({str(place): cut.node for place, cut in enumerate(cuts)}, catalogue)
        for reason in self._matcher.failed.values():
            raise ConditionError(reason)
        self.columns = self._matcher.columns | {TIME}
        self.digest = json_digest([repr(cut.node) for cut in cuts])
        self._deciding: dict[str, list[Cut]] = {}

    def fate(self, parts: Mapping[str, Span]) -> Fate:
        """What becomes of a segment of these datasets with these spans of time."""
        fates = {self._fate(dataset, span) for dataset, span in parts.items()}
        if len(fates) == 1:
            return fates.pop()
        return Fate.LOSES if fates & {Fate.LOSES, Fate.GOES} else Fate.OPEN

    def _fate(self, dataset: str, span: Span) -> Fate:
        cuts = self._deciding_on(dataset)
        if all(cut.before <= span.first for cut in cuts):
            return Fate.STAYS
        if cuts[-1].node == TRUE and all(cut.before > span.last for cut in cuts):
            return Fate.GOES
        return Fate.LOSES if cuts[0].node == TRUE else Fate.OPEN

    def _deciding_on(self, dataset: str) -> list[Cut]:
        """What is left of the cuts for events of a dataset: only the last of them can be without a condition."""
        if dataset not in self._deciding:
            self._deciding[dataset] = found = []
            for cut in self.cuts:
                if (node := given(cut.node, {DATASET: dataset}, self._catalogue)) != FALSE:
                    found.append(Cut(cut.before, node))
                if node == TRUE:
                    break
        return self._deciding[dataset]

    def going(self, table: pa.Table) -> Any:
        """Which rows go, as an array of truth values."""
        limits = np.array([*(cut.before for cut in self.cuts), np.iinfo(np.int64).min])
        return _moments(table) < limits[self._places(table)]

    def oldest(self, table: pa.Table) -> list[int | None]:
        """Per cut the smallest @timestamp of the rows that it decides on; None where there are none."""
        moments, places = _moments(table), self._places(table)
        ages = (moments[places == place] for place in range(len(self.cuts)))
        return [int(some.min()) if len(some) else None for some in ages]

    def _places(self, table: pa.Table) -> Any:
        """Per row the place of the cut that decides on it, which is behind the last one where none does."""
        found = self._matcher.match(table)
        places = np.full(table.num_rows, len(self.cuts))
        for place in reversed(range(len(self.cuts))):
            places[found.get(str(place), [])] = place
        return places


def _moments(table: pa.Table) -> Any:
    return table[TIME].cast(pa.int64()).to_numpy()
