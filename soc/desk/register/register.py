"""The batch register of a store that several machines write, in the desk: see `soc.batches.Register`.

Whoever wakes after its lease has run out may find its batch taken over; the token shows that, and then nothing of it counts.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from soc.batches import OpenBatch, Stretch, Unfinished
from soc.desk.database.schema import batches, stores
from soc.desk.desk import Desk
from soc.desk.register.register_order import check_claim, check_turn, ends_of, has_lapsed, later_than, remains
from soc.desk.register.register_rows import (
    NEW,
    add_to_feeds,
    batch_of,
    change_batch,
    closed,
    end_batch,
    forget_stretches,
    open_batch_of,
    put_batch,
    put_sources,
    read_batch,
    read_feeds,
    read_line,
    read_numbered,
    read_sources,
    read_unfinished,
    targets_of,
    tell_batch,
    unfinished_of,
    unread,
)
from soc.errors import Busy, Conflict, DeskError, UsageError
from soc.model import BatchRow, FeedState, SourceState
from soc.times import iso


def make_register(desk: Desk, *, now: int, store: str | None = None) -> DeskRegister:
    """A register for a new store, whose id is random unless given. Raises UsageError when that id has one."""
    id = store or secrets.token_hex(8)
    with desk.write() as tx:
        if tx.connection.execute(select(stores.c.id).where(stores.c.id == id)).scalar() is not None:
            raise UsageError(f"{desk.place}: store {id} has a register\n  open it")
        tx.connection.execute(insert(stores).values(id=id, made_at=now, last=0))
    return DeskRegister(desk, id)


def forget_register(desk: Desk, store: str) -> None:
    """Takes away a register under which nothing was begun: the store got another id."""
    with desk.write() as tx:
        tx.connection.execute(delete(stores).where(stores.c.id == store, stores.c.last == 0))


def open_register(desk: Desk, store: str) -> DeskRegister:
    """The register of a store. Raises DeskError when this desk has none for it."""
    with desk.read() as tx:
        known = tx.connection.execute(select(stores.c.id).where(stores.c.id == store)).scalar()
    if known is None:
        raise _unknown(desk, store)
    return DeskRegister(desk, store)


def registered_stores(desk: Desk) -> list[tuple[str, int]]:
    """The stores whose register is in this desk: id and when it was made, oldest first."""
    with desk.read() as tx:
        return [(row.id, row.made_at) for row in tx.connection.execute(select(stores).order_by(stores.c.made_at, stores.c.id))]


class DeskRegister:
    """See `soc.batches.Register`."""

    def __init__(self, desk: Desk, store: str) -> None:
        self._desk, self.store = desk, store

    def begin(
        self, writer: str, stretches: Sequence[Stretch], targets: Mapping[str, str], *, now: int, lease: int, events: int = 0
    ) -> OpenBatch:
        parts = _parts(stretches)
        with self._desk.write() as tx:
            check_claim(tx.connection, self.store, writer, parts, now)
            absorbs = remains(tx.connection, self.store, parts)
            number = self._next(tx.connection)
            batch = OpenBatch(self.store, number, secrets.token_hex(8), writer, now + lease, parts, dict(targets), events, absorbs)
            put_batch(tx.connection, batch, root=number, now=now)
        return batch

    def claim(
        self, number: int, token: str, stretches: Sequence[Stretch], targets: Mapping[str, str], *, now: int, lease: int, events: int
    ) -> OpenBatch:
        parts = _parts(stretches)
        with self._desk.write() as tx:
            batch = open_batch_of(tx.connection, self._ours(tx.connection, number, token))
            if batch.stretches not in ((), parts):
                raise UsageError(f"batch {number} was begun for other positions\n  the rest is the next batch's")
            if not batch.stretches:
                check_claim(tx.connection, self.store, batch.writer, parts, now)
            absorbs = remains(tx.connection, self.store, parts)
            known = {name: place for old in absorbs for name, place in targets_of(self._row(tx.connection, old)).items()}
            claimed = replace(
                batch,
                expires_at=now + lease,
                stretches=parts,
                targets={**targets, **known, **batch.targets},
                events=events,
                absorbs=absorbs,
            )
            tell_batch(tx.connection, claimed, afresh=not batch.stretches)
        return claimed

    def renew(self, number: int, token: str, *, now: int, lease: int) -> OpenBatch:
        with self._desk.write() as tx:
            batch = open_batch_of(tx.connection, self._ours(tx.connection, number, token))
            here = (batches.c.store == self.store, batches.c.number == number)
            tx.connection.execute(update(batches).where(*here).values(expires_at=now + lease))
        return replace(batch, expires_at=now + lease)

    def close(
        self,
        number: int,
        token: str,
        *,
        events: int,
        first: int | None,
        last: int | None,
        feeds: Sequence[FeedState],
        now: int,
        states: Sequence[SourceState] | None = None,
    ) -> BatchRow:
        with self._desk.write() as tx:
            row = self._ours(tx.connection, number, token)
            parts = open_batch_of(tx.connection, row).stretches
            ends = ends_of(number, parts, states)
            check_turn(tx.connection, row, parts)
            span = {"events": events, "first": first, "last": last}
            end_batch(tx.connection, self.store, number, state="closed", closed_at=now, **span)
            put_sources(tx.connection, self.store, ends)
            add_to_feeds(tx.connection, self.store, feeds, now)
            return batch_of(self._row(tx.connection, number))

    def abandon(self, number: int, token: str) -> None:
        with self._desk.write() as tx:
            row = self._ours(tx.connection, number, token)
            if later := later_than(tx.connection, row, open_batch_of(tx.connection, row).stretches):
                raise Busy(f"batch {number}: batch {later[-1]}, which follows it, is open\n  abandon that first")
            change_batch(tx.connection, self.store, number, state="abandoned")  # its stretches stay whole: it may be salvaged

    def take_over(self, number: int, writer: str, *, now: int, lease: int) -> OpenBatch:
        with self._desk.write() as tx:
            row = self._row(tx.connection, number)
            if row.state != "open":
                raise Conflict(f"batch {number} is {row.state}\n  nothing is to be done")
            old = open_batch_of(tx.connection, row)
            heir = replace(old, absorbs=tuple(sorted({number, *old.absorbs})))
            return self._heir(tx.connection, row, heir, writer, now=now, lease=lease)

    def salvage(self, number: int, writer: str, *, now: int, lease: int) -> OpenBatch:
        with self._desk.write() as tx:
            begun = self._row(tx.connection, number)
            line = read_line(tx.connection, begun)
            row = line[-1]
            if row.number not in {left.number for left in read_unfinished(tx.connection, self.store)}:
                said = "is closed" if begun.state == "closed" else "was salvaged, or its lines are read on by another batch"
                raise Conflict(f"batch {number} {said}\n  nothing is to be done; soc status names those that were left unfinished")
            waiting = unread(tx.connection, self.store, [row.number]).get(row.number, set())
            old = open_batch_of(tx.connection, row)
            parts = _rest(old.stretches, waiting, read_sources(tx.connection, self.store, None))
            numbers = tuple(one.number for one in line)  # what else it absorbs has lines of its own: that is left to be salvaged by itself
            return self._heir(tx.connection, row, replace(old, stretches=parts, absorbs=numbers), writer, now=now, lease=lease)

    def settle(
        self, number: int, token: str, *, events: int, first: int | None, last: int | None, feeds: Sequence[FeedState], now: int
    ) -> BatchRow:
        with self._desk.write() as tx:
            self._ours(tx.connection, number, token)
            forget_stretches(tx.connection, self.store, number)
            end_batch(tx.connection, self.store, number, state="closed", closed_at=now, events=events, first=first, last=last)
            add_to_feeds(tx.connection, self.store, feeds, now)
            return batch_of(self._row(tx.connection, number))

    def expired(self, now: int) -> list[OpenBatch]:
        query = select(batches).where(batches.c.store == self.store, batches.c.state == "open").order_by(batches.c.number)
        with self._desk.read() as tx:
            rows = [row for row in tx.connection.execute(query).all() if has_lapsed(row, now)]
            return [open_batch_of(tx.connection, row) for row in rows]

    def unfinished(self, now: int) -> list[Unfinished]:
        with self._desk.read() as tx:
            return [unfinished_of(row, lapsed=has_lapsed(row, now)) for row in read_unfinished(tx.connection, self.store)]

    def batch(self, number: int) -> BatchRow:
        with self._desk.read() as tx:
            return batch_of(self._row(tx.connection, number))

    def batches(self, after: int = 0) -> list[BatchRow]:
        with self._desk.read() as tx:
            return [batch_of(row) for row in tx.connection.execute(closed(self.store, after))]

    def numbered(self, numbers: Collection[int]) -> list[BatchRow]:
        with self._desk.read() as tx:
            rows = read_numbered(tx.connection, self.store, numbers)
        return sorted((batch_of(row) for row in rows if row.state == "closed"), key=lambda row: row.number)

    def targets(self, numbers: Collection[int]) -> set[str]:
        with self._desk.read() as tx:
            rows = read_numbered(tx.connection, self.store, numbers)
        return {place for row in rows for place in targets_of(row).values()}

    def lower(self, number: int, events: int, *, first: int | None = None, last: int | None = None) -> BatchRow:
        with self._desk.write() as tx:
            batch = batch_of(self._row(tx.connection, number))
            if batch.state != "closed":
                raise Conflict(f"batch {number} is {batch.state}\n  only what a closed batch holds can grow less")
            left = max(0, min(batch.events, events))
            span = (batch.first if first is None else first, batch.last if last is None else last) if left else (None, None)
            end_batch(tx.connection, self.store, number, events=left, first=span[0], last=span[1])
        return replace(batch, events=left, first=span[0], last=span[1])

    def sources(self, feed: str | None = None) -> list[SourceState]:
        with self._desk.read() as tx:
            return read_sources(tx.connection, self.store, feed)

    def feeds(self) -> list[FeedState]:
        with self._desk.read() as tx:
            return read_feeds(tx.connection, self.store)

    def _row(self, connection: Connection, number: int) -> Row[Any]:
        row = read_batch(connection, self.store, number)
        if row is None:
            raise UsageError(f"store {self.store} has no batch {number}")
        return row

    def _ours(self, connection: Connection, number: int, token: str) -> Row[Any]:
        row = self._row(connection, number)
        if row.state != "open" or row.token != token:
            held = f"is {row.state}" if row.state != "open" else f"belongs to {row.writer}"
            raise Conflict(f"batch {number} {held}: it is not this writer's any more\n  drop it, and read on from the committed positions")
        return row

    def _heir(self, connection: Connection, row: Row[Any], heir: OpenBatch, writer: str, *, now: int, lease: int) -> OpenBatch:
        """A new batch like this one, in place of that in the row, which becomes abandoned. Raises Busy while somebody writes that."""
        if row.state == "open" and not has_lapsed(row, now):
            raise Busy(f"batch {row.number} is being written by {row.writer}, until {iso(row.expires_at)} at the latest\n  wait for it")
        end_batch(connection, self.store, row.number, state="abandoned")
        new = replace(heir, number=self._next(connection), token=secrets.token_hex(8), writer=writer, expires_at=now + lease)
        put_batch(connection, new, root=row.root, now=now)
        return new

    def _next(self, connection: Connection) -> int:
        here = stores.c.id == self.store
        last = connection.execute(select(stores.c.last).where(here)).scalar()
        if last is None:
            raise _unknown(self._desk, self.store)
        connection.execute(update(stores).where(here).values(last=last + 1))
        return int(last) + 1


def _parts(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    parts = tuple(sorted(stretches, key=lambda part: part.end.id))
    if len({part.end.id for part in parts}) < len(parts):
        raise UsageError("a batch takes in one stretch of a source\n  join them")
    return parts


def _rest(stretches: Sequence[Stretch], waiting: Collection[str], committed: Sequence[SourceState]) -> tuple[Stretch, ...]:
    """The stretches of these sources, without what is committed of them."""
    known = {state.id: state for state in committed}
    starts = {part.end.id: max(part.start, known.get(part.end.id), key=_position) for part in stretches}
    return tuple(Stretch(starts[part.end.id], part.end) for part in stretches if part.end.id in waiting)


def _position(state: SourceState | None) -> int:
    return state.position if state else NEW


def _unknown(desk: Desk, store: str) -> DeskError:
    return DeskError(f"{desk.place}: has no register of store {store}\n  name the desk that it was made with, or make one with: soc init")
