"""Named locks for runs: who holds one, since when, and until when at the latest.

A lock of a process that is gone from this machine is free at once; that of a process elsewhere, when its lease has passed.
The holder puts `guard` into the transaction that commits its work, so that one who lost the lock commits nothing.
"""

from __future__ import annotations

import os
import secrets
import socket
from typing import Any, NamedTuple

from sqlalchemy import Row, delete, insert, select, update

from soc.desk.database.schema import locks
from soc.desk.database.session import Session
from soc.desk.runs.processes import machine, started
from soc.errors import Busy
from soc.leases import is_over
from soc.model import AHEAD
from soc.times import iso


class Lock(NamedTuple):
    """A lock that is held. `deadline`: the moment until which it is; a run ends cleanly before it, or renews."""

    name: str
    token: str
    deadline: int


class Overdue(NamedTuple):
    """A run that is older than its lease. `who`: owner, process and machine."""

    name: str
    who: str
    since: int
    until: int


class Locks(Session):
    def take_lock(self, name: str, *, owner: str, now: int, lease: int) -> Lock:
        """Takes the lock. Raises Busy, which names the holder."""
        holder = self.connection.execute(select(locks).where(locks.c.name == name)).one_or_none()
        if holder is not None and _holds(holder, now):
            since, until = iso(holder.taken_at), iso(holder.expires_at)
            who = f"{_who(holder)}, since {since}, until {until} at the latest"
            raise Busy(f"{name} is already running: {who}\n  wait for it, or end that process")
        self.connection.execute(delete(locks).where(locks.c.name == name))
        lock = Lock(name, secrets.token_hex(8), now + lease)
        place = {"host": socket.gethostname(), "pid": os.getpid(), "started": f"{started(os.getpid())}@{machine()}"}
        row = {"name": name, "token": lock.token, "owner": owner, "taken_at": now, "expires_at": lock.deadline}
        self.connection.execute(insert(locks).values(**row, **place))
        return lock

    def renew_lock(self, lock: Lock, *, now: int, lease: int) -> Lock:
        """Holds the lock for longer. Raises Busy when it was lost."""
        self.guard(lock)
        self.connection.execute(update(locks).where(locks.c.name == lock.name).values(expires_at=now + lease))
        return lock._replace(deadline=now + lease)

    def guard(self, lock: Lock) -> None:
        """Raises Busy when the lock is no longer ours: the transaction that holds this call then commits nothing."""
        token = self.connection.execute(select(locks.c.token).where(locks.c.name == lock.name)).scalar()
        if token != lock.token:
            raise Busy(f"the lock on {lock.name} was lost: another run took it after {iso(lock.deadline)}\n  run again")

    def release_lock(self, lock: Lock) -> None:
        """Lets go; a lock that was lost stays with who has it."""
        self.connection.execute(delete(locks).where(locks.c.name == lock.name, locks.c.token == lock.token))

    def overdue_locks(self, now: int) -> list[Overdue]:
        """Runs that hold a lock for longer than its lease, or since a moment that has not come yet; by name.

        One whose process is gone from this machine is none: its lock is free.
        """
        rows = self.connection.execute(select(locks).order_by(locks.c.name)).all()
        odd = [row for row in rows if is_over(row.expires_at, now) or row.taken_at > now + AHEAD]
        return [Overdue(row.name, _who(row), row.taken_at, row.expires_at) for row in odd if _lives(row) is not False]

    def held_locks(self) -> list[dict[str, Any]]:
        """The rows of all locks, by name."""
        return [dict(row._mapping) for row in self.connection.execute(select(locks).order_by(locks.c.name))]


def _holds(holder: Row[Any], now: int) -> bool:
    alive = _lives(holder)
    return not is_over(holder.expires_at, now) if alive is None else alive


def _lives(holder: Row[Any]) -> bool | None:
    """Whether it is alive, and the same process; None for one that we cannot see: a lease is for those."""
    begun, _, place = holder.started.partition("@")
    if holder.host == socket.gethostname() and place in ("", machine()):  # two machines may share a name
        return bool(started(holder.pid) == begun)
    return None


def _who(holder: Row[Any]) -> str:
    return f"{holder.owner}, process {holder.pid} on {holder.host}"
