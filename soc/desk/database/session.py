"""What every part of a transaction shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, Insert, Table, insert
from sqlalchemy.dialects import postgresql, sqlite

from soc.text import measured

T = TypeVar("T")
MANY = 8  # rows from which an insertion is made plain
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
        self.totals: Counter[str] = Counter()  # see `soc.desk.database.sums`: what each changes by

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
        """Inserts rows, all of the same columns; none is no statement."""
        self._insert(insert(table), rows)

    def put_missing(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """As `put`; a row whose key is there already stays as it is."""
        dialect = sqlite if self.connection.dialect.name == "sqlite" else postgresql
        self._insert(dialect.insert(table).on_conflict_do_nothing(), rows)

    def _insert(self, statement: Insert, rows: Sequence[Mapping[str, Any]]) -> None:
        if len(rows) >= MANY and self.connection.dialect.name == "sqlite":
            text, values = _plain(statement, tuple(rows[0]))
            self.connection.exec_driver_sql(text, list(map(values, rows)))
        elif rows:
            self.connection.execute(statement, rows)


def _plain(statement: Insert, names: tuple[str, ...]) -> tuple[str, Callable[[Mapping[str, Any]], tuple[Any, ...]]]:
    """An insertion as SQLite takes it, and what makes its values of a row.

    SQLite takes our values as they are: for SQLAlchemy to look at each of them takes longer than to insert them.
    """
    compiled = statement.compile(dialect=sqlite.dialect(), column_keys=list(names))
    return str(compiled), itemgetter(*(compiled.positiontup or ()))


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The items in lists of at most `size`, in order."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def digest(*parts: str | bytes) -> str:
    """BLAKE2b-128 in hexadecimal over the parts."""
    return blake2b(measured(*parts), digest_size=16).hexdigest()
