"""Actions on the desk itself: each happens in one transaction with its journal entry, hence exactly once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from soc.condition.fold import fold
from soc.desk.cases.words import PRIORITIES, SEVERITIES, STATUSES, TLP, VERDICTS
from soc.respond.actions.action import Action, Argument, OnDesk, StepFailed

Gives = Mapping[str, Any]


def _institution(desk: OnDesk, arguments: Gives) -> Gives:
    found = desk.world.institutions.by_id.get(arguments["institution"] or desk.head.institution)
    if found is None:
        return {"known": False, "name": desk.head.institution, "contact": "", "class": "unknown"}
    return {"known": True, "name": found.name, "contact": found.contact, "class": found.kind}


def _earlier_cases(desk: OnDesk, arguments: Gives) -> Gives:
    marks = [mark for mark, kind, _ in desk.tx.marks_of_case(desk.head.id) if kind != "storm"]
    found = desk.tx.cases_with_marks(marks, closed_since=desk.now - arguments["since"])
    ids = sorted({one.case for one in found} - {desk.head.id})
    heads = desk.tx.heads(ids=ids) if ids else []
    confirmed = sum(1 for head in heads if (head.verdict or "").startswith("true_positive"))
    return {"count": len(heads), "ids": ids[-20:], "confirmed": confirmed, "open": sum(head.status != "closed" for head in heads)}


def _listed(desk: OnDesk, arguments: Gives) -> Gives:
    name = arguments["list"]
    path = desk.world.lists.get(name)
    if path is None:
        known = ", ".join(sorted(desk.world.lists)) or "none"
        raise StepFailed(f"there is no list {name!r} in detections/lists/; there are: {known}", final=True)
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise StepFailed(f"{path}: cannot be read: {error}") from error
    entries = [line for line in lines if line and not line.startswith("#")]
    found = [value for value in map(str, arguments["values"]) if any(_meets(value, entry) for entry in entries)]
    return {"listed": bool(found), "found": found}


def _meets(value: str, entry: str) -> bool:
    """Whether a value is an entry, lies in the network that it is, or meets its wildcards."""
    try:
        return ip_address(value) in ip_network(entry, strict=False)
    except ValueError:
        pattern = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in fold(entry))
        return re.fullmatch(pattern, fold(value), re.DOTALL) is not None


def _set(desk: OnDesk, arguments: Gives) -> Gives:
    stated = {name: value for name, value in arguments.items() if value is not None}
    status = stated.pop("status", None)
    changed = {name: value for name, value in stated.items() if getattr(desk.head, name) != value}
    if changed:
        desk.tx.set_fields([desk.head.id], actor=desk.actor, now=desk.now, **changed)
    if status is not None and status != desk.head.status:
        desk.tx.set_status([desk.head.id], status, actor=desk.actor, now=desk.now)
    return {}


def _assign(desk: OnDesk, arguments: Gives) -> Gives:
    if desk.head.owner != arguments["owner"]:
        desk.tx.assign([desk.head.id], arguments["owner"], actor=desk.actor, now=desk.now)
    return {}


def _note(desk: OnDesk, arguments: Gives) -> Gives:
    desk.tx.note([desk.head.id], arguments["text"], actor=desk.actor, now=desk.now)
    return {}


def _close(desk: OnDesk, arguments: Gives) -> Gives:
    desk.tx.close_cases([desk.head.id], arguments["verdict"], actor=desk.actor, now=desk.now, note=arguments["note"] or "")
    return {}


_OPEN = tuple(status for status in STATUSES if status != "closed")
ACTIONS = (
    Action(
        "look_up_institution",
        "Whose case it is: name, contact and class from ingest/institutions.yml.",
        "safe",
        {"institution": Argument("value", own=True)},
        {"known": "bool", "name": "text", "contact": "text", "class": "text"},
        on_desk=_institution,
    ),
    Action(
        "look_up_cases",
        "Earlier cases of the institution that share the key or an observable.",
        "safe",
        {"since": Argument("duration", default="90d")},
        {"count": "integer", "ids": "list", "confirmed": "integer", "open": "integer"},
        on_desk=_earlier_cases,
    ),
    Action(
        "look_up_list",
        "Which values stand in a list of detections/lists/; entries may hold wildcards or be networks.",
        "safe",
        {"list": Argument("value", needed=True, own=True), "values": Argument("values", needed=True)},
        {"listed": "bool", "found": "list"},
        on_desk=_listed,
        from_log=frozenset(("found",)),
    ),
    Action(
        "set",
        "Sets fields of the case.",
        "safe",
        {
            "severity": Argument("value", words=SEVERITIES),
            "priority": Argument("integer", words=PRIORITIES),
            "category": Argument("value"),
            "tlp": Argument("value", words=TLP),
            "status": Argument("value", words=_OPEN),
        },
        on_desk=_set,
        tells=True,
    ),
    Action("assign", "Gives the case to somebody.", "safe", {"owner": Argument("value", needed=True)}, on_desk=_assign, tells=True),
    Action("note", "Writes a note.", "safe", {"text": Argument("text", needed=True)}, on_desk=_note, tells=True),
    Action(
        "close",
        "Closes the case with what it turned out to be.",
        "safe",
        {"verdict": Argument("value", needed=True, words=VERDICTS), "note": Argument("text")},
        on_desk=_close,
        tells=True,
    ),
)
