"""What is remembered of time: the clock by which retention last went, and why it waits when it does.

A clock cannot tell by itself that it jumped; what it said before, and for how long the machine has been up since, can.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import delete, insert, select

from soc.desk.database.damage import read_json, whole
from soc.desk.database.schema import meta
from soc.desk.database.session import Session
from soc.text import canonical_json

_KNOWN, _WAITS, _GONE = "clock", "retention waits", "retention has gone"  # rows of `meta`


class Known(NamedTuple):
    """A moment that was believed, and since when the machine was up then: `up` microseconds, in the boot of that name; "" unknown."""

    at: int
    boot: str
    up: int


class Waits(NamedTuple):
    """Retention drops nothing, since when, and why."""

    since: int
    why: str


class Clock(Session):
    def known_time(self) -> Known | None:
        """What was remembered last; None before the first time."""
        if (found := self._found(_KNOWN)) is None:
            return None
        with whole("meta", _KNOWN):
            at, boot, up = found
            return Known(int(at), str(boot), int(up))

    def believe(self, known: Known) -> None:
        """Remembers a moment; retention waits no more."""
        self._keep(_KNOWN, known)
        self.connection.execute(delete(meta).where(meta.c.name == _WAITS))

    def retention_has_gone(self) -> bool:
        """Whether retention has ever gone over events, or a person has let it."""
        return self.connection.execute(select(meta.c.value).where(meta.c.name == _GONE)).first() is not None

    def note_retention(self) -> None:
        """Remembers that it has."""
        if not self.retention_has_gone():
            self.connection.execute(insert(meta).values(name=_GONE, value="[]"))

    def retention_waits(self) -> Waits | None:
        """Since when and why nothing is dropped; None where retention went by the clock when it ran last."""
        if (found := self._found(_WAITS)) is None:
            return None
        with whole("meta", _WAITS):
            since, why = found
            return Waits(int(since), str(why))

    def wait(self, why: str, *, now: int) -> None:
        """Remembers why; since when stays as it was said first."""
        before = self.retention_waits()
        self._keep(_WAITS, Waits(before.since if before else now, why))

    def _found(self, name: str) -> list[Any] | None:
        found = self.connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()
        with whole("meta", name):
            return None if found is None else list(read_json(found.encode(), list))

    def _keep(self, name: str, value: tuple[Any, ...]) -> None:
        self.connection.execute(delete(meta).where(meta.c.name == name))
        self.connection.execute(insert(meta).values(name=name, value=canonical_json(list(value)).decode()))
