"""Desks and alerts for tests, on the engine that is in force (`desks_on`).

SQLite: a fresh file each, copied from one made once. PostgreSQL: databases of their own on the session's server
(`tests.servers.keeper`), whose role may create databases; a desk that is no longer used is emptied and used again.
"""

from __future__ import annotations

import atexit
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from soc.desk.database.schema import metadata
from soc.desk.database.types import Serial
from soc.desk.desk import Desk, open_desk
from soc.document import load_document
from soc.event import Event
from soc.model import Alert, Counted, Evidence, Extent
from soc.respond.triaging.categories import parse_categories
from soc.respond.triaging.policy import Policy
from soc.respond.triaging.priority import parse_priority
from soc.times import DAY, HOUR, MINUTE, parse_iso
from tests.servers.keeper import lease
from tests.servers.needed import needed

T0 = parse_iso("2026-10-11T22:00:00Z")
MANY = 200
DETECTIONS = Path(__file__).parents[1] / "detections"


class Files:
    """Desks in SQLite files."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="soc-desks-"))
        self._template = self._folder / "template.db"
        open_desk(f"sqlite:///{self._template}", create=True).close()

    def empty(self) -> str:
        """The URL of a place where a desk can be made."""
        return f"sqlite:///{self._folder / secrets.token_hex(8)}.db"

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        path = self._folder / f"{secrets.token_hex(8)}.db"
        shutil.copy(self._template, path)
        desk = open_desk(f"sqlite:///{path}")
        try:
            yield desk
        finally:
            desk.close()
            for left in self._folder.glob(f"{path.name}*"):
                left.unlink()

    def close(self) -> None:
        shutil.rmtree(self._folder)


class Server:
    """Desks in databases of one PostgreSQL server."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url).set(drivername="postgresql+psycopg")
        self.names: list[str] = []
        self._idle: list[Desk] = []

    def run(self, *statements: str) -> None:
        """Statements outside of a transaction, in the database that the server's URL names."""
        self.within(self.url.database, *statements)

    def within(self, database: str | None, *statements: str) -> None:
        """Statements outside of a transaction, in a database."""
        url = self.url.set(drivername="postgresql", database=database).render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as server:
            for statement in statements:
                server.execute(statement)

    def empty(self, options: str = "", *, encoding: str = "UTF8") -> str:
        """The URL of a new database without a desk."""
        name = f"soc_test_{secrets.token_hex(8)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' {options}")
        self.names.append(name)
        return self.url.set(database=name).render_as_string(hide_password=False)

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        desk = self._idle.pop() if self._idle else open_desk(self.empty(), create=True)
        try:
            yield desk
        finally:
            emptied(desk)
            self._idle.append(desk)

    def close(self) -> None:
        for desk in self._idle:
            desk.close()
        self.drop()

    def drop(self) -> None:
        """Takes away every database that was made here."""
        self.run(*(f"DROP DATABASE {name} WITH (FORCE)" for name in self.names))
        self.names.clear()


def emptied(desk: Desk) -> None:
    """Takes every row but the schema's version out of a desk on a server; its numbers begin anew."""
    tables = [table for table in reversed(metadata.sorted_tables) if table.name != "meta"]
    deletes = [f'DELETE FROM "{table.name}"' for table in tables]
    anew = [f"ALTER SEQUENCE {table.name}_id_seq RESTART" for table in tables if "id" in table.c and table.c.id.type is Serial]
    truncate = f"TRUNCATE {', '.join(table.name for table in tables)} RESTART IDENTITY"
    with desk.write() as tx:  # a truncation costs a tenth of a second, a deletion grows with the rows
        tx.connection.exec_driver_sql(truncate if tx.count_alerts() > MANY else "; ".join(deletes + anew))
        tx.connection.exec_driver_sql("DELETE FROM meta WHERE name <> 'version'")


_in_force: list[Files | Server] = []


@contextmanager
def desks_on(engine: str) -> Iterator[Files | Server]:
    """Until the end of the block desks are made there: `sqlite`, `postgresql`."""
    with needed():
        place = Files() if engine == "sqlite" else Server(_server_url())
    _in_force.append(place)
    try:
        yield place
    finally:
        _in_force.remove(place)
        place.close()


@cache
def _server_url() -> str:
    """The session's server, held for as long as this process lives: modules come and go, and a start costs seconds."""
    held = ExitStack()
    atexit.register(held.close)
    return held.enter_context(lease("postgresql"))


@contextmanager
def fresh_desk() -> Iterator[Desk]:
    """An empty desk of its own, gone afterwards; in a SQLite file where no engine is in force."""
    if _in_force:
        with _in_force[-1].desk() as desk:
            yield desk
    else:
        with _files().desk() as desk:
            yield desk


@cache
def _files() -> Files:
    return Files()


@cache
def shipped_policy() -> Policy:
    """What the shipped content decides."""
    return Policy(
        parse_priority(load_document(DETECTIONS / "priority.yml")), parse_categories(load_document(DETECTIONS / "categories.yml"))
    )


def alert(
    name: str = "a",
    *,
    rule: str = "ssh-brute-force",
    institution: str = "example-university",
    key: dict[str, str] | None = None,
    at: int = T0,
    count: int = 10,
    level: str = "medium",
    tags: tuple[str, ...] = ("attack.t1110",),
    event: Event | None = None,
) -> Alert:
    """An alert of one cell of an hour, its triggers at `at` and a minute later, with one event of evidence."""
    kept = {"@timestamp": at, "event.id": f"event-{name}", "event.original": f"line of {name}"} | (event or {})
    extent = Extent(count, at, at + MINUTE, (Evidence(at, f"event-{name}", kept),))
    cell = at // HOUR * HOUR
    group = {"source.ip": "203.0.113.7"} if key is None else key
    return Alert(name, rule, "hash", f"Title of {rule}", level, tags, institution, group, cell, cell + HOUR, extent)


def counted_by(alert: Alert) -> Counted:
    """What an alert has counted, of one window behind its last trigger."""
    extent = alert.extent
    evidence = tuple((one.time, one.id) for one in extent.evidence)
    return Counted(f"{alert.rule_id}@hash store", extent.count, extent.first, extent.last, evidence, ((extent.first, extent.last),))


__all__ = ["DAY", "HOUR", "MINUTE", "T0", "Files", "Server", "alert", "counted_by", "desks_on", "fresh_desk", "shipped_policy"]
