"""Batches that are judged together: what was found in them, until alerts and coverage of all are made true in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from soc.detect.alerts.evidence import Searched
from soc.detect.cells.cell import Cell
from soc.detect.hits.scan import Scan
from soc.match.hits import groups_of, joined
from soc.model import BatchRow
from soc.store.base import Tables

MOST_HITS = 100_000  # more cost less time and more memory
MOST_BATCHES = 32
MOST_GROUPS = 8_000  # of hits, each of which may become an alert
MOST_EVENTS = 4_000  # of evidence, that are objects at once


class Portion:
    """`rows`, `scans` and `held` (events at hand) by batch, in the order in which they were searched.

    `most`: hits that fill it; the batches that do grow with them.
    """

    def __init__(self, most: int = MOST_HITS) -> None:
        self._most = most
        self.rows: list[BatchRow] = []
        self.scans: list[Scan] = []
        self.held: list[Tables | None] = []
        self._groups: set[tuple[str, str, str]] = set()

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, row: BatchRow, scan: Scan, held: Tables | None) -> None:
        """One more batch."""
        self.rows.append(row)
        self.scans.append(scan)
        self.held.append(held)
        self._groups |= groups_of(scan.hits)

    @property
    def full(self) -> bool:
        """Whether it is time to make it true."""
        hits = sum(scan.hits.num_rows for scan in self.scans)
        return len(self) * MOST_HITS >= MOST_BATCHES * self._most or hits >= self._most or len(self._groups) >= MOST_GROUPS

    @property
    def again(self) -> bool:
        """Whether some event was read before."""
        return any(scan.again for scan in self.scans)

    @property
    def numbers(self) -> list[int]:
        return [row.number for row in self.rows]

    @cached_property
    def hits(self) -> Any:
        """Those of all batches, once all are added."""
        return joined([scan.hits for scan in self.scans])

    def looked_up(self) -> list[Searched]:
        """Where the events of its hits lie."""
        return [Searched(row.number, scan.hits, held) for row, scan, held in zip(self.rows, self.scans, self.held, strict=True)]

    def singles(self) -> Iterator[Portion]:
        """Each batch by itself."""
        for row, scan, held in zip(self.rows, self.scans, self.held, strict=True):
            one = Portion()
            one.add(row, scan, held)
            yield one


def in_turn(cells: Sequence[Cell]) -> Iterator[list[Cell]]:
    """The cells in parts, each to be made true in one transaction; one empty part where there are none."""
    part: list[Cell] = []
    events = 0
    for cell in cells:
        if events >= MOST_EVENTS:
            yield part
            part, events = [], 0
        part.append(cell)
        events += len(cell.evidence) + 2
    yield part
