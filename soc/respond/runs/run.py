"""A respond run: every open case gets the playbook that fits it, and every playbook goes on to its next question to a person.

Each step is in the journal before it reaches outside and after it did. Killed anywhere, the next run goes on from there:
what may be repeated is, under the same key; what may not becomes a question. No daemon: cron calls again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from soc.desk.cases.case import Head
from soc.desk.cases.journal import PlaybookRun
from soc.desk.desk import Desk, Tx
from soc.desk.runs.locks import Lock
from soc.errors import UsageError
from soc.respond.actions.action import Action, Done, Order, StepFailed, World
from soc.respond.actions.actions import ACTIONS
from soc.respond.playbooks.playbook import Playbook, best
from soc.respond.runs.progress import WAITING, fold
from soc.respond.runs.turn import MOST_ALERTS, Turn, actor_of
from soc.times import HOUR

LEASE = HOUR
LOCK = "respond"


@dataclass(slots=True)
class Outcome:
    """What a run did. `asking`: questions that wait now; `retrying`: steps to be tried again later; `failed`: why, by place.

    `undone`: why steps that reach outside were not carried out, by place, also where their playbook knew what to do then.
    """

    begun: int = 0
    ended: int = 0
    asking: int = 0
    retrying: int = 0
    left: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    undone: dict[str, str] = field(default_factory=dict)


class _Job(NamedTuple):
    """What one call of `respond` shares."""

    lock: Lock
    stop: Callable[[], bool]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Responder:
    """Everything a run works with."""

    desk: Desk
    world: World
    playbooks: Mapping[str, Playbook]
    now: Callable[[], int]
    actor: str
    actions: Mapping[str, Action] = field(default_factory=lambda: ACTIONS)

    def respond(self, *, stop: Callable[[], bool] = lambda: False, case: str | None = None) -> Outcome:
        """Goes on with all runs, or those of one case, then begins the missing ones, until done or `stop()`.

        Raises Busy when another respond is going on.
        """
        outcome = Outcome()
        with self.desk.lock(LOCK, owner=self.actor, now=self.now(), lease=LEASE) as lock:
            job = _Job(lock, stop, outcome)
            with self.desk.read() as tx:
                runs = [run for run in tx.playbook_runs(case=case, unended=True) if _can_go_on(tx, run)]
                cases = tx.cases_without_playbook() if case is None else []
            work: list[Callable[[], None]] = [partial(self._advance, run, job) for run in runs]
            work += [partial(self._attend, id, job) for id in cases]
            for done, one in enumerate(work):
                if stop():
                    outcome.left = len(work) - done
                    break
                one()
        with self.desk.read() as tx:
            states = [fold(tx.journal(run.id)).state for run in tx.playbook_runs(case=case, unended=True)]
        outcome.asking = sum(state in ("asking", "unsure") for state in states)
        outcome.retrying = states.count("retrying")
        return outcome

    def begin(self, case: str, playbook: str, *, actor: str) -> PlaybookRun:
        """A person begins a playbook on a case; `respond` goes on with it. Raises UsageError."""
        book = self._book(playbook)
        with self.desk.write() as tx:
            head = next(iter(tx.heads(ids=[case])), None)
            if head is None or head.status == "closed":
                raise UsageError(f"case {case} is closed" if head else f"there is no case {case}\n  list them with: soc case list")
            return self._begin(tx, head, book, actor)[0]

    def answer(self, case: str, step: str, value: str, *, actor: str, number: int | None = None) -> PlaybookRun:
        """A person's answer to the question of a step. Raises UsageError that names what is asked, or the runs that ask the same."""
        with self.desk.write() as tx:
            runs = [run for run in tx.playbook_runs(case=case, unended=True) if number in (None, run.number)]
            asking = {run: progress for run in runs if (progress := fold(tx.journal(run.id))).state in ("asking", "unsure")}
            meant = [run for run, progress in asking.items() if progress.step == step]
            if len(meant) > 1:
                several = ", ".join(f"{run.number} ({run.playbook})" for run in meant)
                raise UsageError(f"several runs of case {case} ask {step!r}: {several}\n  say which with --run")
            if not meant:
                open_now = ", ".join(str(progress.step) for progress in asking.values())
                raise UsageError(
                    f"case {case} does not ask {step!r}\n  "
                    + (f"it asks: {open_now}" if open_now else "it asks nothing; see: soc case show")
                )
            (run,) = meant
            Turn(tx, run, self._book(run.playbook), self.world, self.now(), self.actions).answer(asking[run], value, actor)
        return run

    def abandon(self, tx: Tx, cases: Iterable[str]) -> None:
        """Ends the runs of cases that were just closed, within the same transaction: they ask nothing any more.

        A step that is under way outside ends its run itself.
        """
        for run in (run for case in cases for run in tx.playbook_runs(case=case, unended=True)):
            progress, book = fold(tx.journal(run.id)), self.playbooks.get(run.playbook)
            if book is not None and progress.state != "started":
                Turn(tx, run, book, self.world, self.now(), self.actions).abandon(progress)

    def _attend(self, case: str, job: _Job) -> None:
        """Begins the playbook that fits a case on which none has run, and goes on with it."""
        with self._held(job) as tx:
            head = next(iter(tx.heads(ids=[case])), None)
            if head is None or head.status == "closed" or tx.playbook_runs(case=case):
                return
            alerts = tx.alerts(case=case, limit=MOST_ALERTS)
            book = best(self.playbooks, head.severity, head.category, alerts)
            if book is None:
                return
            run, head = self._begin(tx, head, book, actor_of(book.id))
            turn = self._taken(tx, run, book, job)
            turn.know(head, alerts)
            order = turn.go()
        job.outcome.begun += 1
        self._follow(turn, order, job)

    def _begin(self, tx: Tx, head: Head, book: Playbook, actor: str) -> tuple[PlaybookRun, Head]:
        """The run, and the case with it."""
        now = self.now()
        run = tx.begin_playbook(head.id, book.id, actor=actor, now=now)
        tx.write_journal(run.id, "", "begun", {"next": book.first}, now=now, last=0)
        said = {"run": run.number, "playbook": book.id, "title": book.title}
        return run, tx.record(head.id, "playbook", said, actor=actor, now=now, head=head)

    def _advance(self, run: PlaybookRun, job: _Job) -> None:
        """One run, until it ends, asks, or waits to try again."""
        book = self.playbooks.get(run.playbook)
        if book is None:
            job.outcome.failed[f"case {run.case}"] = f"playbook {run.playbook!r} is not there; its run waits until it is"
            return
        with self._held(job) as tx:
            turn = self._taken(tx, run, book, job)
            order = turn.go()
        self._follow(turn, order, job)

    def _follow(self, turn: Turn, order: Order | None, job: _Job) -> None:
        """Carries out what a turn ordered, and what the turns after it do. Outside happens between two transactions, never in one."""
        while order is not None:
            job.outcome.failed |= turn.failures
            result = self._carry_out(turn.run, order)
            with self._held(job) as tx:  # what was carried out is put down together with what follows on the desk
                turn = self._taken(tx, turn.run, turn.book, job)
                turn.finish(order, result)
                job.outcome.undone |= turn.undone
                order = turn.go()
        job.outcome.failed |= turn.failures
        job.outcome.ended += turn.progress.state == "ended"

    @contextmanager
    def _held(self, job: _Job) -> Iterator[Tx]:
        """A transaction of who holds the lock. Raises Busy when it was lost."""
        with self.desk.write() as tx:
            tx.renew_lock(job.lock, now=self.now(), lease=LEASE)
            yield tx

    def _taken(self, tx: Tx, run: PlaybookRun, book: Playbook, job: _Job) -> Turn:
        return Turn(tx, run, book, self.world, self.now(), self.actions, job.stop)

    def _carry_out(self, run: PlaybookRun, order: Order) -> Done | StepFailed:
        with self.desk.read() as tx:
            action = self.actions[fold(tx.journal(run.id)).started["action"]]
        try:
            if action.outside is None:
                return StepFailed(f"{action.name} does nothing outside the desk", final=True)
            return action.outside(self.world, order)
        except StepFailed as failed:
            return failed

    def _book(self, id: str) -> Playbook:
        book = self.playbooks.get(id)
        if book is None:
            raise UsageError(f"there is no playbook {id!r}\n  there are: {', '.join(sorted(self.playbooks)) or 'none'}")
        return book


def _can_go_on(tx: Tx, run: PlaybookRun) -> bool:
    """Whether there is anything to do without a person: a question whose case was closed is taken back."""
    return fold(tx.journal(run.id)).state not in WAITING or any(head.status == "closed" for head in tx.heads(ids=[run.case]))
