"""The ledger of runs, and what each run swallowed: whatever is grouped, excepted or suppressed has a row that says by what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from sqlalchemy import Row, func, insert, select, update

from soc.desk.database.damage import read_json, sound, whole
from soc.desk.database.schema import runs, swallowed
from soc.desk.database.session import Session
from soc.errors import UsageError
from soc.text import canonical_json

KINDS = ("grouped", "excepted", "suppressed", "overflow", "ungrouped")


class Run(NamedTuple):
    """One run. `ended_at` is None while it runs, and for ever when it was killed."""

    id: int
    kind: str
    started_at: int
    ended_at: int | None
    batches: int
    hits: int
    alerts: int
    verdict: str  # running ok partial failed blind
    errors: list[str]


@dataclass(frozen=True, slots=True)
class Swallowed:
    """`count` hits or alerts of a rule that did not come to light on their own, and by what: an exception, a cell, a case."""

    kind: str  # of KINDS
    rule: str
    institution: str
    key: dict[str, str]
    by: str
    count: int
    at: int
    run: int | None = None


@dataclass(frozen=True, slots=True)
class Hidden:
    """What one exception, cell or case swallowed in all."""

    count: int
    last: int


class Runs(Session):
    def begin_run(self, kind: str, *, now: int) -> int:
        """Opens a row of the ledger and returns its number."""
        row = {"kind": kind, "started_at": now, "batches": 0, "hits": 0, "alerts": 0, "verdict": "running", "errors": b"[]"}
        return int(self.connection.execute(insert(runs).values(**row).returning(runs.c.id)).scalar_one())

    def end_run(
        self, run: int, *, now: int, verdict: str, batches: int = 0, hits: int = 0, alerts: int = 0, errors: Sequence[str] = ()
    ) -> None:
        """Closes a row of the ledger."""
        row = {
            "ended_at": now,
            "verdict": verdict,
            "batches": batches,
            "hits": hits,
            "alerts": alerts,
            "errors": canonical_json(list(errors)),
        }
        self.connection.execute(update(runs).where(runs.c.id == run).values(**row))

    def runs(self, *, kind: str | None = None, limit: int = 20, until: int | None = None) -> list[Run]:
        """The newest runs, newest first; those begun after `until` by a clock that was wrong are left out."""
        query = select(runs).order_by(runs.c.id.desc()).limit(limit)
        if kind is not None:
            query = query.where(runs.c.kind == kind)
        if until is not None:
            query = query.where(runs.c.started_at <= until)
        rows = self.connection.execute(query)
        return [_run(sound(row, runs, row.id)) for row in rows]

    def swallow(self, found: Iterable[Swallowed]) -> None:
        """Writes down what was swallowed, in this order. A count of zero writes nothing. Raises UsageError for an unknown kind."""
        rows = []
        for one in found:
            if one.kind not in KINDS:
                raise UsageError(f"{one.kind!r} is no way of swallowing; there are: {', '.join(KINDS)}")
            if one.count:
                rows.append(asdict(one) | {"key": canonical_json(list(one.key.items()))})
        self.put(swallowed, rows)

    def swallowed(self, *, kind: str | None = None, by: str | None = None, rule: str | None = None) -> list[Swallowed]:
        """The rows in the order they were written."""
        wanted = ((swallowed.c.kind, kind), (swallowed.c.by, by), (swallowed.c.rule, rule))
        query = select(*(swallowed.c[field.name] for field in fields(Swallowed))).order_by(swallowed.c.id)
        rows = self.connection.execute(query.where(*(column == value for column, value in wanted if value is not None)))
        return [Swallowed(**{**row._mapping, "key": _key(row)}) for row in rows]

    def hidden(self, kind: str = "excepted") -> dict[str, Hidden]:
        """By what -> how much it swallowed in all, and when it last did."""
        query = select(swallowed.c.by, func.sum(swallowed.c.count), func.max(swallowed.c.at)).where(swallowed.c.kind == kind)
        return {row[0]: Hidden(int(row[1]), row[2]) for row in self.connection.execute(query.group_by(swallowed.c.by))}


def _run(row: Row[Any]) -> Run:
    with whole("runs", row.id):
        return Run(**{**row._mapping, "errors": read_json(row.errors, list)})


def _key(row: Row[Any]) -> dict[str, str]:
    with whole("swallowed", row.kind, row.rule):
        return dict(read_json(row.key, list))
