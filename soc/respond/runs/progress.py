"""How far a run of a playbook has come: a fold over its journal. Nothing here touches the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from soc.desk.cases.journal import JournalEntry
from soc.desk.database.damage import whole
from soc.errors import DeskError
from soc.respond.actions.action import Order
from soc.respond.playbooks.origin import marked

WAITING = ("asking", "unsure", "ended")  # states in which nothing can be done without a person


@dataclass(frozen=True, slots=True)
class Progress:
    """`state`: ready (at `step`), started, retrying (from `due` on), asking, unsure (was it carried out?), ended.

    `seq`: the last entry's. `next` None in state ready: no step follows. `answered`: a person has had a word. `closed`: the run
    itself has closed the case.
    """

    state: str = "ready"
    step: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    started: Mapping[str, Any] = field(default_factory=dict)  # what the journal says of the step under way
    started_at: int = 0
    attempts: int = 0
    due: int = 0
    choices: tuple[str, ...] = ()
    answered: bool = False
    closed: bool = False
    error: str = ""
    outcome: str = ""
    seq: int = 0

    def order(self, case: str, timeout: int) -> Order:
        """The step under way, as it was put down when it began."""
        return Order(case, str(self.step), self.started["key"], self.started["arguments"], self.started_at, timeout)


def fold(entries: Iterable[JournalEntry]) -> Progress:
    """Where a run stands. Entries in order of `seq`. Raises DeskError when they cannot follow each other."""
    return reduce(after, entries, Progress())


def after(before: Progress, entry: JournalEntry) -> Progress:
    """Where it stands when this was written too. Raises DeskError when the entry cannot follow."""
    if before.state not in _FOLLOWS.get(entry.action, ()):
        raise DeskError(
            f"journal of run {entry.run}: {entry.action!r} cannot follow {before.state!r}\n  put a backup of the desk in its place"
        )
    with whole("journal", entry.run, entry.seq):
        return replace(_after(before, entry), seq=entry.seq)


def _after(before: Progress, entry: JournalEntry) -> Progress:
    said = entry.said
    if entry.action == "started":
        return replace(before, state="started", started=said, started_at=entry.at, attempts=1)
    if entry.action == "retry":
        return replace(before, state="retrying", attempts=before.attempts + 1, due=said["due"], error=said["error"])
    if entry.action == "unknown":
        return replace(before, state="unsure", choices=tuple(said["choices"]))
    if entry.action == "asked":
        return replace(before, state="asking", choices=tuple(said["choices"]))
    if entry.action == "ended":
        return replace(before, state="ended", step=None, outcome=said["outcome"], error=said.get("error") or "")
    closing = entry.action == "done" and said["outcome"] == "success" and before.started.get("action") == "close"
    return replace(
        before,
        state="ready",
        step=said["next"],
        variables={**before.variables, **marked(said.get("kept", {}), said.get("from_log", ()))},
        started={},
        attempts=0,
        answered=before.answered or entry.action == "answered",
        closed=before.closed or closing,
        error=said.get("error") or "",
    )


_FOLLOWS = {  # action -> states after which it can stand
    "begun": ("ready",),
    "started": ("ready",),
    "retry": ("started", "retrying"),
    "done": ("ready", "started", "retrying"),
    "skipped": ("ready",),
    "unknown": ("started",),
    "asked": ("ready",),
    "answered": ("asking", "unsure"),
    "ended": ("ready", "retrying", "asking", "unsure"),
}
