"""Alerts: an immutable row, and one extent row for each run that changed how far it reaches. The newest extent is valid."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, and_, func, select, tuple_

from soc.desk.database.among import among
from soc.desk.database.damage import read_json, sound, whole
from soc.desk.database.schema import alerts, case_alerts, evidence, extents
from soc.desk.database.session import chunks, digest
from soc.desk.database.sums import Summed
from soc.errors import DeskError
from soc.model import Alert, Evidence, Extent
from soc.text import canonical_json

_REACH = ("count", "first", "last", "evidence")


class _Reach(NamedTuple):
    seq: int
    reach: tuple[int, int, int, str]  # count, first, last, evidence


class Alerts(Summed):
    def put_alert(self, alert: Alert, *, now: int) -> str:
        """As `put_alerts`, for one."""
        return self.put_alerts([alert], now=now)[0]

    def put_alerts(self, found: Sequence[Alert], *, now: int) -> list[str]:
        """For each alert in turn: `new`, `extended` when its extent changed, else `unchanged`.

        The row of an alert that is there already stays as it is, whatever else differs.
        """
        known = self._reaches({alert.id for alert in found})
        answers, rows, reaches, bodies = [], [], [], {}
        for alert in found:
            body = _evidence_bytes(alert.extent)
            name = digest(body)
            before = known.get(alert.id)
            reach = (alert.extent.count, alert.extent.first, alert.extent.last, name)
            if before and before.reach == reach:
                answers.append("unchanged")
                continue
            if before is None:
                rows.append(_alert_row(alert, now))
            answers.append("extended" if before else "new")
            self.touched.alerts.add(alert.id)
            known[alert.id], bodies[name] = _Reach(before.seq + 1 if before else 1, reach), body
            values = dict(zip(_REACH, reach, strict=True))
            reaches.append({"alert": alert.id, "seq": known[alert.id].seq, "at": now, **values})
        self.put_summed(alerts, rows)
        self.put_missing(evidence, [{"digest": name, "body": body} for name, body in bodies.items()])
        self.put_summed(extents, reaches)
        return answers

    def alert(self, id: str) -> Alert | None:
        """The alert with its newest extent, or None."""
        return next(iter(self.alerts(ids=[id])), None)

    def alerts(
        self,
        *,
        ids: Iterable[str] | None = None,
        rule: str | None = None,
        institution: str | None = None,
        level: str | None = None,
        case: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int | None = None,
    ) -> list[Alert]:
        """Alerts with their newest extents, newest last trigger first, ties by id. `since <= last trigger < until`."""
        query = newest_extents()
        wanted = ((alerts.c.rule_id, rule), (alerts.c.institution, institution), (alerts.c.level, level))
        query = query.where(*(column == value for column, value in wanted if value is not None))
        if case is not None:
            query = query.join(case_alerts, case_alerts.c.alert == alerts.c.id).where(case_alerts.c.case == case)
        if since is not None:
            query = query.where(extents.c.last >= since)
        if until is not None:
            query = query.where(extents.c.last < until)
        if ids is None:
            rows: Iterable[Row[Any]] = self.connection.execute(query.order_by(extents.c.last.desc(), alerts.c.id).limit(limit))
        else:
            rows = self.connection.execute(query.where(among(alerts.c.id, ids)))
        found = sorted((_alert(row) for row in rows), key=lambda alert: (-alert.extent.last, alert.id))
        return found[:limit]

    def alerts_in_turn(self) -> list[str]:
        """The ids of all alerts, by first trigger, ties by id."""
        query = newest_extents().with_only_columns(alerts.c.id).order_by(extents.c.first, alerts.c.id)
        return list(self.connection.execute(query).scalars())

    def alert_ids(self, beginning: str) -> list[str]:
        """The ids that begin so, in order, at most twenty."""
        query = select(alerts.c.id).where(alerts.c.id.startswith(beginning, autoescape=True))
        return list(self.connection.execute(query.order_by(alerts.c.id).limit(20)).scalars())

    def keys_in_cells(self, cells: Collection[tuple[str, str, int]]) -> dict[tuple[str, str, int], int]:
        """How many alerts each (rule, institution, start of the cell) has."""
        columns = (alerts.c.rule_id, alerts.c.institution, alerts.c.cell_start)
        query = select(*columns, func.count()).group_by(*columns)
        parts = (self.connection.execute(query.where(tuple_(*columns).in_(part))) for part in chunks(sorted(cells)))
        return dict.fromkeys(cells, 0) | {(row[0], row[1], row[2]): row[3] for rows in parts for row in rows}

    def alerts_of_cell(self, cell: tuple[str, str, int]) -> list[str]:
        """The ids of the alerts of one (rule, institution, start of the cell), in order."""
        return list(self.connection.execute(select(alerts.c.id).where(*_in_cell(cell)).order_by(alerts.c.id)).scalars())

    def cells_of_cases(self, cases: Iterable[str]) -> list[tuple[str, str, tuple[str, str, int]]]:
        """Case, alert and (rule, institution, start of the cell) of each alert that lies in one of these cases."""
        columns = (case_alerts.c.case, alerts.c.id, alerts.c.rule_id, alerts.c.institution, alerts.c.cell_start)
        query = select(*columns).join(case_alerts, case_alerts.c.alert == alerts.c.id)
        rows = self.connection.execute(query.where(among(case_alerts.c.case, cases)))
        return [(row[0], row[1], (row[2], row[3], row[4])) for row in rows]

    def count_alerts(self) -> int:
        return self.connection.execute(select(func.count()).select_from(alerts)).scalar_one()

    def verify_alerts(self) -> list[str]:
        """What is wrong with the rows of alerts, their extents and evidence, each as one sentence; empty when nothing is."""
        faults, read = [], set()
        for row in self.connection.execute(newest_extents().order_by(alerts.c.id)):
            read.add(row.id)
            try:
                _alert(row)
            except DeskError as error:
                faults.append(str(error))
        ids = self.connection.execute(select(alerts.c.id).order_by(alerts.c.id)).scalars()
        return faults + [f"alert {id}: its extent or its evidence is gone" for id in ids if id not in read]

    def extents(self, id: str) -> list[tuple[int, Extent]]:
        """How an alert grew: when it was said, and the extent, oldest first."""
        query = select(extents, evidence.c.body).join(evidence, evidence.c.digest == extents.c.evidence).where(extents.c.alert == id)
        return [(row.at, extent_of(row, id)) for row in self.connection.execute(query.order_by(extents.c.seq))]

    def _reaches(self, ids: Collection[str]) -> dict[str, _Reach]:
        columns = [extents.c[name] for name in _REACH]
        query = select(extents.c.alert, extents.c.seq, *columns).order_by(extents.c.seq)  # the newest comes last and stays
        rows = self.connection.execute(query.where(among(extents.c.alert, ids)))
        return {row[0]: _Reach(row[1], tuple(row[2:])) for row in rows}


def newest_extents() -> Select[Any]:
    """Each alert's row, with count, first, last and the evidence's `body` of its newest extent."""
    newest = select(func.max(extents.c.seq)).where(extents.c.alert == alerts.c.id).correlate(alerts).scalar_subquery()
    reach = [extents.c[name] for name in ("count", "first", "last")]
    joined = alerts.join(extents, and_(extents.c.alert == alerts.c.id, extents.c.seq == newest))
    return select(alerts, *reach, evidence.c.body).select_from(joined.join(evidence, evidence.c.digest == extents.c.evidence))


def _in_cell(cell: tuple[str, str, int]) -> tuple[Any, ...]:
    return tuple(alerts.c[name] == value for name, value in zip(("rule_id", "institution", "cell_start"), cell, strict=True))


def _evidence_bytes(extent: Extent) -> bytes:
    return canonical_json([[item.time, item.id, item.event] for item in extent.evidence])


def _alert_row(alert: Alert, now: int) -> dict[str, Any]:
    plain = ("id", "rule_id", "rule_hash", "title", "level", "institution", "cell_start", "cell_end", "run_type")
    return {name: getattr(alert, name) for name in plain} | {
        "tags": canonical_json(alert.tags),
        "key": canonical_json(list(alert.key.items())),  # pairs: the order of the rule is kept
        "detail": canonical_json(dict(alert.detail)),
        "raised_at": now,
    }


def extent_of(row: Row[Any], alert: str) -> Extent:
    """The extent that a row holds, with its evidence. Raises DeskError when it is damaged."""
    sound(row, extents, alert)
    with whole("evidence", f"of alert {alert}"):
        evidence = tuple(_evidence(*item) for item in read_json(row.body, list))
    return Extent(row._mapping["count"], row.first, row.last, evidence)


def _evidence(time: Any, id: Any, event: Any) -> Evidence:
    if type(time) is not int or type(id) is not str or type(event) is not dict:
        raise TypeError(f"{time!r}, {id!r} is no event")
    return Evidence(time, id, event)


def _alert(row: Row[Any]) -> Alert:
    sound(row, alerts, row.id)
    with whole("alerts", row.id):
        tags, key, detail = tuple(read_json(row.tags, list)), dict(read_json(row.key, list)), read_json(row.detail, dict)
    return Alert(
        id=row.id,
        rule_id=row.rule_id,
        rule_hash=row.rule_hash,
        title=row.title,
        level=row.level,
        tags=tags,
        institution=row.institution,
        key=key,
        cell_start=row.cell_start,
        cell_end=row.cell_end,
        extent=extent_of(row, row.id),
        run_type=row.run_type,
        detail=detail,
    )
