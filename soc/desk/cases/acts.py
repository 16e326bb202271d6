"""What people and playbooks do to cases. Several cases at once: all of them, or none when one cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from soc.desk.cases.case import SETTABLE, Head
from soc.desk.cases.cases import Cases
from soc.desk.cases.docket import Docket
from soc.desk.cases.words import LINKS, MARKS, PRIORITIES, SEVERITIES, TLP, VERDICTS, check_category, check_step, check_word
from soc.desk.database.session import digest
from soc.errors import UsageError


class Acts(Cases):
    """Each returns the cases as they are afterwards, in the order asked. Raises UsageError that names what cannot be, and why."""

    def open_case(self, *, title: str, institution: str, actor: str, now: int, **fields: Any) -> Head:
        """A case that no alert opened: a telephone call, a mail."""
        if "priority" in fields:
            check_word("priority", fields["priority"], PRIORITIES)
        with self.docket(actor=actor, now=now) as docket:
            return docket.open(key=f"manual:{digest(actor, str(now), title)}", institution=institution, title=title, **fields)

    def assign(self, ids: Sequence[str], owner: str | None, *, actor: str, now: int) -> list[Head]:
        """Gives cases to somebody, or to nobody; a new or triaged one becomes assigned. The log says from whom it was taken."""
        return self._each(ids, actor, now, lambda docket, id: _give(docket, id, owner))

    def note(self, ids: Sequence[str], text: str, *, actor: str, now: int) -> list[Head]:
        """Writes a note."""
        if not text.strip():
            raise UsageError("the note is empty")
        return self._each(ids, actor, now, lambda docket, id: docket.append(id, "note", {"text": text}))

    def set_status(self, ids: Sequence[str], to: str, *, actor: str, now: int, note: str = "") -> list[Head]:
        """Moves cases to a status that may follow theirs; `closed` needs a verdict, see `close_cases`."""
        return self._each(ids, actor, now, lambda docket, id: _become(docket, id, to, None, note))

    def close_cases(self, ids: Sequence[str], verdict: str, *, actor: str, now: int, note: str = "") -> list[Head]:
        """Closes cases with what they turned out to be."""
        check_word("verdict", verdict, VERDICTS)
        return self._each(ids, actor, now, lambda docket, id: _become(docket, id, "closed", verdict, note))

    def set_fields(self, ids: Sequence[str], *, actor: str, now: int, **values: Any) -> list[Head]:
        """Sets title, category, severity, priority or tlp; what a person set no later alert changes."""
        for name, value in values.items():
            _check_field(name, value)
        return self._each(ids, actor, now, lambda docket, id: docket.append(id, "set", values))

    def link(self, id: str, kind: str, other: str, *, actor: str, now: int) -> list[Head]:
        """Links two cases; each log says so."""
        check_word("kind of link", kind, LINKS)
        if id == other:
            raise UsageError(f"case {id} cannot be linked to itself")
        with self.docket(actor=actor, now=now) as docket:
            docket.load([id, other])
            return [docket.append(a, "link", {"kind": kind, "case": b}) for a, b in ((id, other), (other, id))]

    def add_observable(self, id: str, kind: str, value: str, *, actor: str, now: int) -> Head:
        """Adds what was seen in a case by people; later alerts of its institution that share it join."""
        check_word("kind of observable", kind, MARKS)
        with self.docket(actor=actor, now=now) as docket:
            head = docket.append(id, "observable", {"kind": kind, "value": value})
            docket.mark(id, observable_mark(head.institution, kind, value), kind, value.encode())
            return head

    def attach(self, id: str, title: str, events: Sequence[dict[str, Any]], *, actor: str, now: int) -> Head:
        """Keeps events with a case, past retention."""
        return self.record(id, "evidence", {"title": title, "events": list(events)}, actor=actor, now=now)

    def _each(self, ids: Sequence[str], actor: str, now: int, act: Callable[[Docket, str], Head]) -> list[Head]:
        wrong, done = [], []
        with self.docket(actor=actor, now=now) as docket:
            docket.load(ids)
            for id in dict.fromkeys(ids):
                try:
                    done.append(act(docket, id))
                except UsageError as error:
                    wrong.append(str(error))
            if wrong:
                raise UsageError("\n".join(wrong) + ("\n  nothing was changed" if len(ids) > 1 else ""))
        return done


def observable_mark(institution: str, kind: str, value: str) -> str:
    """What two cases of one institution share when they share an observable."""
    return digest(institution, kind, value)


def _give(docket: Docket, id: str, owner: str | None) -> Head:
    before = docket.head(id).owner
    return docket.append(id, "assign", {"owner": owner} | ({"from": before} if before not in (None, owner) else {}))


def _become(docket: Docket, id: str, to: str, verdict: str | None, note: str) -> Head:
    head = docket.head(id)
    check_step(id, head.status, to)
    if to == "closed" and verdict is None:
        raise UsageError(f"case {id} needs a verdict to be closed\n  soc case close {id} --verdict {'|'.join(VERDICTS)}")
    head = docket.append(id, "status", {"to": to} | ({"verdict": verdict} if verdict else {}))
    return docket.append(id, "note", {"text": note}) if note else head


def _check_field(name: str, value: Any) -> None:
    check_word("field that can be set", name, SETTABLE)
    if name == "category":
        check_category(value)
    elif name != "title":
        known: Any = {"severity": SEVERITIES, "priority": PRIORITIES, "tlp": TLP}[name]
        check_word(name, value, known)
