"""A case is a fold over its log. Nothing here touches the database.

Actions and what they say:
    opened    key institution title category severity priority tlp storm
    alert     alert rule because             an alert joined; `because`: why here
    moved     alerts into                    alerts went to another case
    raised    severity priority category title    a worse alert joined; what a person set stays
    set       title category severity priority tlp    a person decides
    assign    owner          note  text      link  kind case
    status    to verdict     evidence  title events     observable  kind value
    question  run step text choices          a playbook asks        answer  run step value      a person answered
    playbook  run playbook title             a playbook begins      playbook_ended  run playbook outcome …
    step      run step action outcome …      what a playbook did
Any other action is kept in the log and changes no field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, NamedTuple

from soc.desk.cases.log import Entry
from soc.desk.database.damage import whole

SETTABLE = ("title", "category", "severity", "priority", "tlp")


class Head(NamedTuple):
    """The fields of a case that a queue shows; one row of the projection."""

    id: str
    key: str = ""
    institution: str = ""
    title: str = ""
    category: str = ""
    severity: str = ""
    priority: int = 4
    status: str = "new"
    verdict: str | None = None
    owner: str | None = None
    tlp: str = "AMBER"
    opened_at: int = 0
    updated_at: int = 0
    closed_at: int | None = None
    alerts: int = 0
    storm: bool = False
    pinned: tuple[str, ...] = ()  # fields that a person set
    seq: int = 0
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A case with all that its log says. Alerts by id, in the order they joined."""

    head: Head
    alerts: tuple[str, ...] = ()
    notes: tuple[tuple[int, str, str], ...] = ()  # at, actor, text
    links: tuple[tuple[str, str], ...] = ()  # kind, case
    evidence: tuple[Mapping[str, Any], ...] = ()
    observables: tuple[tuple[str, str], ...] = ()  # kind, value: those that people added
    questions: tuple[Mapping[str, Any], ...] = ()  # that wait for an answer, oldest first
    log: tuple[Entry, ...] = ()


def step(head: Head, entry: Entry) -> Head:
    """The head after one more entry. Raises DeskError for one that does not say what its action needs."""
    with whole("case_log", entry.case, entry.seq):
        return step_said(head, entry, entry.said if entry.action in _HEAD else {})


def step_said(head: Head, entry: Entry, said: dict[str, Any]) -> Head:
    """As `step`, for an entry just made, whose payload says this."""
    change = _HEAD.get(entry.action)
    changed = change(head, said, entry) if change else {}
    return head._replace(**changed, updated_at=entry.at, seq=entry.seq, hash=entry.hash)


def fold(entries: Iterable[Entry]) -> Case:
    """The case that a log tells of. Entries in order of `seq`, at least one. Raises DeskError as `step` does."""
    log = tuple(entries)
    head = reduce(step, log, Head(log[0].case))
    joined: dict[str, None] = {}  # a storm joins thousands of alerts: no tuple is copied for each
    for entry in log:
        with whole("case_log", entry.case, entry.seq):
            if entry.action == "alert":
                joined[entry.said["alert"]] = None
            elif entry.action == "moved":
                for alert in entry.said["alerts"]:
                    joined.pop(alert, None)
    case = Case(head, tuple(joined), log=log)
    for entry in log:
        if change := _LISTS.get(entry.action):
            with whole("case_log", entry.case, entry.seq):
                case = replace(case, **change(case, entry.said, entry))
    return case


Change = Callable[[Head, dict[str, Any], Entry], dict[str, Any]]
ListChange = Callable[[Case, dict[str, Any], Entry], dict[str, Any]]


def _status(_head: Head, said: dict[str, Any], entry: Entry) -> dict[str, Any]:
    closed = said["to"] == "closed"
    verdict = {"verdict": said["verdict"]} if said.get("verdict") else {}
    return {"status": said["to"], "closed_at": entry.at if closed else None, **verdict}


def _assign(head: Head, said: dict[str, Any], _entry: Entry) -> dict[str, Any]:
    begun = {"status": "assigned"} if said["owner"] and head.status in ("new", "triaged") else {}
    return {"owner": said["owner"], **begun}


def _set(head: Head, said: dict[str, Any], _entry: Entry) -> dict[str, Any]:
    return {**said, "pinned": tuple(sorted({*head.pinned, *said}))}


def _raised(head: Head, said: dict[str, Any], _entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in head.pinned}


_HEAD: dict[str, Change] = {
    "opened": lambda head, said, entry: {**said, "opened_at": entry.at},
    "alert":  lambda head, said, entry: {"alerts": head.alerts + 1},
    "moved":  lambda head, said, entry: {"alerts": head.alerts - len(said["alerts"])},
    "raised": _raised,
    "set":    _set,
    "assign": _assign,
    "status": _status,
}  # fmt: skip


def _answered(case: Case, said: dict[str, Any], _entry: Entry) -> dict[str, Any]:
    place = (said.get("run"), said.get("step"))
    return {"questions": tuple(asked for asked in case.questions if (asked.get("run"), asked.get("step")) != place)}


_LISTS: dict[str, ListChange] = {
    "note":       lambda case, said, entry: {"notes": (*case.notes, (entry.at, entry.actor, said["text"]))},
    "link":       lambda case, said, entry: {"links": (*case.links, (said["kind"], said["case"]))},
    "evidence":   lambda case, said, entry: {"evidence": (*case.evidence, said)},
    "observable": lambda case, said, entry: {"observables": (*case.observables, (said["kind"], said["value"]))},
    "question":   lambda case, said, entry: {"questions": (*case.questions, said)},
    "answer":     _answered,
}  # fmt: skip

HEAD_FIELDS = Head._fields
