"""Connections to the desk's database: writers come one after the other, readers see the moment they began and never wait.

SQLite: BEGIN IMMEDIATE; WAL. PostgreSQL: an advisory lock of the transaction, taken before its first statement; READ COMMITTED, so that
each statement sees what the writer before committed; readers REPEATABLE READ. A writer of which nothing is heard for `IDLE_SECONDS`
is ended by the server: a machine that died, or a process that was stopped, keeps no other waiting for longer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from soc.desk.database.place import driver_faults, is_file

IDLE_SECONDS = 60
WRITERS = 0x736F635F6465736B  # the key of the advisory lock
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
_CONNECT = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "application_name": "soc"}
_OPTIONS: dict[tuple[str, bool], dict[str, Any]] = {
    ("postgresql", True): {"isolation_level": "READ COMMITTED"},
    ("postgresql", False): {"isolation_level": "REPEATABLE READ"},
}


def make_engine(url: URL, patience: float) -> Engine:
    """Connects to nothing yet. `patience`: seconds that a writer waits for another. Raises DeskError: no such driver."""
    wait = max(1, int(patience * 1000))
    with driver_faults(url):
        if is_file(url):
            engine = create_engine(url)
            event.listen(engine, "connect", partial(_on_connect, wait))
            event.listen(engine, "begin", _on_begin_of_file)
            return engine
        stated = {key: value for key, value in _CONNECT.items() if key not in url.query}
        engine = create_engine(url, connect_args=stated, pool_pre_ping=True)
    event.listen(engine, "begin", partial(_on_begin, wait))
    return engine


@contextmanager
def begun(engine: Engine, *, write: bool) -> Iterator[Connection]:
    """A transaction: committed at the end, rolled back by an exception."""
    with engine.connect() as connection:
        options = {"soc_write": write, **_OPTIONS.get((connection.dialect.name, write), {})}
        with connection.execution_options(**options).begin():
            yield connection


def _on_connect(wait: int, connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late and is never IMMEDIATE
    for pragma in (f"busy_timeout={wait}", *_PRAGMAS):
        connection.execute(f"PRAGMA {pragma}").close()


def _on_begin_of_file(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")


def _on_begin(wait: int, connection: Connection) -> None:
    if _writes(connection):
        limits = f"SET LOCAL lock_timeout = {wait}; SET LOCAL idle_in_transaction_session_timeout = {int(IDLE_SECONDS * 1000)}"
        connection.exec_driver_sql(f"{limits}; SELECT pg_advisory_xact_lock({WRITERS})")


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("soc_write"))
