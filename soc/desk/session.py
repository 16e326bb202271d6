"""What every part of a transaction shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Insert, Table, insert

T = TypeVar("T")
CHUNK = 500  # values in one IN (...): far below every database's limit


@dataclass(slots=True)
class Touched:
    """Ids of alerts and cases that were written, or of some that it was tried to write."""

    alerts: set[str] = field(default_factory=set)
    cases: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.alerts or self.cases)

    def add(self, other: Touched) -> None:
        self.alerts |= other.alerts
        self.cases |= other.cases

    def clear(self) -> None:
        self.alerts, self.cases = set(), set()


class Session:
    """One open transaction, and what it has touched."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.touched = connection, Touched()
        self.totals: Counter[str] = Counter()  # see `soc.desk.sums`: what each changes by

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """What is written inside is taken back when the block raises; the transaction goes on."""
        before = self.totals.copy()
        try:
            with self.connection.begin_nested():
                yield
        except BaseException:
            self.totals = before
            raise

    def put(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Inserts rows; none is no statement."""
        statement: Insert = insert(table)
        if rows:
            self.connection.execute(statement, rows)


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The items in lists of at most `size`, in order."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def digest(*parts: str | bytes) -> str:
    """BLAKE2b-128 in hexadecimal over the parts, each preceded by its length, so that no two lists of parts are alike."""
    state = blake2b(digest_size=16)
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        state.update(len(raw).to_bytes(8, "big"))
        state.update(raw)
    return state.hexdigest()
