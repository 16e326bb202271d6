"""The newest batch of a store that the desk has seen: a store put back from a backup does not have it, or another under its number."""

from __future__ import annotations

from sqlalchemy import delete, func, insert, select

from soc.desk.database.damage import read_json, whole
from soc.desk.database.schema import coverage, meta
from soc.desk.database.session import Session
from soc.text import canonical_json

_NEWEST = "newest batch of {}"  # a row of `meta`


class Newest(Session):
    def newest_batch(self, store: str) -> tuple[int, int | None]:
        """Its number and when it was closed, as far as that was remembered; 0 when no batch was seen."""
        name = _NEWEST.format(store)
        found = self.connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()
        last = self.connection.execute(select(func.max(coverage.c.last)).where(coverage.c.store == store)).scalar() or 0
        if found is None:
            return last, None
        with whole("meta", name):
            number, closed_at = read_json(found.encode(), list)
            return (last, None) if last > number else (int(number), int(closed_at))

    def keep_newest_batch(self, store: str, number: int, closed_at: int) -> None:
        """Remembers it."""
        name = _NEWEST.format(store)
        self.connection.execute(delete(meta).where(meta.c.name == name))
        self.connection.execute(insert(meta).values(name=name, value=canonical_json([number, closed_at]).decode()))
