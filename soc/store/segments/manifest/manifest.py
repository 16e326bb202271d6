"""The manifest: what is true of a store, in one SQLite file (WAL, synchronous=FULL).

A transaction here is what makes a batch, the position that it reached and its file true together.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from soc.errors import Busy, StoreError
from soc.store.segments.manifest.layout import storage_error
from soc.store.segments.manifest.schema import TABLES, VERSION

WAIT_SECONDS = 30.0
Row = tuple[Any, ...]
_NEXT = "INSERT INTO meta VALUES ('generation', '1') ON CONFLICT(key) DO UPDATE SET value = value + 1 RETURNING value"


class Manifest:
    """One open connection. All errors of SQLite come out as StoreError or Busy.

    `asked`: how many transactions it was asked to commit. One that raised then may have become true.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        """Raises StoreError: no manifest, not ours, of a newer schema, unreadable."""
        self.path, self.asked = path, 0
        if not create and not path.exists():
            raise StoreError(f"{path.parent}: no event store here\n  make one with: soc init")
        with self._errors():
            self._connection = _connect(path)
            self._prepare(create)

    def _prepare(self, create: bool) -> None:
        if create:
            self._make()
        version = self.value("PRAGMA user_version")
        if version == 0:
            raise StoreError(
                f"{self.path}: is no manifest of an event store\n  restore it from a backup, or name another folder with --home"
            )
        if version > VERSION:
            raise StoreError(
                f"{self.path}: schema {version} is newer than this soc, which knows {VERSION}\n  install the soc that wrote it"
            )

    def _make(self) -> None:
        """What nobody has made: of several that make a store at once the first does, and the others wait."""
        if self.rows("SELECT 1 FROM sqlite_master LIMIT 1"):
            return
        self._connection.execute("PRAGMA journal_mode=WAL")
        with self.transaction():
            if self.rows("SELECT 1 FROM sqlite_master LIMIT 1"):
                return
            for statement in TABLES.split(";\n"):
                self._connection.execute(statement)
            self.run("INSERT INTO meta VALUES ('id', ?)", secrets.token_hex(8))
            self._connection.execute(f"PRAGMA user_version={VERSION}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is run inside becomes true together, or not at all. Where COMMIT itself raises only who opens the manifest next can tell."""
        with self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.asked += 1
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is read inside was true at one moment."""
        with self._errors():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("COMMIT")

    def rows(self, statement: str, *values: Any) -> list[Row]:
        with self._errors():
            return self._connection.execute(statement, values).fetchall()

    def value(self, statement: str, *values: Any) -> Any:
        """The only value of the only row, or None when there is no row."""
        found = self.rows(statement, *values)
        return found[0][0] if found else None

    def run(self, statement: str, *values: Any) -> int:
        """Runs a change; returns the id of the row inserted."""
        with self._errors():
            return self._connection.execute(statement, values).lastrowid or 0

    def run_many(self, statement: str, rows: Sequence[Row]) -> None:
        with self._errors():
            self._connection.executemany(statement, rows)

    def meta(self, key: str) -> str | None:
        found: str | None = self.value("SELECT value FROM meta WHERE key = ?", key)
        return found

    def number(self, key: str) -> int | None:
        """As `meta`. Raises StoreError when it is no number."""
        found = self.meta(key)
        return None if found is None else _number(self.path, key, found)

    def set_meta(self, key: str, value: str) -> None:
        self.run("INSERT INTO meta VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", key, value)

    def generation(self) -> int:
        """The last one that a file was made under; 0: none."""
        return self.number("generation") or 0

    def next_generation(self) -> int:
        """A new one, durable when this returns. What a commit that failed may have left in the log can no longer come true then."""
        with self._errors():
            ((text,),) = self._connection.execute(_NEXT).fetchall()
        return _number(self.path, "generation", text)

    def faults(self, *, deep: bool = False) -> list[str]:
        """What SQLite's own check finds wrong; empty when nothing is. `deep`: indices and references, too."""
        found = [row[0] for row in self.rows(f"PRAGMA {'integrity' if deep else 'quick'}_check(5)")]
        strays = Counter((row[0], row[2]) for row in self.rows("PRAGMA foreign_key_check")) if deep else {}
        return [
            *(f"{self.path}: {fault}" for fault in found if fault != "ok"),
            *(f"{self.path}: table {table}: {count} rows speak of no row of table {parent}" for (table, parent), count in strays.items()),
        ]

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise Busy(
                    f"{self.path}: another process holds it for longer than {WAIT_SECONDS:.0f} s\n  wait for it, or see: soc doctor"
                ) from error
            raise storage_error(error, self.path) from error
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{self.path}: {error}\n  restore it from a backup; the segments beside it are whole Parquet files") from error


def _number(path: Path, key: str, text: str) -> int:
    if type(text) is not str or not text.isdecimal():
        raise StoreError(f"{path}: table meta, row {key}: is damaged: {str(text)[:40]!r} is no number\n  restore it from a backup")
    return int(text)


def _connect(path: Path) -> sqlite3.Connection:
    try:
        return _opened(str(path), uri=False)
    except sqlite3.OperationalError:
        # a reader that may not write cannot make the shared memory that a log needs; without a log nobody writes and none is needed
        if (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)) or path.with_name(f"{path.name}-wal").exists():
            raise
        return _opened(f"{path.absolute().as_uri()}?immutable=1", uri=True)


def _opened(name: str, *, uri: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(name, isolation_level=None, timeout=WAIT_SECONDS, check_same_thread=False, uri=uri)
    try:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
