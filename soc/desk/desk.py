"""The desk: alerts, cases, coverage and locks in one transactional SQL database.

    desk = open_desk("sqlite:////var/lib/soc/desk.db")
    with desk.write() as tx:
        tx.put_alert(alert, now=now)

SQLite by default; PostgreSQL through the same code. Writers come one after the other, readers see the moment they began.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Engine

from soc.desk.cases.acts import Acts
from soc.desk.cases.journal import Journal
from soc.desk.database.engine import begun, make_engine
from soc.desk.database.faults import desk_faults
from soc.desk.database.migrate import back_up, check, make, migrate, version_of
from soc.desk.database.place import is_file, place_of, read_url
from soc.desk.database.row_check import RowCheck
from soc.desk.database.schema import VERSION
from soc.desk.database.session import Touched
from soc.desk.findings.alerts import Alerts
from soc.desk.findings.counts import Counts
from soc.desk.findings.coverage import Coverage
from soc.desk.findings.newest import Newest
from soc.desk.runs.clock import Clock
from soc.desk.runs.locks import Lock, Locks
from soc.desk.runs.runs import Runs
from soc.errors import DeskError
from soc.leases import Held

BUSY_SECONDS = 10


class Tx(Alerts, Counts, Coverage, Newest, Runs, Locks, Acts, Journal, Clock, RowCheck):
    """One transaction: what it writes becomes true together, or not at all."""


class Desk:
    """An open desk. `place` names it in messages, without a password; `touched` is what was committed here since it was opened."""

    def __init__(self, engine: Engine, place: str) -> None:
        self._engine, self.place, self.touched = engine, place, Touched()

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A writing transaction: committed at the end, rolled back by an exception. Raises DeskError."""
        with desk_faults(self.place), begun(self._engine, write=True) as connection:
            check(version_of(connection, there=True) or 0, self.place)
            tx = Tx(connection)
            yield tx
            tx.settle()
        self.touched.add(tx.touched)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A reading transaction over one snapshot; it never waits for a writer. Raises DeskError."""
        with desk_faults(self.place), begun(self._engine, write=False) as connection:
            yield Tx(connection)

    @contextmanager
    def lock(self, name: str, *, owner: str, now: int, lease: int) -> Iterator[Lock]:
        """Holds the named lock. Raises Busy, which names the holder, when another live process has it.

        `lease` is the time in microseconds after which others may take it from a process that they cannot see.
        """
        with self.write() as tx:
            lock = tx.take_lock(name, owner=owner, now=now, lease=lease)
        try:
            yield lock
        finally:
            with self.write() as tx:
                tx.release_lock(lock)

    @contextmanager
    def held(self, name: str, *, owner: str, clock: Callable[[], int], lease: int) -> Iterator[Lock]:
        """As `lock`, renewed for as long as the `with` lasts: the lease may be short, so that a lost machine's lock is soon free."""
        with self.lock(name, owner=owner, now=clock(), lease=lease) as lock:

            def renew() -> None:
                with self.write() as tx:
                    tx.renew_lock(lock, now=clock(), lease=lease)

            with Held(renew, clock=clock, lease=lease):
                yield lock

    def close(self) -> None:
        self._engine.dispose()


def open_desk(url: str, *, create: bool = False, patience: float = BUSY_SECONDS, password: str | None = None) -> Desk:
    """Opens the desk, brings an older schema forward, and makes what is missing when `create` is set. Raises DeskError.

    `patience`: seconds to wait for another writer before saying that the desk is locked. `password`: for a server, in place of the URL's.
    """
    parsed = read_url(url, password)
    engine, place = make_engine(parsed, patience), place_of(parsed)
    if is_file(parsed):
        _prepare_file(parsed, create)
    with desk_faults(place):
        _bring_up(engine, parsed, place, create)
    return Desk(engine, place)


def _bring_up(engine: Engine, url: URL, place: str, create: bool) -> None:
    with begun(engine, write=False) as connection:
        version = version_of(connection)
    if version is None and not create:
        raise DeskError(f"{place}: holds no desk\n  make one with: soc init")
    if version == VERSION:
        return
    check(version or 0, place)
    if version is not None and is_file(url):
        back_up(Path(str(url.database)), version)
    elif version is not None and not create:
        raise DeskError(f"{place}: schema {version} is older than this soc\n  back it up with pg_dump, then run: soc init")
    with begun(engine, write=True) as connection:
        if version_of(connection) is None:  # nobody made it since
            make(connection, place)
        else:
            migrate(connection, place)


def _prepare_file(url: URL, create: bool) -> None:
    path = Path(str(url.database))
    if path.exists():
        return
    if not create:
        raise DeskError(f"{path}: there is no desk\n  make one with: soc init")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise DeskError(f"{path}: cannot be made: {error.strerror}\n  make the folder, owned by the account that runs soc") from error
