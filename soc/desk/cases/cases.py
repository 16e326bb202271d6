"""Cases: their logs, and the projection that lists them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import delete, func, or_, select, update

from soc.desk.cases.case import Case, Head, fold
from soc.desk.cases.docket import HEAD_COLUMNS, Docket, head_of, row_of
from soc.desk.cases.log import Entry, broken
from soc.desk.cases.words import OPEN
from soc.desk.database.among import among
from soc.desk.database.damage import read_json, sound, whole
from soc.desk.database.schema import alerts, case_alerts, case_log, case_marks, cases
from soc.desk.database.session import Session
from soc.errors import DeskError


class Sighting(NamedTuple):
    """A case that carries a mark."""

    mark: str
    kind: str
    case: str


class Taken(NamedTuple):
    """A case that somebody else gave away: `by` whom, and `to` whom it went."""

    case: str
    at: int
    by: str
    to: str | None


class Cases(Session):
    @contextmanager
    def docket(self, *, actor: str, now: int) -> Iterator[Docket]:
        """Writes to cases, put down at the end of the block unless it raised."""
        docket = Docket(self, actor, now)
        yield docket
        docket.put_down()

    def record(self, id: str, action: str, said: dict[str, Any], *, actor: str, now: int, head: Head | None = None) -> Head:
        """One more entry in the log of a case; for several, use `docket`. Raises UsageError when there is no such case.

        `head`: the case as it stands, for a caller whose own transaction has read it.
        """
        with self.docket(actor=actor, now=now) as docket:
            if head is not None:
                docket.know(head)
            return docket.append(id, action, said)

    def case(self, id: str) -> Case | None:
        """The fold over the case's log, or None."""
        entries = self.entries(id)
        return fold(entries) if entries else None

    def entries(self, id: str) -> list[Entry]:
        """The log of a case, in order. Raises DeskError for an entry whose values are of another type."""
        query = select(*(case_log.c[name] for name in Entry._fields)).where(case_log.c.case == id).order_by(case_log.c.seq)
        return [Entry(*sound(row, case_log, id, row.seq)) for row in self.connection.execute(query)]

    def heads(
        self,
        *,
        ids: Collection[str] | None = None,
        statuses: Collection[str] | None = None,
        institution: str | None = None,
        owner: str | None = None,
        rule: str | None = None,
        limit: int | None = None,
    ) -> list[Head]:
        """Cases as the queue shows them: by priority, then the longest open first. By default those not closed, or those of `ids`."""
        query = select(*HEAD_COLUMNS).order_by(cases.c.priority, cases.c.opened_at, cases.c.id).limit(limit)
        if statuses is None and ids is None:
            statuses = OPEN
        if statuses is not None:
            query = query.where(cases.c.status.in_(statuses))
        if ids is not None:
            query = query.where(cases.c.id.in_(ids))
        if rule is not None:
            of_rule = select(case_alerts.c.case).join(alerts, alerts.c.id == case_alerts.c.alert).where(alerts.c.rule_id == rule)
            query = query.where(cases.c.id.in_(of_rule))
        for column, value in ((cases.c.institution, institution), (cases.c.owner, owner)):
            if value is not None:
                query = query.where(column == value)
        return [head_of(row) for row in self.connection.execute(query)]

    def taken_from(self, owner: str, *, since: int) -> list[Taken]:
        """The cases that others have taken from this person since then and that are not theirs again, by time."""
        query = select(case_log.c.case, case_log.c.at, case_log.c.actor, case_log.c.payload).join(cases, cases.c.id == case_log.c.case)
        query = query.where(case_log.c.action == "assign", case_log.c.at >= since, case_log.c.actor != owner, cases.c.status.in_(OPEN))
        query = query.where(func.coalesce(cases.c.owner, "") != owner).order_by(case_log.c.at, case_log.c.case)
        found: dict[str, Taken] = {}
        for row in self.connection.execute(query):
            with whole("case_log", row.case):
                said = read_json(row.payload, dict)
            if said.get("from") == owner:
                found[row.case] = Taken(row.case, row.at, row.actor, said.get("owner"))
        return list(found.values())

    def queue(self) -> dict[str, int]:
        """How many cases each status has."""
        return {row[0]: row[1] for row in self.connection.execute(select(cases.c.status, func.count()).group_by(cases.c.status))}

    def cases_of_alerts(self, ids: Iterable[str]) -> dict[str, str]:
        """Alert -> the case it lies in, for those that lie in one."""
        query = select(case_alerts.c.alert, case_alerts.c.case)
        rows = self.connection.execute(query.where(among(case_alerts.c.alert, ids)))
        return {row.alert: row.case for row in rows}

    def cases_with_marks(self, marks: Iterable[str], *, closed_since: int) -> list[Sighting]:
        """The cases that carry these marks and are open, or were closed since then; the oldest case first."""
        recent = or_(cases.c.closed_at.is_(None), cases.c.closed_at >= closed_since)
        query = select(case_marks.c.mark, case_marks.c.kind, case_marks.c.case).join(cases, cases.c.id == case_marks.c.case).where(recent)
        rows = self.connection.execute(query.where(among(case_marks.c.mark, marks)))
        return sorted((Sighting(*row) for row in rows), key=lambda sighting: (sighting.case, sighting.mark))

    def observables(self, id: str) -> list[tuple[str, str]]:
        """Kind and value of what the alerts of a case share with later ones, in order."""
        query = select(case_marks.c.kind, case_marks.c.value).where(case_marks.c.case == id, case_marks.c.kind.not_in(("key", "storm")))
        return sorted((row.kind, row.value.decode()) for row in self.connection.execute(query))

    def marks_of_case(self, id: str) -> list[tuple[str, str, bytes]]:
        """The mark, kind and value of what later alerts join a case by."""
        query = select(case_marks.c.mark, case_marks.c.kind, case_marks.c.value).where(case_marks.c.case == id)
        return [(row.mark, row.kind, row.value) for row in self.connection.execute(query.order_by(case_marks.c.mark))]

    def untouched_cases(self, ids: Iterable[str], *, by: str) -> set[str]:
        """Those of the cases that are new, and in whose log nobody but this actor has written."""
        wanted = list(ids)
        new = select(cases.c.id).where(among(cases.c.id, wanted), cases.c.status == "new", cases.c.owner.is_(None))
        written = select(case_log.c.case).where(among(case_log.c.case, wanted), case_log.c.actor != by).distinct()
        return set(self.connection.execute(new).scalars()) - set(self.connection.execute(written).scalars())

    def triggers_of_cases(self, ids: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Case -> first and last trigger of its alerts, for cases that have some."""
        query = select(cases.c.id, cases.c.first_trigger, cases.c.last_trigger).where(cases.c.last_trigger.is_not(None))
        rows = self.connection.execute(query.where(among(cases.c.id, ids)))
        return {row.id: (row.first_trigger, row.last_trigger) for row in rows}

    def verify_cases(self) -> list[str]:
        """What is wrong with the logs and their projection, each as one sentence that names the case; empty when nothing is."""
        faults = [f"case {id}: its log has no row in the list of cases" for id in self._unlisted()]
        for row in self.connection.execute(select(*HEAD_COLUMNS).order_by(cases.c.id)).all():
            try:
                faults += [f"case {row.id}: {fault}" for fault in self._faults(head_of(row))]
            except DeskError as damage:
                faults.append(str(damage))
        return faults

    def rebuild_cases(self) -> int:
        """Writes the projection anew from every log whose chain holds; returns how many cases."""
        count = 0
        for id in self.connection.execute(select(cases.c.id).order_by(cases.c.id)).scalars().all():
            case = self._proved(id)
            if case is None:
                continue
            self.connection.execute(update(cases).where(cases.c.id == id).values(**row_of(case.head)))
            self.connection.execute(delete(case_alerts).where(case_alerts.c.case == id))
            self.connection.execute(delete(case_alerts).where(among(case_alerts.c.alert, case.alerts)))
            self.put(case_alerts, [{"alert": alert, "case": id} for alert in case.alerts])
            count += 1
        return count

    def _proved(self, id: str) -> Case | None:
        """The fold over a log whose chain holds; None for another."""
        try:
            entries = self.entries(id)
        except DeskError:  # named by `verify_cases`
            return None
        return fold(entries) if entries and not broken(entries) else None

    def _faults(self, head: Head) -> list[str]:
        entries = self.entries(head.id)
        if not entries:
            return ["its log is gone"]
        if fault := broken(entries):
            return [f"{fault} in its log"]
        case = fold(entries)
        if case.head.hash != head.hash:
            return ["its log was cut off or goes on after what the list knows"]
        joined = set(self.connection.execute(select(case_alerts.c.alert).where(case_alerts.c.case == head.id)).scalars())
        faults = ["the list of cases differs from its log"] if case.head != head else []
        return faults + (["its alerts differ from its log"] if joined != set(case.alerts) else [])

    def _unlisted(self) -> list[str]:
        query = select(case_log.c.case).where(case_log.c.case.not_in(select(cases.c.id))).distinct().order_by(case_log.c.case)
        return list(self.connection.execute(query).scalars())
