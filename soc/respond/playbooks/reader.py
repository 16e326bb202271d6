"""Reads one playbook and says all that is wrong with it, each fault with its line and the right words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from soc.desk.cases.words import SEVERITIES
from soc.document import Document, load_document
from soc.errors import ContentError, UsageError
from soc.respond.actions.action import REPEATS, Action
from soc.respond.actions.actions import ACTIONS
from soc.respond.messages.text import names_in
from soc.respond.playbooks.arguments import fault_of, log_fault, names_of
from soc.respond.playbooks.expression import parse_expression
from soc.respond.playbooks.facts import FACTS, is_fact_of_logs
from soc.respond.playbooks.kept import kept_from_logs
from soc.respond.playbooks.playbook import FAILURE, SUCCESS, Playbook, Retry, Step, When
from soc.respond.playbooks.ways import check_ways
from soc.times import HOUR, MINUTE, parse_duration

MOST_STEPS = 100
MOST_TIME = HOUR // 2  # less than the lease of the lock that a run holds
_KEYS = ("id", "title", "description", "owner", "when", "variables", "steps")
_LATER = ("switch", "playbook", "while", "parallel")
_STEP_KEYS = {
    "action": ("action", "with", "keep", "repeat", "timeout", "retry", "on_success", "on_failure", "on_completion"),
    "manual": ("manual", "choices", "keep", "on_completion"),
    "if": ("if", "on_true", "on_false"),
    "end": ("end",),
}


def read_playbook(path: Path, actions: Mapping[str, Action] = ACTIONS) -> tuple[Playbook | None, list[ContentError]]:
    """The playbook, or None and what is wrong with it."""
    try:
        document = load_document(path)
    except ContentError as error:
        return None, [error]
    reader = _Reader(document, actions)
    try:
        book = reader.playbook()
    except ContentError as error:
        reader.errors.append(error)
        book = None
    return (None if reader.errors else book), reader.errors


class _Reader:
    def __init__(self, document: Document, actions: Mapping[str, Action]) -> None:
        self.document, self.actions = document, actions
        self.errors: list[ContentError] = []

    def playbook(self) -> Playbook:
        value = self._mapping(self.document.value, "a playbook")
        self._known(value, _KEYS)
        for key in ("id", "title", "when", "steps"):
            if key not in value:
                raise self.document.error(f"a playbook without {key}", repair=f"add '{key}: …'")
        steps = self._mapping(value["steps"], "steps", "steps")
        if not 0 < len(steps) <= MOST_STEPS:
            raise self.document.error(f"{len(steps)} steps; there are 1 to {MOST_STEPS}", "steps")
        read = {str(name): step for name, body in steps.items() if (step := self._step(name, body))}
        variables = self._mapping(value.get("variables") or {}, "variables", "variables")
        book = Playbook(
            str(value["id"]),
            str(value["title"]),
            self.document.path,
            read,
            self._when(value["when"]),
            str(value.get("description") or "").strip(),
            str(value.get("owner") or ""),
            variables,
        )
        if not self.errors:
            self.errors += check_ways(self.document, book)
            self.errors += self._unknown_names(book)
            self.errors += self._strange_values(book)
        return book

    def _step(self, name: Any, body: Any) -> Step | None:
        try:
            return self._read_step(str(name), body)
        except ContentError as error:
            self.errors.append(error)
        except UsageError as error:
            self._fault(str(error), "steps", str(name))
        return None

    def _read_step(self, name: str, value: Any) -> Step:
        place = ("steps", name)
        body = self._mapping(value, f"the step {name!r}", *place)
        for later in _LATER:
            if later in body:
                raise self.document.error(
                    f"steps of kind {later!r} are not known to this version", *place, later, repair=f"use {_or(_STEP_KEYS)}"
                )
        kinds = [kind for kind in _STEP_KEYS if kind in body]
        if len(kinds) != 1:
            raise self.document.error(
                f"the step {name!r} is {' and '.join(kinds) or 'of no kind'}", *place, repair=f"give it one of: {_or(_STEP_KEYS)}"
            )
        self._known(body, _STEP_KEYS[kinds[0]], *place)
        read = {"action": self._action, "manual": self._manual, "if": self._if, "end": self._end}[kinds[0]](name, body)
        return replace(read, line=self.document.line(*place))

    def _action(self, name: str, body: Mapping[str, Any]) -> Step:
        place = ("steps", name)
        action = self.actions.get(str(body["action"]))
        if action is None:
            raise self.document.error(
                f"there is no action {body['action']!r}", *place, "action", repair=_meant(str(body["action"]), self.actions)
            )
        arguments = self._mapping(body.get("with") or {}, "with", *place, "with")
        self._arguments(action, arguments, name)
        repeat = str(body.get("repeat", action.repeat))
        if repeat not in REPEATS or (repeat != action.repeat and action.name != "run"):
            raise self.document.error(
                f"{action.name} cannot be {repeat!r}", *place, "repeat", repair=f"it is {action.repeat}; only `run` can be told otherwise"
            )
        retry = self._retry(body.get("retry"), name)
        if retry.max and repeat == "never":
            raise self.document.error(
                "what happens at most once is not tried again", *place, "retry", repair="take `retry` out, or say `repeat: keyed`"
            )
        timeout = self._duration(body.get("timeout", "1m"), *place, "timeout")
        return Step(
            name, "action", action.name, arguments, self._keep(body, action, name), self._exits(body, name), None, repeat, timeout, retry
        )

    def _arguments(self, action: Action, stated: Mapping[str, Any], name: str) -> None:
        place = ("steps", name, "with")
        self._known(stated, tuple(action.takes), *place)
        for argument, how in action.takes.items():
            if how.needed and stated.get(argument) is None:
                self._fault(f"{action.name} needs {argument}", *place, repair=f"add '{argument}: …' under `with`")
            elif fault := fault_of(stated.get(argument), how):
                self._fault(f"{argument}: {fault}", *place, argument)

    def _manual(self, name: str, body: Mapping[str, Any]) -> Step:
        place = ("steps", name)
        if not isinstance(body["manual"], str):
            raise self.document.error("a manual step asks a question", *place, "manual")
        keep = {str(body["keep"]): "value"} if body.get("keep") else {}
        choices = body.get("choices")
        for answer in choices if isinstance(choices, list) else ():
            if isinstance(answer, (list, dict)):
                raise self.document.error(f"an answer is a word, not {answer!r}", *place, "choices", repair="write it in quotes")
        if isinstance(choices, dict) and "on_completion" not in body:
            exits = choices
        elif isinstance(choices, list) and choices and "on_completion" in body:
            exits = dict.fromkeys(choices, str(body["on_completion"]))
        elif choices is None and "on_completion" in body:
            exits = {"": str(body["on_completion"])}
        else:
            repair = "choices: {answer: step, …}; or choices: [answer, …] with on_completion; or on_completion alone for free text"
            raise self.document.error(f"where the answers to {name!r} lead is not said", *place, repair=repair)
        if not exits or any(type(answer) is bool for answer in exits):
            raise self.document.error(
                "YAML reads yes and no as true and false", *place, "choices", repair="put them into quotes, or use other words"
            )
        return Step(name, "manual", body["manual"], keep=keep, exits={str(answer): str(to) for answer, to in exits.items()})

    def _if(self, name: str, body: Mapping[str, Any]) -> Step:
        missing = [key for key in ("on_true", "on_false") if key not in body]
        if missing:
            raise self.document.error(f"the step {name!r} has no {' and no '.join(missing)}", "steps", name)
        exits = {"true": str(body["on_true"]), "false": str(body["on_false"])}
        return Step(name, "if", str(body["if"]), exits=exits, condition=parse_expression(str(body["if"])))

    def _end(self, name: str, body: Mapping[str, Any]) -> Step:
        return Step(name, "end", str(body["end"] or "done"))

    def _exits(self, body: Mapping[str, Any], name: str) -> dict[str, str]:
        ways = {key: str(body[key]) for key in ("on_success", "on_failure", "on_completion") if key in body}
        if "on_completion" in ways and len(ways) > 1:
            raise self.document.error(
                "on_completion stands for on_success and on_failure both",
                "steps",
                name,
                "on_completion",
                repair="keep one way of saying it",
            )
        if "on_completion" in ways:
            return {SUCCESS: ways["on_completion"], FAILURE: ways["on_completion"]}
        if "on_success" not in ways:
            raise self.document.error(f"the step {name!r} leads nowhere", "steps", name, repair="add on_success or on_completion")
        return {SUCCESS: ways["on_success"]} | ({FAILURE: ways["on_failure"]} if "on_failure" in ways else {})

    def _keep(self, body: Mapping[str, Any], action: Action, name: str) -> dict[str, str]:
        keep = self._mapping(body.get("keep") or {}, "keep", "steps", name, "keep")
        for variable, output in keep.items():
            if not isinstance(output, str) or output not in action.gives:
                self._fault(
                    f"{action.name} gives no {output!r}", "steps", name, "keep", str(variable), repair=_meant(str(output), action.gives)
                )
            if not str(variable).isidentifier() or variable in FACTS:
                self._fault(f"{variable!r} cannot be the name of a variable", "steps", name, "keep", str(variable))
        return {str(variable): str(output) for variable, output in keep.items()}

    def _retry(self, value: Any, name: str) -> Retry:
        if value is None:
            return Retry()
        body = self._mapping(value, "retry", "steps", name, "retry")
        self._known(body, ("max", "backoff"), "steps", name, "retry")
        most = body.get("max", 3)
        if type(most) is not int or not 0 <= most <= 20:
            raise self.document.error("retry.max is a whole number up to 20", "steps", name, "retry")
        return Retry(most, self._duration(body.get("backoff", "1m"), "steps", name, "retry", "backoff", most=24 * HOUR))

    def _duration(self, value: Any, *place: str, most: int = MOST_TIME) -> int:
        try:
            micros = parse_duration(str(value))
        except UsageError as error:
            raise self.document.error(str(error), *place) from error
        if not 0 < micros <= most:
            raise self.document.error(f"{value!r} is not between 1s and {most // MINUTE}m", *place)
        return micros

    def _when(self, value: Any) -> When:
        body = self._mapping({} if value is None else value, "when", "when")
        self._known(body, ("rules", "tags", "categories", "level"), "when")
        for key in ("rules", "tags", "categories"):
            if not isinstance(body.get(key, []), list):
                raise self.document.error(f"{key} is a list", "when", key)
        level = str(body.get("level", SEVERITIES[0]))
        if level not in SEVERITIES:
            raise self.document.error(f"{level!r} is no level", "when", "level", repair=f"there are: {', '.join(SEVERITIES)}")
        lists = {key: tuple(map(str, body.get(key, []))) for key in ("rules", "tags", "categories")}
        return When(lists["rules"], lists["tags"], lists["categories"], level)

    def _unknown_names(self, book: Playbook) -> Iterator[ContentError]:
        """Variables that are asked for and that nothing gives."""
        known = {*FACTS, *book.variables, *(name for step in book.steps.values() for name in step.keep)}
        for step in book.steps.values():
            try:
                asked = sorted({path.split(".")[0] for path in self._asked(step)})
            except UsageError as error:
                yield self.document.error(str(error), "steps", step.name)
                continue
            for name in asked:
                if name not in known:
                    yield self.document.error(f"nothing gives the variable {name!r}", "steps", step.name, repair=_meant(name, known))

    def _strange_values(self, book: Playbook) -> Iterator[ContentError]:
        """Programs, addresses and queries that would come from a log."""
        kept = kept_from_logs(book, self.actions)
        for step in book.steps.values():
            for name, value in step.arguments.items() if step.kind == "action" else ():
                how = self.actions[step.does].takes[name]
                if fault := log_fault(value, how, lambda path: is_fact_of_logs(path) or path.partition(".")[0] in kept):
                    yield self.document.error(f"{name}: {fault}", "steps", step.name, "with", name)

    def _asked(self, step: Step) -> Iterator[str]:
        if step.condition:
            yield from step.condition.names
        if step.kind == "manual":
            yield from names_in(step.does)
        if step.kind == "action":
            for name, value in step.arguments.items():
                yield from names_of(value, self.actions[step.does].takes[name])

    def _mapping(self, value: Any, what: str, *place: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.document.error(f"{what} is no mapping", *place, repair="write 'key: value' lines")
        return value

    def _known(self, value: Mapping[str, Any], known: tuple[str, ...], *place: str) -> None:
        for key in value:
            if key not in known:
                self._fault(f"unknown key {key!r}", *place, str(key), repair=_meant(str(key), known))

    def _fault(self, what: str, *place: str, repair: str = "") -> None:
        self.errors.append(self.document.error(what, *place, repair=repair))


def _meant(word: str, known: Any) -> str:
    names = sorted(map(str, known))
    close = get_close_matches(word, names, n=1)
    return (f"did you mean {close[0]!r}? " if close else "") + f"known: {', '.join(names) or 'none'}"


def _or(words: Any) -> str:
    return ", ".join(words)
