"""Triage: each alert joins the case it belongs to, or opens one. Never across institutions.

An alert lies where another of its rule and key lies; else, in a storm, in the storm's case; else where an observable of
its is known; each time in an open case of its institution whose triggers lie within a day of its own. Else it opens a
case, linked to one closed lately that it would have joined. What is written depends on the alerts and their order alone.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from soc.desk.cases.case import Head
from soc.desk.cases.docket import Docket
from soc.desk.cases.words import CATEGORY, SEVERITIES, categories
from soc.desk.desk import Tx
from soc.desk.runs.runs import Swallowed
from soc.model import Alert
from soc.respond.triaging.accounts import titled
from soc.respond.triaging.marks import Mark, key_mark, observable_marks, storm_mark
from soc.respond.triaging.policy import Policy as Policy
from soc.text import canonical_json

ACTOR = "triage"
_ADDRESSES = ("source.ip", "destination.ip", "host.ip", "client.ip", "server.ip")
Cell = tuple[str, str, int]


class Triaged(NamedTuple):
    """The cases that were opened, and how many alerts joined one that was there."""

    opened: list[str]
    joined: int


def triage(tx: Tx, changes: Sequence[tuple[Alert, str]], policy: Policy, *, now: int, run: int | None = None) -> Triaged:
    """Places alerts that were just put on the desk, in the same transaction. `changes`: alert and the answer of `put_alert`."""
    alerts = [alert for alert, change in changes if change != "unchanged"]
    with tx.docket(actor=ACTOR, now=now) as docket:
        board = _Board(tx, docket, policy, alerts, now)
        for alert in sorted(alerts, key=lambda alert: (alert.extent.first, alert.id)):
            board.place(alert)
    overflow = ((*place, count) for place, count in board.overflow.items())
    tx.swallow(Swallowed("overflow", rule, institution, {}, case, count, now, run) for rule, institution, case, count in overflow)
    return Triaged(board.opened, board.joined)


class _Board:
    """The cases that these alerts may concern, in memory: one look at the database, then none per alert."""

    def __init__(self, tx: Tx, docket: Docket, policy: Policy, alerts: Sequence[Alert], now: int) -> None:
        self.opened: list[str] = []
        self.joined = 0
        self.overflow: dict[tuple[str, str, str], int] = {}
        self._tx, self._docket, self._policy, self._now = tx, docket, policy, now
        self._case_of = tx.cases_of_alerts(dict.fromkeys(alert.id for alert in alerts))
        self._keys = {alert.id: key_mark(alert) for alert in alerts}
        self._observables = {alert.id: observable_marks(alert) for alert in alerts}
        self._known: dict[str, list[str]] = {}  # by mark, once it is looked up: the cases that carry it, the oldest first
        self._looked_up: set[str] = set()
        self._reach: dict[str, tuple[int, int]] = {}
        self._cells = {alert.id: _cell(alert) for alert in alerts}
        self._sizes = tx.keys_in_cells({cell for id, cell in self._cells.items() if id not in self._case_of})
        self._look_up(alerts)
        self._settled: set[Cell] = set()

    def place(self, alert: Alert) -> None:
        """Puts one alert where it belongs."""
        here = self._case_of.get(alert.id)
        if here is not None:
            self._reached(here, alert)
            self._mark(here, alert)
            self._docket.touch(here, reach=(alert.extent.first, alert.extent.last))
            return
        target, why = self._target(alert)
        if target is None:
            target = self._open(alert)
        else:
            self.joined += 1
        self._join(target, alert, why)
        if self._docket.head(target).storm and self._stormy(alert) and _cell(alert) not in self._settled:
            self._settled.add(_cell(alert))
            self._absorb(target, alert)

    def _target(self, alert: Alert) -> tuple[str | None, str]:
        tried = [self._keys[alert.id]] + (
            [storm_mark(alert.rule_id, alert.institution)] if self._stormy(alert) else self._observables[alert.id]
        )
        for mark in tried:
            for case in self._cases(mark.mark):
                if self._may_join(case, alert, mark):
                    return case, mark.because
        return None, "a storm" if self._stormy(alert) else "it opened the case"

    def _may_join(self, case: str, alert: Alert, mark: Mark) -> bool:
        head = self._docket.head(case)
        if head.status == "closed" or head.institution != alert.institution or (head.storm and mark.kind not in ("key", "storm")):
            return False
        first, last = self._reach.get(case, (alert.extent.first, alert.extent.last))
        return alert.extent.first - last <= self._policy.within and first - alert.extent.last <= self._policy.within

    def _open(self, alert: Alert) -> str:
        before = self._closed_lately(alert)
        stormy = self._stormy(alert)
        severity = _severity(alert)
        title = f"Storm: {alert.title} (more than {self._policy.storm:,} keys at once)" if stormy else titled(alert)
        head = self._docket.open(
            key=f"alert:{alert.id}",
            institution=alert.institution,
            title=title,
            category=self._category(alert),
            severity=severity,
            priority=self._priority(alert, severity),
            storm=stormy,
        )
        self.opened.append(head.id)
        if before:
            self._docket.append(head.id, "link", {"kind": "follows", "case": before})
            self._docket.append(before, "link", {"kind": "followed_by", "case": head.id})
        return head.id

    def _join(self, case: str, alert: Alert, why: str) -> None:
        self._docket.join(case, alert.id, alert.rule_id, why, reach=(alert.extent.first, alert.extent.last))
        self._case_of[alert.id] = case
        self._reached(case, alert)
        self._mark(case, alert)
        self._raise(self._docket.head(case), alert)
        if self._docket.head(case).storm:
            place = (alert.rule_id, alert.institution, case)
            self.overflow[place] = self.overflow.get(place, 0) + 1

    def _raise(self, head: Head, alert: Alert) -> None:
        severity, worse = _severity(alert), {}
        if SEVERITIES.index(severity) > SEVERITIES.index(head.severity):
            category = self._category(alert)
            worse = {"severity": severity} | ({"category": category} if category != CATEGORY else {})
            worse |= {} if head.storm else {"title": titled(alert)}
        priority = self._priority(alert, severity)
        changed = worse | ({"priority": priority} if priority < head.priority else {})
        said = {name: value for name, value in changed.items() if name not in head.pinned and getattr(head, name) != value}
        if said:
            self._docket.append(head.id, "raised", said)

    def _absorb(self, storm: str, alert: Alert) -> None:
        """Cases that storms opened before they were known as such, and that nobody has touched, become part of them.

        One that holds anything but alerts of storms stays as it is.
        """
        earlier = set(self._tx.cases_of_alerts(self._tx.alerts_of_cell(_cell(alert))).values()) - {storm}
        for case, held in sorted(self._held(self._tx.untouched_cases(earlier, by=ACTOR)).items()):
            head = self._docket.head(case)
            if head.storm or head.alerts != len(held) or not all(map(self._is_storm, held.values())):
                continue
            for rule in sorted({cell[0] for cell in held.values()}):
                if target := storm if rule == alert.rule_id else self._storm_case(rule, alert.institution):
                    self._give(case, [id for id, cell in held.items() if cell[0] == rule], target, rule)
            if not self._docket.head(case).alerts:
                self._docket.append(case, "status", {"to": "closed", "verdict": "duplicate"})

    def _give(self, case: str, alerts: Collection[str], storm: str, rule: str) -> None:
        self._docket.move(alerts, source=case, to=storm, rule=rule, because="a storm")
        self._docket.append(case, "link", {"kind": "merged_into", "case": storm})
        for mark in self._tx.marks_of_case(case):
            if mark[1] == "key" and mark[2].startswith(canonical_json([rule])[:-1]):
                self._docket.mark(storm, *mark)
        self._case_of |= dict.fromkeys(alerts, storm)

    def _storm_case(self, rule: str, institution: str) -> str | None:
        """The open case of a rule's storm."""
        mark = storm_mark(rule, institution).mark
        written = [sighting.case for sighting in self._tx.cases_with_marks([mark], closed_since=self._now)]
        cases = dict.fromkeys([*written, *self._cases(mark)])
        return next((case for case in cases if self._docket.head(case).storm and self._docket.head(case).status != "closed"), None)

    def _held(self, cases: Collection[str]) -> dict[str, dict[str, Cell]]:
        """Case -> its alerts with their cells, as they are after what was placed so far."""
        held: dict[str, dict[str, Cell]] = {}
        written = {id: (case, cell) for case, id, cell in self._tx.cells_of_cases(cases)}
        placed = {id: (case, self._cells[id]) for id, case in self._case_of.items() if id in self._cells}
        for id, (case, cell) in (written | placed).items():
            if (now := self._case_of.get(id, case)) in cases:
                held.setdefault(now, {})[id] = cell
        return held

    def _mark(self, case: str, alert: Alert) -> None:
        storm = self._docket.head(case).storm
        marks = (
            [self._keys[alert.id], storm_mark(alert.rule_id, alert.institution)]
            if storm
            else [self._keys[alert.id], *self._observables[alert.id]]
        )
        for mark in marks:
            self._docket.mark(case, mark.mark, mark.kind, mark.value)
            known = self._known.setdefault(mark.mark, [])
            if case not in known:
                insort(known, case)

    def _reached(self, case: str, alert: Alert) -> None:
        first, last = self._reach.get(case, (alert.extent.first, alert.extent.last))
        self._reach[case] = (min(first, alert.extent.first), max(last, alert.extent.last))

    def _closed_lately(self, alert: Alert) -> str | None:
        for mark in [self._keys[alert.id], *([] if self._stormy(alert) else self._observables[alert.id])]:
            for case in reversed(self._cases(mark.mark)):
                head = self._docket.head(case)
                if head.status == "closed" and head.institution == alert.institution and head.verdict != "duplicate":
                    return case
        return None

    def _look_up(self, alerts: Sequence[Alert]) -> None:
        """The cases that an alert may join by its key; of those alerts that have none also those that share an observable."""
        self._load(set(self._case_of.values()))
        self._see(mark.mark for alert in alerts for mark in (self._keys[alert.id], storm_mark(alert.rule_id, alert.institution)))
        rest = [alert for alert in alerts if alert.id not in self._case_of and not self._placed_by_key(alert)]
        self._see(mark.mark for alert in rest for mark in self._observables[alert.id])

    def _placed_by_key(self, alert: Alert) -> bool:
        key = self._keys[alert.id]
        return any(self._may_join(case, alert, key) for case in self._cases(key.mark))

    def _cases(self, mark: str) -> list[str]:
        if mark not in self._looked_up:
            self._see([mark])
        return self._known.get(mark, [])

    def _see(self, marks: Iterable[str]) -> None:
        """Looks marks up."""
        new = set(marks) - self._looked_up
        self._looked_up |= new
        before: dict[str, list[str]] = {}
        for sighting in self._tx.cases_with_marks(sorted(new), closed_since=self._now - self._policy.linked) if new else ():
            before.setdefault(sighting.mark, []).append(sighting.case)
        for mark, cases in before.items():
            self._known[mark] = sorted({*cases, *self._known.get(mark, ())})
        self._load({case for cases in before.values() for case in cases})

    def _load(self, cases: set[str]) -> None:
        self._docket.load(sorted(cases))
        self._reach = self._tx.triggers_of_cases(sorted(cases - self._reach.keys())) | self._reach

    def _stormy(self, alert: Alert) -> bool:
        return self._is_storm(_cell(alert))

    def _is_storm(self, cell: Cell) -> bool:
        if cell not in self._sizes:
            self._sizes |= self._tx.keys_in_cells({cell})
        return self._sizes[cell] > self._policy.storm

    def _category(self, alert: Alert) -> str:
        tuned = self._policy.tuned.get(alert.rule_id)
        return tuned if tuned in categories() else self._policy.categories.of(alert.tags)

    def _priority(self, alert: Alert, severity: str) -> int:
        addresses = {value for name, value in alert.key.items() if name in _ADDRESSES}
        addresses |= {item.event[name] for item in alert.extent.evidence for name in _ADDRESSES if type(item.event.get(name)) is str}
        classes = {self._policy.asset_class(alert.institution, address) for address in addresses}
        institution_class = self._policy.institution_class.get(alert.institution)
        return self._policy.priority.of(severity, {name for name in classes if name}, institution_class)


def _cell(alert: Alert) -> Cell:
    return alert.rule_id, alert.institution, alert.cell_start


def _severity(alert: Alert) -> str:
    return alert.level if alert.level in SEVERITIES else "medium"
