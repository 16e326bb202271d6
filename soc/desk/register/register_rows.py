"""The rows of the batch register as the nouns of `soc.model`, and back. Each function runs inside the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, func, insert, select, update

from soc.batches import OpenBatch, Stretch, Unfinished
from soc.desk.database.damage import read_json, sound, whole
from soc.desk.database.schema import batches, feeds, sources, stretches
from soc.desk.database.session import chunks
from soc.model import BatchRow, FeedState, SourceState

NEW = -1  # where a source is of which nothing is committed
NOWHERE, NONE = b"{}", b"[]"  # no targets, nothing absorbed: as they are stored
_FEED = ("feed", "dataset", "events", "first_ingested", "last_ingested", "last_time")


def read_batch(connection: Connection, store: str, number: int) -> Row[Any] | None:
    """The row of a batch, whatever its state, or None."""
    return connection.execute(select(batches).where(batches.c.store == store, batches.c.number == number)).one_or_none()


def read_numbered(connection: Connection, store: str, numbers: Collection[int]) -> list[Row[Any]]:
    """The rows of these batches, as far as there are such, whatever their state."""
    query = select(batches).where(batches.c.store == store)
    return [row for part in chunks(sorted(numbers)) for row in connection.execute(query.where(batches.c.number.in_(part)))]


def read_unfinished(connection: Connection, store: str) -> list[Row[Any]]:
    """Batches that may hold events of which no closed batch knows, by number: open ones, and abandoned ones of which some lines wait."""
    here = select(batches).where(batches.c.store == store).order_by(batches.c.number)
    rows = connection.execute(here.where(batches.c.state != "closed", batches.c.targets != NOWHERE)).all()
    if not rows:
        return []
    heirs = connection.execute(here.where(batches.c.state != "abandoned", batches.c.absorbs != NONE)).all()
    readers = _with_stretches(connection, store, [heir.number for heir in heirs])
    waiting = unread(connection, store, [row.number for row in rows]).keys()
    settled = {
        old
        for heir in heirs
        for old in absorbs_of(heir)
        if heir.state == "open" or heir.number not in readers or old not in waiting  # closed without stretches: it was salvaged
    }
    return [row for row in rows if row.number not in settled]


def unread(connection: Connection, store: str, numbers: Collection[int]) -> dict[int, set[str]]:
    """The sources of these batches that are not committed to the end of what the batch takes in, by batch."""
    same = and_(sources.c.store == stretches.c.store, sources.c.id == stretches.c.source)
    query = select(stretches.c.number, stretches.c.source).outerjoin(sources, same).where(stretches.c.store == store)
    behind = query.where(stretches.c.until > func.coalesce(sources.c.position, NEW))
    found: dict[int, set[str]] = {}
    for part in chunks(sorted(numbers)):
        for row in connection.execute(behind.where(stretches.c.number.in_(part))):
            found.setdefault(row.number, set()).add(row.source)
    return found


def _with_stretches(connection: Connection, store: str, numbers: Collection[int]) -> set[int]:
    query = select(stretches.c.number).distinct().where(stretches.c.store == store)
    return {row.number for part in chunks(sorted(numbers)) for row in connection.execute(query.where(stretches.c.number.in_(part)))}


def read_line(connection: Connection, row: Row[Any]) -> Sequence[Row[Any]]:
    """The batches of which each took over the one before, this one among them."""
    query = select(batches).where(batches.c.store == row.store, batches.c.root == row.root).order_by(batches.c.number)
    return connection.execute(query).all()


def unfinished_of(row: Row[Any], *, lapsed: bool) -> Unfinished:
    """What is told of a batch that never closed."""
    sound(row, batches, row.store, row.number)
    return Unfinished(row.number, row.state, row.writer, row.events, row.begun_at, row.expires_at, lapsed or row.state == "abandoned")


def put_batch(connection: Connection, batch: OpenBatch, *, root: int, now: int) -> None:
    """A new row, open, with its stretches."""
    connection.execute(insert(batches).values(**_plain(batch), root=root, state="open", begun_at=now))
    _put_stretches(connection, batch)


def tell_batch(connection: Connection, batch: OpenBatch, *, afresh: bool) -> None:
    """Changes an open row to what this says; `afresh`: it had no stretches."""
    here = (batches.c.store == batch.store, batches.c.number == batch.number)
    connection.execute(update(batches).where(*here).values(**_plain(batch)))
    if afresh:
        _put_stretches(connection, batch)


def _plain(batch: OpenBatch) -> dict[str, Any]:
    plain = {name: getattr(batch, name) for name in ("store", "number", "token", "writer", "expires_at", "events")}
    return plain | {"targets": json.dumps(dict(batch.targets)).encode(), "absorbs": json.dumps(batch.absorbs).encode()}


def _put_stretches(connection: Connection, batch: OpenBatch) -> None:
    if batch.stretches:
        connection.execute(insert(stretches), [_stretch_row(batch, stretch) for stretch in batch.stretches])


def end_batch(connection: Connection, store: str, number: int, **values: Any) -> None:
    """Changes a row that is open no longer; of its stretches the positions stay."""
    change_batch(connection, store, number, **values)
    connection.execute(update(stretches).where(stretches.c.store == store, stretches.c.number == number).values(start=None, end=None))


def change_batch(connection: Connection, store: str, number: int, **values: Any) -> None:
    """Changes a row, and nothing of its stretches."""
    connection.execute(update(batches).where(batches.c.store == store, batches.c.number == number).values(**values))


def forget_stretches(connection: Connection, store: str, number: int) -> None:
    """A batch takes in nothing of its sources any more."""
    connection.execute(delete(stretches).where(stretches.c.store == store, stretches.c.number == number))


def closed(store: str, after: int) -> Select[Any]:
    """Closed batches with a number above `after`, by number."""
    return select(batches).where(batches.c.store == store, batches.c.state == "closed", batches.c.number > after).order_by(batches.c.number)


def batch_of(row: Row[Any]) -> BatchRow:
    """The batch that a row holds. Raises DeskError for one that is damaged."""
    sound(row, batches, row.store, row.number)
    plain = (row.store, row.number, row.state, row.events, row.first, row.last, row.closed_at)
    return BatchRow(*plain, absorbs_of(row))


def open_batch_of(connection: Connection, row: Row[Any]) -> OpenBatch:
    """The open batch that a row holds, with its stretches. Raises DeskError for one that is damaged."""
    sound(row, batches, row.store, row.number)
    query = select(stretches).where(stretches.c.store == row.store, stretches.c.number == row.number).order_by(stretches.c.source)
    parts = tuple(_stretch(part) for part in connection.execute(query))
    return OpenBatch(row.store, row.number, row.token, row.writer, row.expires_at, parts, targets_of(row), row.events, absorbs_of(row))


def targets_of(row: Row[Any]) -> dict[str, str]:
    """Where the events of the batch in this row go, by dataset."""
    with whole("batches", row.store, row.number):
        found: dict[str, str] = read_json(row.targets, dict)
    return found


def absorbs_of(row: Row[Any]) -> tuple[int, ...]:
    """The numbers that the batch in this row absorbs, in order."""
    with whole("batches", row.store, row.number):
        return tuple(int(number) for number in read_json(row.absorbs, list))


def stretches_in(connection: Connection, store: str, state: str, ids: Collection[str]) -> list[Row[Any]]:
    """The stretches of these sources in batches of a state, along each source; with `root`, `writer`, `expires_at` and `absorbs`."""
    of_batch = and_(batches.c.store == stretches.c.store, batches.c.number == stretches.c.number)
    columns = (batches.c.root, batches.c.writer, batches.c.expires_at, batches.c.absorbs)
    query = select(stretches, *columns).join(batches, of_batch).where(batches.c.store == store, batches.c.state == state)
    parts = (connection.execute(query.where(stretches.c.source.in_(part))) for part in chunks(sorted(ids)))
    return sorted((row for rows in parts for row in rows), key=lambda row: (row.root, row.number, row.source))


def positions(connection: Connection, store: str, ids: Iterable[str]) -> dict[str, int]:
    """The committed position of each of these sources that has one."""
    query = select(sources.c.id, sources.c.position).where(sources.c.store == store)
    parts = (connection.execute(query.where(sources.c.id.in_(part))) for part in chunks(sorted(ids)))
    return {row.id: row.position for rows in parts for row in rows}


def put_sources(connection: Connection, store: str, states: Sequence[SourceState]) -> None:
    """Each state replaces the one its source had."""
    for part in chunks(state.id for state in states):
        connection.execute(delete(sources).where(sources.c.store == store, sources.c.id.in_(part)))
    if states:
        rows = [{"store": store, "id": s.id, "feed": s.feed, "position": s.position, "state": state_bytes(s)} for s in states]
        connection.execute(insert(sources), rows)


def read_sources(connection: Connection, store: str, feed: str | None) -> list[SourceState]:
    """The committed states, of one feed or of all, by id. Raises DeskError for a damaged row."""
    query = select(sources.c.id, sources.c.state).where(sources.c.store == store).order_by(sources.c.id)
    rows = connection.execute(query if feed is None else query.where(sources.c.feed == feed))
    return [state_of(row.state, "sources", store, row.id) for row in rows]


def add_to_feeds(connection: Connection, store: str, states: Sequence[FeedState], now: int) -> None:
    """Adds what a batch brought that becomes true `now`."""
    known = {(state.feed, state.dataset): state for state in read_feeds(connection, store)}
    for state in states:
        place = (state.feed, state.dataset)
        connection.execute(delete(feeds).where(feeds.c.store == store, feeds.c.feed == state.feed, feeds.c.dataset == state.dataset))
        known[place] = known[place].and_then(state, now) if place in known else state
        connection.execute(insert(feeds).values(store=store, **asdict(known[place])))


def read_feeds(connection: Connection, store: str) -> list[FeedState]:
    """What was ever committed, by feed and dataset."""
    query = select(*(feeds.c[name] for name in _FEED)).where(feeds.c.store == store).order_by(feeds.c.feed, feeds.c.dataset)
    return [FeedState(*sound(row, feeds, store, row.feed, row.dataset)) for row in connection.execute(query)]


def state_bytes(state: SourceState) -> bytes:
    """A source's state as it is stored: ASCII, so that a path of any bytes fits."""
    return json.dumps(asdict(state)).encode("ascii")


def state_of(raw: bytes, table: str, *row: object) -> SourceState:
    """What `state_bytes` wrote. Raises DeskError, naming the row, for anything else."""
    with whole(table, *row):
        state = json.loads(raw)
        return SourceState(**{**state, "preamble": tuple(state["preamble"])})


def _stretch_row(batch: OpenBatch, stretch: Stretch) -> dict[str, Any]:
    start, end = stretch.start, stretch.end
    place = {"store": batch.store, "number": batch.number, "source": end.id}
    return place | {
        "since": start.position if start else NEW,
        "until": end.position,
        "start": state_bytes(start) if start else None,
        "end": state_bytes(end),
    }


def _stretch(row: Row[Any]) -> Stretch:
    place = ("stretches", row.store, row.number, row.source)
    with whole(*place):
        return Stretch(state_of(row.start, *place) if row.start is not None else None, state_of(row.end, *place))
