"""Which batch may follow which: the open batches of a source go on from its committed position without a gap, in order of `root`.

A batch that takes over another has its root, hence its place in the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

from soc.batches import Stretch
from soc.desk.database.damage import whole
from soc.desk.register.register_rows import NEW, absorbs_of, positions, stretches_in
from soc.desk.runs.processes import is_gone
from soc.errors import Busy, Conflict, UsageError
from soc.leases import is_over
from soc.model import SourceState
from soc.times import iso


def check_claim(connection: Connection, store: str, writer: str, parts: Sequence[Stretch], now: int) -> None:
    """Raises Busy when another writer has one of the sources, Conflict when a stretch does not start where it has to."""
    ids = {part.end.id for part in parts}
    expected = positions(connection, store, ids)
    for row in stretches_in(connection, store, "open", ids):
        if row.writer != writer:
            repair = "take that batch over first" if has_lapsed(row, now) else "wait for it"
            until = f"until {iso(row.expires_at)} at the latest"
            said = f"source {row.source} is being read by {row.writer}, batch {row.number}, {until}\n  {repair}"
            raise Busy(said, sources=[row.source])
        expected[row.source] = row.until
    _check_starts(parts, expected)


def has_lapsed(batch: Row[Any], now: int) -> bool:
    """Whether others may take an open batch over: its lease has run out, or its writer was a process of this machine that is gone."""
    with whole("batches", batch.number):
        return is_over(batch.expires_at, now) or is_gone(batch.writer)


def check_turn(connection: Connection, batch: Row[Any], parts: Sequence[Stretch]) -> None:
    """Raises Busy while an earlier batch of a source is open, Conflict when a stretch does not start at the committed position."""
    ids = {part.end.id for part in parts}
    earlier = [row.number for row in stretches_in(connection, batch.store, "open", ids) if row.root < batch.root]
    if earlier:
        raise Busy(f"batch {batch.number}: batch {earlier[0]}, which it follows, is still open\n  close or take over that first")
    _check_starts(parts, positions(connection, batch.store, ids))


def later_than(connection: Connection, batch: Row[Any], parts: Sequence[Stretch]) -> list[int]:
    """The open batches that follow this one along a source, in order."""
    rows = stretches_in(connection, batch.store, "open", {part.end.id for part in parts})
    return [row.number for row in rows if row.root > batch.root]


def remains(connection: Connection, store: str, parts: Sequence[Stretch]) -> tuple[int, ...]:
    """Abandoned batches under whose number events of these stretches may lie, and what those absorb; by number."""
    wanted = {part.end.id: part for part in parts}
    found: set[int] = set()
    for row in stretches_in(connection, store, "abandoned", wanted):
        part = wanted[row.source]
        if row.since < part.end.position and _start(part) < row.until:
            found |= {row.number, *absorbs_of(row)}
    return tuple(sorted(found))


def ends_of(number: int, parts: Sequence[Stretch], states: Sequence[SourceState] | None) -> list[SourceState]:
    """The states to commit: those given, else those begun. Raises UsageError when they are of other positions."""
    begun = [part.end for part in parts]
    if states is None:
        return begun
    ends = sorted(states, key=lambda state: state.id)
    if [(end.id, end.position) for end in ends] != [(end.id, end.position) for end in begun]:
        raise UsageError(f"batch {number} was begun for other positions\n  close it with those; the rest is the next batch's")
    return ends


def _check_starts(parts: Sequence[Stretch], expected: dict[str, int]) -> None:
    for part in parts:
        start, known = _start(part), expected.get(part.end.id, NEW)
        if start != known:
            said, wanted = (f"from {at}" if at != NEW else "as a new one" for at in (start, known))
            told = f"source {part.end.id} is read {said}, but is to be read {wanted}\n  drop what was read, and read on from there"
            raise Conflict(told, sources=[part.end.id])


def _start(part: Stretch) -> int:
    return part.start.position if part.start else NEW
