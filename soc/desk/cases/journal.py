"""The runs of playbooks and their journal: append-only, written before and after each step. `soc.respond.runs.progress` folds it.

Actions and what they say:
    begun     next                               the first step
    started   action repeat key arguments        the next thing that happens may reach a receiver
    retry     attempt due error                  it failed and is tried again, under the same key
    done      outcome error kept next            `kept`: variables; `next`: the step that follows
    skipped   because next                       an action that was not wanted
    unknown                                      it was started, and nobody knows whether it was carried out
    asked     text choices                       a person's turn
    answered  value by outcome kept next
    ended     outcome error
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import func, insert, select, update

from soc.desk.cases.words import OPEN
from soc.desk.database.damage import read_json, sound, whole
from soc.desk.database.schema import cases, journal, playbook_runs
from soc.desk.database.session import Session
from soc.errors import UsageError
from soc.text import canonical_json

MOST_RUNS = 20  # of playbooks on one case


class JournalEntry(NamedTuple):
    """One entry. `payload` is canonical JSON."""

    run: int
    seq: int
    step: str
    action: str
    payload: bytes
    at: int

    @property
    def said(self) -> dict[str, Any]:
        """The payload, read. Raises DeskError when somebody damaged it."""
        with whole("journal", self.run, self.seq):
            return read_json(self.payload, dict)


class PlaybookRun(NamedTuple):
    """A playbook on a case. `number` counts the runs of that case; `ended_at` is None while it goes on."""

    id: int
    case: str
    number: int
    playbook: str
    actor: str
    at: int
    ended_at: int | None


class Journal(Session):
    def begin_playbook(self, case: str, playbook: str, *, actor: str, now: int) -> PlaybookRun:
        """A new run. Raises UsageError when the case has had its fill of them."""
        query = select(func.max(playbook_runs.c.number)).where(playbook_runs.c.case == case)
        number = (self.connection.execute(query).scalar() or 0) + 1
        if number > MOST_RUNS:
            raise UsageError(f"case {case} has had {MOST_RUNS} runs of playbooks\n  work it by hand, or open another case")
        values: dict[str, Any] = {"case": case, "number": number, "playbook": playbook, "actor": actor, "at": now}
        result = self.connection.execute(insert(playbook_runs).values(**values))
        row: Any = result.inserted_primary_key
        return PlaybookRun(int(row[0]), case, number, playbook, actor, now, None)

    def write_journal(self, run: int, step: str, action: str, said: dict[str, Any], *, now: int, last: int | None = None) -> JournalEntry:
        """One more entry; `ended` ends the run. `last`: the `seq` of the one before, for a caller whose own transaction has read it."""
        if last is None:
            last = self.connection.execute(select(func.max(journal.c.seq)).where(journal.c.run == run)).scalar() or 0
        entry = JournalEntry(run, last + 1, step, action, canonical_json(said), now)
        self.put(journal, [entry._asdict()])
        if action == "ended":
            self.connection.execute(update(playbook_runs).where(playbook_runs.c.id == run).values(ended_at=now))
        return entry

    def journal(self, run: int) -> list[JournalEntry]:
        """The journal of a run, in order."""
        query = select(*(journal.c[name] for name in JournalEntry._fields)).where(journal.c.run == run).order_by(journal.c.seq)
        return [JournalEntry(*sound(row, journal, run, row.seq)) for row in self.connection.execute(query)]

    def playbook_runs(self, *, case: str | None = None, unended: bool = False) -> list[PlaybookRun]:
        """Runs by case, then number."""
        wanted = [playbook_runs.c.case == case] if case is not None else []
        return self._runs(*wanted, *([playbook_runs.c.ended_at.is_(None)] if unended else []))

    def cases_without_playbook(self) -> list[str]:
        """Cases not closed on which no playbook has run, by id."""
        query = select(cases.c.id).where(cases.c.status.in_(OPEN), cases.c.id.not_in(select(playbook_runs.c.case)))
        return list(self.connection.execute(query.order_by(cases.c.id)).scalars())

    def _runs(self, *wanted: Any) -> list[PlaybookRun]:
        query = select(*(playbook_runs.c[name] for name in PlaybookRun._fields)).where(*wanted)
        rows = self.connection.execute(query.order_by(playbook_runs.c.case, playbook_runs.c.number))
        return [PlaybookRun(*sound(row, playbook_runs, row.id)) for row in rows]
