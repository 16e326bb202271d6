"""The cases that one transaction writes to, held in memory until they are put down together: a storm is a few statements.

Everything in a docket is said by one actor at one moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, update

from soc.desk.cases.case import HEAD_FIELDS, Head, step_said
from soc.desk.cases.log import FIRST, Entry, chained
from soc.desk.cases.words import CATEGORY, SEVERITIES, TLP, check_category, check_word
from soc.desk.database.among import among
from soc.desk.database.damage import sound, whole
from soc.desk.database.schema import case_alerts, case_log, case_marks, cases, counters, extents
from soc.desk.database.session import Session
from soc.errors import DeskError, UsageError
from soc.times import to_datetime

Reach = tuple[int, int]  # first and last trigger


class Docket:
    """Made by `tx.docket(...)`, which puts it down at the end of the block."""

    def __init__(self, session: Session, actor: str, now: int) -> None:
        self._session, self._actor, self._now = session, actor, now
        self._heads: dict[str, Head] = {}
        self._entries: list[Entry] = []
        self._new: set[str] = set()
        self._touched: dict[str, None] = {}
        self._reaching: dict[str, Reach | None] = {}  # cases whose alerts changed, and what those reach; None: what all of theirs do
        self._joined: list[dict[str, str]] = []
        self._moved: list[dict[str, str]] = []
        self._marks: dict[tuple[str, str], dict[str, Any]] = {}
        self._numbers: dict[str, int] = {}  # year -> the number that was given last

    def open(
        self,
        *,
        key: str,
        institution: str,
        title: str,
        category: str = CATEGORY,
        severity: str = "medium",
        priority: int = 3,
        tlp: str = "AMBER",
        storm: bool = False,
    ) -> Head:
        """A new case. Raises UsageError for a word that is in no list."""
        check_category(category)
        check_word("severity", severity, SEVERITIES)
        check_word("TLP", tlp, TLP)
        id = self._next_id()
        self._heads[id] = Head(id, hash=FIRST)
        self._new.add(id)
        said = {"key": key, "institution": institution, "title": title, "category": category, "severity": severity}
        return self.append(id, "opened", {**said, "priority": priority, "tlp": tlp, "storm": storm})

    def load(self, ids: Iterable[str]) -> None:
        """Fetches the heads of these cases at once. Raises UsageError that names those that there are not."""
        missing = [id for id in dict.fromkeys(ids) if id not in self._heads]
        if missing:
            rows = self._session.connection.execute(select(*HEAD_COLUMNS).where(among(cases.c.id, missing)))
            self._heads |= {row.id: head_of(row) for row in rows}
        unknown = [id for id in missing if id not in self._heads]
        if unknown:
            raise UsageError(f"there is no case {', '.join(unknown)}\n  list them with: soc case list")

    def know(self, head: Head) -> None:
        """A case as the transaction has read or written it: it need not be fetched."""
        self._heads[head.id] = head

    def head(self, id: str) -> Head:
        """The case as it is now, with what this docket added."""
        if id not in self._heads:
            self.load([id])
        return self._heads[id]

    def append(self, id: str, action: str, said: dict[str, Any]) -> Head:
        """One more entry in the log of a case."""
        head = self.head(id)
        entry = chained(head.hash, id, head.seq + 1, self._now, self._actor, action, said)
        self._entries.append(entry)
        self._touched[id] = None
        self._heads[id] = head = step_said(head, entry, said)
        return head

    def join(self, id: str, alert: str, rule: str, because: str, *, reach: Reach | None = None) -> None:
        """An alert that lies in no case joins this one. `reach`: its first and last trigger, where the caller knows them."""
        self.append(id, "alert", {"alert": alert, "rule": rule, "because": because})
        self._reached(id, reach)
        self._joined.append({"alert": alert, "case": id})

    def move(self, alerts: Collection[str], *, source: str, to: str, rule: str, because: str) -> None:
        """Alerts leave one case for another."""
        self.append(source, "moved", {"alerts": sorted(alerts), "into": to})
        self._reaching |= dict.fromkeys((source, to))
        for alert in sorted(alerts):
            self.append(to, "alert", {"alert": alert, "rule": rule, "because": because})
            self._moved.append({"b_alert": alert, "case": to})

    def mark(self, id: str, mark: str, kind: str, value: bytes) -> None:
        """What later alerts find this case by."""
        self._marks.setdefault((id, mark), {"case": id, "mark": mark, "kind": kind, "value": value})

    def touch(self, id: str, *, reach: Reach | None = None) -> None:
        """An alert of this case reaches further; its log does not grow. `reach`: see `join`."""
        self._touched[id] = None
        self._reached(id, reach)

    def _reached(self, id: str, reach: Reach | None) -> None:
        known = self._reaching.get(id, reach)
        self._reaching[id] = None if known is None or reach is None else (min(known[0], reach[0]), max(known[1], reach[1]))

    def put_down(self) -> None:
        """Writes everything."""
        session, rows = self._session, {id: row_of(self._heads[id]) for id in self._touched if id in self._heads}
        session.touched.cases |= rows.keys()
        session.put(cases, [row for id, row in rows.items() if id in self._new])
        changed = [{f"b_{name}": value for name, value in row.items()} for id, row in rows.items() if id not in self._new]
        if changed:
            values: dict[str, Any] = {name: bindparam(f"b_{name}") for name in HEAD_FIELDS if name != "id"}
            session.connection.execute(update(cases).where(cases.c.id == bindparam("b_id")).values(**values), changed)
        session.put(case_log, [entry._asdict() for entry in self._entries])
        session.put(case_alerts, self._joined)
        if self._moved:
            session.connection.execute(
                update(case_alerts).where(case_alerts.c.alert == bindparam("b_alert")).values(case=bindparam("case")), self._moved
            )
        session.put_missing(case_marks, list(self._marks.values()))
        self._put_reach()
        self._put_numbers()
        self._entries, self._joined, self._moved, self._marks, self._touched, self._reaching, self._new, self._numbers = (
            [],
            [],
            [],
            {},
            {},
            {},
            set(),
            {},
        )

    def _put_reach(self) -> None:
        reaches = self._reach_of(self._reaching) if self._reaching else {}
        rows = [{"b_id": id, "first_trigger": reach[0], "last_trigger": reach[1]} for id, reach in reaches.items()]
        if rows:
            values: dict[str, Any] = {"first_trigger": bindparam("first_trigger"), "last_trigger": bindparam("last_trigger")}
            self._session.connection.execute(update(cases).where(cases.c.id == bindparam("b_id")).values(**values), rows)

    def _put_numbers(self) -> None:
        for year, last in self._numbers.items():
            here = counters.c.name == f"case-{year}"
            if not self._session.connection.execute(update(counters).where(here).values(value=last)).rowcount:
                self._session.connection.execute(insert(counters).values(name=f"case-{year}", value=last))

    def _reach_of(self, ids: Collection[str]) -> dict[str, tuple[int | None, int | None]]:
        """What was ever said of the cases' alerts: as known before and with what is told now, or else asked of all of them."""
        told = {id: reach for id in ids if (reach := self._reaching[id]) is not None}
        query = select(cases.c.id, cases.c.first_trigger, cases.c.last_trigger).where(among(cases.c.id, told))
        before = {row.id: (row.first_trigger, row.last_trigger) for row in self._session.connection.execute(query) if None not in row}
        grown: dict[str, tuple[int | None, int | None]] = {}
        for id, (first, last) in told.items():
            known = before.get(id, (first, last))
            grown[id] = (min(first, known[0]), max(last, known[1]))
        return grown | reach_of(self._session, [id for id in ids if id not in told])

    def _next_id(self) -> str:
        year = str(to_datetime(self._now).year)
        if year not in self._numbers:
            self._numbers[year] = self._last_number(year)
        if self._numbers[year] >= 999_999:
            raise DeskError(f"a million cases in {year}: numbers have run out\n  tune the rules that open them")
        self._numbers[year] += 1
        return f"{year}-{self._numbers[year]:06d}"

    def _last_number(self, year: str) -> int:
        query = select(counters.c.value).where(counters.c.name == f"case-{year}")
        row = self._session.connection.execute(query).one_or_none()
        return int(sound(row, counters, f"case-{year}").value) if row else 0


HEAD_COLUMNS = tuple(cases.c[name] for name in HEAD_FIELDS)


def head_of(row: Row[Any]) -> Head:
    """The head that a row of the projection holds. Raises DeskError for one that is damaged."""
    values = dict(sound(row, cases, row.id)._mapping)
    with whole("cases", row.id):
        pinned = tuple(values["pinned"].decode().split())
    return Head(**{**values, "storm": bool(values["storm"]), "pinned": pinned})


def row_of(head: Head) -> dict[str, Any]:
    """The row of the projection that holds a head."""
    return head._asdict() | {"storm": int(head.storm), "pinned": " ".join(head.pinned).encode()}


def reach_of(session: Session, ids: Collection[str]) -> dict[str, tuple[int | None, int | None]]:
    """The first and last trigger that was ever said of each case's alerts."""
    query = select(case_alerts.c.case, func.min(extents.c.first), func.max(extents.c.last))
    joined = query.join(extents, extents.c.alert == case_alerts.c.alert).where(among(case_alerts.c.case, ids)).group_by(case_alerts.c.case)
    found: dict[str, tuple[int | None, int | None]] = dict.fromkeys(ids, (None, None))
    return found | {row[0]: (row[1], row[2]) for row in session.connection.execute(joined)}
