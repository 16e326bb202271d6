"""The arguments of an action: checked when a playbook is read, filled in when its step begins.

`$name` stands for the whole value of a variable, `$case.institution` for a part of one; `$$` begins text with a dollar
sign. Only texts of messages are templates. What comes from a log is never a program, an address or a query: `log_fault` says
so of a playbook by where its variables come from, `resolve` of the values themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from soc.errors import UsageError
from soc.respond.actions.action import Action, Argument, StepFailed
from soc.respond.actions.receivers import url_fault
from soc.respond.messages.text import names_in, rendered
from soc.respond.playbooks.command import Word, command_fault
from soc.respond.playbooks.expression import look_up
from soc.respond.playbooks.origin import NEVER, REPAIR, is_from_log, plain
from soc.times import parse_duration

_SCALARS = (str, int, float, bool)


def fault_of(value: Any, argument: Argument) -> str:
    """What is wrong with the value that a playbook gives to an argument; empty when nothing is."""
    if value is None or (isinstance(value, str) and _reference(value) is not None and argument.kind not in ("text", "duration", "command")):
        return ""
    if argument.words and value not in argument.words:
        return f"{value!r} is none of: {', '.join(map(str, argument.words))}"
    return _KINDS[argument.kind](value)


def log_fault(value: Any, argument: Argument, is_log: Callable[[str], bool]) -> str:
    """What is wrong with where a value comes from, by what `is_log` says of variables; empty when nothing is.

    For values in which `fault_of` finds nothing.
    """
    if argument.kind == "command":
        return command_fault([_word(item, is_log) for item in value or ()])
    if argument.own and (strange := next(filter(is_log, names_of(value, argument)), None)):
        return f"${strange} {NEVER}\n  {REPAIR}"
    return ""


def names_of(value: Any, argument: Argument) -> Iterator[str]:
    """The variables that a value asks for. Raises UsageError for a text that is no template."""
    if argument.kind == "text" and isinstance(value, str):
        yield from names_in(value)
    elif isinstance(value, str):
        if (path := _reference(value)) is not None:
            yield path
    elif isinstance(value, list):
        for item in value:
            yield from names_of(item, Argument("value"))
    elif isinstance(value, dict):
        for item in value.values():
            yield from names_of(item, Argument("values"))


def resolve(action: Action, stated: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with their values, as the journal keeps them. Raises StepFailed, final, for one that has none."""
    try:
        return {name: plain(_resolved(name, argument, stated.get(name), variables)) for name, argument in action.takes.items()}
    except UsageError as error:
        raise StepFailed(str(error), final=True) from error


def _resolved(name: str, argument: Argument, stated: Any, variables: Mapping[str, Any]) -> Any:
    value = argument.default if stated is None else stated
    if value is None:
        return None
    if argument.kind == "text":
        return rendered(value, variables)
    if argument.kind == "duration":
        return parse_duration(value)
    if argument.kind == "command":
        return _command(name, value, variables)
    if argument.kind == "values":
        return _values(name, value, variables, argument.own)
    if argument.kind == "fields":
        return {field: _values(f"{name}.{field}", item, variables) for field, item in value.items()}
    value = _value(value, variables, name if argument.own else "")
    if value is None and argument.needed:
        raise UsageError(f"{name} has no value")
    if value is not None and not isinstance(value, _SCALARS):
        raise UsageError(f"{name} is a list where one value is expected")
    if argument.words and value is not None and value not in argument.words:
        raise UsageError(f"{name} is {value!r}, which is none of: {', '.join(map(str, argument.words))}")
    return value


def _command(name: str, stated: Any, variables: Mapping[str, Any]) -> list[Any]:
    found = _values(name, stated, variables)
    if fault := command_fault([Word(str(word), is_from_log(word)) for word in found]):
        raise UsageError(f"{name}: {fault}")
    return found


def _word(stated: Any, is_log: Callable[[str], bool]) -> Word:
    path = _reference(stated) if isinstance(stated, str) else None
    return Word(str(stated), False) if path is None else Word(None, is_log(path))


def _values(name: str, stated: Any, variables: Mapping[str, Any], own: bool = False) -> list[Any]:
    found: list[Any] = []
    for item in stated if isinstance(stated, list) else [stated]:
        value = _value(item, variables, name if own else "")
        found += value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(value, _SCALARS) for value in found):
        raise UsageError(f"{name} holds what is neither text nor number")
    return found


def _value(stated: Any, variables: Mapping[str, Any], own: str = "") -> Any:
    """What is stated, or the value of the variable that is; `own`: the argument that takes nothing of a log."""
    if not isinstance(stated, str):
        return stated
    path = _reference(stated)
    if path is None:
        return stated[1:] if stated.startswith("$$") else stated
    value = look_up(path, variables)
    if own and is_from_log(value):
        raise UsageError(f"{own}: ${path} {NEVER}\n  {REPAIR}")
    return value


def _reference(text: str) -> str | None:
    return text[1:] if text.startswith("$") and not text.startswith("$$") else None


def _duration_fault(value: Any) -> str:
    try:
        parse_duration(str(value))
    except UsageError as error:
        return str(error)
    return "" if isinstance(value, str) else "a duration is a text such as 24h"


def _values_fault(value: Any) -> str:
    items = value if isinstance(value, list) else [value]
    return "" if items and all(isinstance(item, _SCALARS) for item in items) else "expected a list of texts, or $variable"


def _command_fault(value: Any) -> str:
    return _values_fault(value) if isinstance(value, list) else "expected a list of words, the program first: [/usr/bin/true, $sources]"


def _fields_fault(value: Any) -> str:
    if isinstance(value, dict) and all(isinstance(name, str) and not _values_fault(item) for name, item in value.items()):
        return ""
    return "expected field: value, or field: [values]"


_KINDS = {
    "text": lambda value: "" if isinstance(value, str) else "expected a text",
    "value": lambda value: "" if isinstance(value, _SCALARS) else "expected one value",
    "integer": lambda value: "" if type(value) is int else "expected a whole number",
    "duration": _duration_fault,
    "values": _values_fault,
    "command": _command_fault,
    "url": lambda value: url_fault(value) if isinstance(value, str) else "expected one text",
    "fields": _fields_fault,
}
