"""One turn of a run: what can happen within a single transaction of the desk, up to a step that reaches outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from soc.desk.cases.case import Head
from soc.desk.cases.journal import PlaybookRun
from soc.desk.database.session import digest
from soc.desk.desk import Tx
from soc.errors import UsageError
from soc.model import Alert
from soc.respond.actions.action import Action, Done, OnDesk, Order, StepFailed, World
from soc.respond.actions.actions import ACTIONS
from soc.respond.messages.text import rendered
from soc.respond.playbooks.arguments import resolve
from soc.respond.playbooks.facts import facts
from soc.respond.playbooks.kept import kept_from_logs, of_logs
from soc.respond.playbooks.origin import marked
from soc.respond.playbooks.playbook import FAILURE, SUCCESS, Playbook, Step
from soc.respond.runs.progress import WAITING, Progress, after, fold

SENT, NOT_SENT = "sent", "not_sent"
MOST_ALERTS = 1000  # of a case that a playbook looks at


def actor_of(playbook: str) -> str:
    """Who a playbook is in the log of a case."""
    return f"playbook {playbook}"


@dataclass(slots=True)
class Turn:
    """A run within a transaction. `failures` gathers, per place, why runs ended without reaching their end; `undone` why a step that
    reached outside was not carried out, whatever followed.

    What the desk says of the run is asked once: nobody else writes to it within the transaction. Alerts do not join or leave meanwhile.
    """

    tx: Tx
    run: PlaybookRun
    book: Playbook
    world: World
    now: int
    actions: Mapping[str, Action] = field(default_factory=lambda: ACTIONS)
    stop: Callable[[], bool] = lambda: False
    failures: dict[str, str] = field(default_factory=dict)
    undone: dict[str, str] = field(default_factory=dict)
    _progress: Progress | None = field(default=None, init=False)
    _head: Head | None = field(default=None, init=False)
    _alerts: list[Alert] | None = field(default=None, init=False)

    def know(self, head: Head, alerts: list[Alert]) -> None:
        """The case and its alerts as the transaction has read or written them: they need not be fetched."""
        self._head, self._alerts = head, alerts

    @property
    def progress(self) -> Progress:
        if self._progress is None:
            self._progress = fold(self.tx.journal(self.run.id))
        return self._progress

    @property
    def head(self) -> Head:
        if self._head is None:
            self._head = self.tx.heads(ids=[self.run.case])[0]
        return self._head

    @property
    def alerts(self) -> list[Alert]:
        if self._alerts is None:
            self._alerts = self.tx.alerts(case=self.run.case, limit=MOST_ALERTS)
        return self._alerts

    def go(self) -> Order | None:
        """Does all that happens on the desk, until `stop()`.

        The order to be carried out outside, put down as started; None when nothing is left to do now.
        """
        while (progress := self.progress).state not in WAITING:
            if self.stop():
                return None
            if progress.state == "started":
                return self._again(progress)
            if progress.state == "retrying" and progress.due > self.now:
                return None
            if self.head.status == "closed" and not progress.closed:
                self.abandon(progress)
            elif progress.state == "retrying":
                return progress.order(self.run.case, self._timeout(progress))
            elif order := self._take(progress):
                return order
        if progress.state in ("asking", "unsure") and self.head.status == "closed":
            self.abandon(progress)
        return None

    def finish(self, order: Order, result: Done | StepFailed) -> None:
        """Puts down what became of an order."""
        progress = self.progress
        step = self.book.steps.get(order.step, Step(order.step, "action"))
        if isinstance(result, StepFailed):
            self.undone[self._place(order.step)] = str(result)
        if isinstance(result, Done):
            if result.events:
                self._head = self.tx.attach(self.run.case, result.title, result.events, actor=self._actor, now=self.now)
            self._done(step, SUCCESS, {variable: result.gives.get(output) for variable, output in step.keep.items()})
        elif result.unsure and progress.started["repeat"] == "never":
            self._unknown(order.step, str(result))
        elif not result.final and progress.attempts <= step.retry.max:
            due = self.now + step.retry.backoff * (1 << progress.attempts - 1)
            self._write(order.step, "retry", {"attempt": progress.attempts, "due": due, "error": str(result)})
            self._log_step(step, "to be tried again", {}, str(result))
        else:
            self._done(step, FAILURE, {}, str(result))

    def answer(self, progress: Progress, value: str, actor: str) -> None:
        """A person's answer to the question that the run waits with. Raises UsageError, naming the choices."""
        name = str(progress.step)
        if progress.choices and value not in progress.choices:
            raise UsageError(f"{value!r} is no answer to {name!r}\n  answers: {', '.join(progress.choices)}")
        if not value.strip():
            raise UsageError("the answer is empty")
        step = self.book.steps.get(name, Step(name, "manual"))
        outcome = value if progress.state == "asking" else SUCCESS if value == SENT else FAILURE
        following = step.exits.get(outcome) or (step.exits.get("") if progress.state == "asking" else None)
        kept = dict.fromkeys(step.keep, value) if progress.state == "asking" else {}
        self._write(name, "answered", {"value": value, "by": actor, "outcome": outcome, "kept": kept, "next": following})
        self._log("answer", {"run": self.run.number, "step": name, "value": value}, actor)
        if following is None:
            self._end("failed", name, f"nothing follows the answer {value!r} to {name!r}")

    def abandon(self, progress: Progress) -> None:
        """The case was closed by others: there is nothing left to lead."""
        if progress.state in ("asking", "unsure"):
            said = {"run": self.run.number, "step": progress.step, "value": None, "because": "the case was closed"}
            self._log("answer", said)
        told = {"run": self.run.number, "playbook": self.run.playbook, "outcome": "abandoned", "error": "the case was closed"}
        self._log("playbook_ended", told)
        if progress.state == "retrying":
            self._write(str(progress.step), "done", {"outcome": FAILURE, "kept": {}, "error": progress.error, "next": None})
        self._write(progress.step or "", "ended", {"outcome": "abandoned", "error": "the case was closed"})

    def _take(self, progress: Progress) -> Order | None:
        """One step; an order when it reaches outside."""
        step = self.book.steps.get(progress.step or "")
        if step is None:
            self._end("failed", progress.step or "", f"{self.book.path.name} has no step {progress.step!r} any more")
        elif step.kind == "end":
            self._end("done", step.name, "", step.does)
        elif step.kind == "if":
            self._branch(step)
        elif step.kind == "manual":
            self._ask(step)
        else:
            return self._act(step, progress)
        return None

    def _branch(self, step: Step) -> None:
        try:
            holds = step.condition is not None and step.condition.holds(self._variables())
        except UsageError as error:
            self._log_step(step, FAILURE, {}, str(error))
            self._end("failed", step.name, str(error))
            return
        outcome = "true" if holds else "false"
        self._write(step.name, "done", {"outcome": outcome, "next": step.exits[outcome]})

    def _ask(self, step: Step) -> None:
        try:
            text = rendered(step.does, self._variables())
        except UsageError as error:
            self._log_step(step, FAILURE, {}, str(error))
            self._end("failed", step.name, str(error))
            return
        self._question(step.name, "asked", text, [choice for choice in step.exits if choice])

    def _act(self, step: Step, progress: Progress) -> Order | None:
        action = self.actions[step.does]
        if action.notifies and not self._may_notify(progress):
            because = "its alerts come from a look-back"
            self._write(step.name, "skipped", {"because": because, "next": step.exits[SUCCESS]})
            self._log_step(step, "skipped", {}, because)
            return None
        desk = OnDesk(self.tx, self.head, self.world, self._actor, self.now)
        key = digest(desk.head.key, self.book.id, str(self.run.number), step.name)
        started: dict[str, Any] = {"action": action.name, "repeat": step.repeat, "key": key, "arguments": {}}
        try:
            started["arguments"] = resolve(action, step.arguments, self._variables())
        except StepFailed as error:
            self._write(step.name, "started", started)
            self._done(step, FAILURE, {}, str(error))
            return None
        if action.prepare:
            started["arguments"] = action.prepare(desk, started["arguments"])
        self._write(step.name, "started", started)
        if action.outside:
            return self.progress.order(self.run.case, step.timeout)
        self._on_desk(step, action, desk, started["arguments"])
        return None

    def _on_desk(self, step: Step, action: Action, desk: OnDesk, arguments: Mapping[str, Any]) -> None:
        gives: Mapping[str, Any] = {}
        try:
            with self.tx.attempt():
                gives = action.on_desk(desk, arguments) if action.on_desk else {}
        except (UsageError, StepFailed) as error:
            self._done(step, FAILURE, {}, str(error))
            return
        finally:
            self._head = None  # the action has written to the case
        self._done(step, SUCCESS, {variable: gives.get(output) for variable, output in step.keep.items()})

    def _again(self, progress: Progress) -> Order | None:
        """A step that was begun and not ended: the machine died. Again, under its own key, or a person is asked."""
        if progress.started["repeat"] != "never":
            return progress.order(self.run.case, self._timeout(progress))
        self._unknown(str(progress.step), "soc was ended while it was under way")
        return None

    def _unknown(self, name: str, why: str) -> None:
        text = f"Step {name!r} may have been carried out, or not ({why}). Look, and answer {SENT} or {NOT_SENT}."
        self._question(name, "unknown", text, [SENT, NOT_SENT])

    def _question(self, name: str, action: str, text: str, choices: list[str]) -> None:
        self._write(name, action, {"text": text, "choices": choices})
        self._log("question", {"run": self.run.number, "step": name, "text": text, "choices": choices})

    def _done(self, step: Step, outcome: str, kept: dict[str, Any], error: str = "") -> None:
        following = step.exits.get(outcome)
        action = self.actions.get(step.does)
        logs = sorted(of_logs(step, action) & kept.keys())
        marks = {"from_log": logs} if logs else {}
        self._write(step.name, "done", {"outcome": outcome, "kept": kept, **marks, "error": error, "next": following})
        if outcome == FAILURE or not (action and action.tells):
            self._log_step(step, outcome, kept, error)
        if following is None:
            self._end("failed", step.name, error or f"nothing follows {step.name!r}")

    def _end(self, outcome: str, name: str, error: str, said: str = "") -> None:
        self._write(name, "ended", {"outcome": outcome, "error": error})
        if outcome == "failed":
            self.failures[self._place(name)] = error
        told = {"error": error} if error else {"result": said}
        self._log("playbook_ended", {"run": self.run.number, "playbook": self.run.playbook, "outcome": outcome, **told})

    def _log_step(self, step: Step, outcome: str, kept: Mapping[str, Any], error: str) -> None:
        said = {"run": self.run.number, "step": step.name, "action": step.does if step.kind == "action" else step.kind, "outcome": outcome}
        self._log("step", {**said, **({"kept": dict(kept)} if kept else {}), **({"error": error} if error else {})})

    def _may_notify(self, progress: Progress) -> bool:
        """Alerts from a look-back wake nobody, unless a person began the run or answered in it."""
        if progress.answered or self.run.actor != self._actor:
            return True
        return not self.alerts or any(alert.run_type != "backfill" for alert in self.alerts)

    def _variables(self) -> dict[str, Any]:
        known = facts(self.head, self.alerts)
        unset = {name: None for step in self.book.steps.values() for name in step.keep}
        kept = marked(self.progress.variables, kept_from_logs(self.book, self.actions))  # also of journals that do not say so yet
        return {**unset, **self.book.variables, **kept, **known}

    def _timeout(self, progress: Progress) -> int:
        step = self.book.steps.get(str(progress.step))
        return step.timeout if step else Step("", "action").timeout

    def _place(self, step: str) -> str:
        return f"case {self.run.case}, playbook {self.run.playbook}, step {step}"

    @property
    def _actor(self) -> str:
        return actor_of(self.run.playbook)

    def _write(self, name: str, action: str, said: dict[str, Any]) -> None:
        before = self.progress
        self._progress = after(before, self.tx.write_journal(self.run.id, name, action, said, now=self.now, last=before.seq))

    def _log(self, action: str, said: dict[str, Any], actor: str | None = None) -> None:
        self._head = self.tx.record(self.run.case, action, said, actor=actor or self._actor, now=self.now, head=self.head)
