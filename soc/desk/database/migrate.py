"""Schema versions: an older desk is brought forward after a backup file was made, a newer one is refused."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from soc.desk.database import schema
from soc.desk.database.damage import whole
from soc.desk.database.schema import VERSION, meta
from soc.desk.database.sums import add_sums
from soc.errors import DeskError

Step = Callable[[Connection], None]


def _add_playbooks(connection: Connection) -> None:
    schema.metadata.create_all(connection, tables=[schema.playbook_runs, schema.journal])


def _add_register(connection: Connection) -> None:
    schema.metadata.create_all(connection, tables=[schema.stores, schema.batches, schema.stretches, schema.sources, schema.feeds])


def _add_counted(connection: Connection) -> None:
    schema.metadata.create_all(connection, tables=[schema.counted])


STEPS: Mapping[int, Step] = {1: _add_playbooks, 2: _add_register, 3: add_sums, 4: _add_counted}  # version -> what makes it the next one


def version_of(connection: Connection, *, there: bool = False) -> int | None:
    """The schema version, or None when there is no desk; `there`: the caller knows that there is one.

    Raises DeskError when it is no number.
    """
    if not there and not connection.dialect.has_table(connection, "meta"):
        return None
    found = connection.execute(select(meta.c.value).where(meta.c.name == "version")).scalar()
    with whole("meta", "version"):
        return int(found) if found is not None else None


def make(connection: Connection, place: str) -> None:
    """Creates all tables in an empty database. Raises DeskError when it cannot hold every character."""
    if connection.dialect.name == "postgresql" and (encoding := connection.exec_driver_sql("SHOW server_encoding").scalar()) != "UTF8":
        raise DeskError(f"{place}: its encoding is {encoding}\n  make another: createdb --encoding UTF8 --template template0 NAME")
    schema.metadata.create_all(connection)
    connection.execute(insert(meta).values(name="version", value=str(VERSION)))


def migrate(connection: Connection, place: str, *, steps: Mapping[int, Step] = STEPS, target: int = VERSION) -> None:
    """Brings the desk to `target` inside the caller's transaction. Raises DeskError when it is newer, or a step is missing."""
    version = version_of(connection, there=True) or 0
    check(version, place, target=target)
    while version < target:
        if version not in steps:
            raise DeskError(f"{place}: schema {version} is too old for this soc\n  run a version of soc between the two first")
        steps[version](connection)
        version += 1
    connection.execute(update(meta).where(meta.c.name == "version").values(value=str(version)))


def check(version: int, place: str, *, target: int = VERSION) -> None:
    """Raises DeskError when the desk is newer than this soc."""
    if version > target:
        raise DeskError(
            f"{place}: schema {version} is newer than this soc, which knows {target}\n  install the soc that wrote it, or newer"
        )


def back_up(path: Path, version: int) -> Path:
    """Copies a SQLite desk beside itself as `desk.db.schema-N`, whole and durable, and returns where; one that is there is kept."""
    target = path.with_name(f"{path.name}.schema-{version}")
    if target.exists():
        return target
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_WRONLY, path.stat().st_mode & 0o777))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(partial)) as copy:
        source.backup(copy)
    with partial.open("rb+") as written:
        os.fsync(written.fileno())
    made = partial.rename(target)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return made
