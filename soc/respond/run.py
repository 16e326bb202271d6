"""A respond run: every open case gets the playbook that fits it, and every playbook goes on to its next question to a person.

Each step is in the journal before it reaches outside and after it did. Killed anywhere, the next run goes on from there:
what may be repeated is, under the same key; what may not becomes a question. No daemon: cron calls again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from soc.desk.desk import Desk, Tx
from soc.desk.journal import PlaybookRun
from soc.desk.locks import Lock
from soc.errors import UsageError
from soc.respond.action import Action, Done, Order, StepFailed, World
from soc.respond.actions import ACTIONS
from soc.respond.playbook import Playbook, best
from soc.respond.progress import WAITING, fold
from soc.respond.turn import MOST_ALERTS, Turn, actor_of
from soc.times import HOUR

LEASE = HOUR
LOCK = "respond"


@dataclass(slots=True)
class Outcome:
    """What a run did. `asking`: questions that wait now; `retrying`: steps to be tried again later; `failed`: why, by place."""

    begun: int = 0
    ended: int = 0
    asking: int = 0
    retrying: int = 0
    left: int = 0
    failed: dict[str, str] = field(default_factory=dict)


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
            return self._begin(tx, case, book, actor)

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

    def _attend(self, case: str, job: _Job) -> None:
        """Begins the playbook that fits a case on which none has run."""
        with self.desk.write() as tx:
            tx.guard(job.lock)
            head = next(iter(tx.heads(ids=[case])), None)
            if head is None or head.status == "closed" or tx.playbook_runs(case=case):
                return
            book = best(self.playbooks, head.severity, head.category, tx.alerts(case=case, limit=MOST_ALERTS))
            if book is None:
                return
            run = self._begin(tx, case, book, actor_of(book.id))
        job.outcome.begun += 1
        self._advance(run, job)

    def _begin(self, tx: Tx, case: str, book: Playbook, actor: str) -> PlaybookRun:
        now = self.now()
        run = tx.begin_playbook(case, book.id, actor=actor, now=now)
        tx.write_journal(run.id, "", "begun", {"next": book.first}, now=now)
        tx.record(case, "playbook", {"run": run.number, "playbook": book.id, "title": book.title}, actor=actor, now=now)
        return run

    def _advance(self, run: PlaybookRun, job: _Job) -> None:
        """One run, until it ends, asks, or waits to try again. Outside happens between two transactions, never in one."""
        book = self.playbooks.get(run.playbook)
        if book is None:
            job.outcome.failed[f"case {run.case}"] = f"playbook {run.playbook!r} is not there; its run waits until it is"
            return
        order = self._turn(run, book, job)
        while order is not None:
            order = self._turn(run, book, job, (order, self._carry_out(run, order)))
        with self.desk.read() as tx:
            after = tx.playbook_run(run.id)
        job.outcome.ended += after is not None and after.ended_at is not None

    def _turn(self, run: PlaybookRun, book: Playbook, job: _Job, done: tuple[Order, Done | StepFailed] | None = None) -> Order | None:
        """What was carried out is put down, and what follows on the desk happens, in one transaction."""
        with self.desk.write() as tx:
            now = self.now()
            tx.renew_lock(job.lock, now=now, lease=LEASE)
            turn = Turn(tx, run, book, self.world, now, self.actions, job.stop)
            if done is not None:
                turn.finish(*done)
            following = turn.go()
        job.outcome.failed |= turn.failures
        return following

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
