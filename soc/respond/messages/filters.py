"""The filters of templates. Each says what it is about to make before it makes it; none runs code or opens anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from soc.errors import UsageError
from soc.respond.messages.budget import Budget
from soc.respond.messages.relations import TESTS, Missing
from soc.text import canonical_json

Filter = Callable[..., Any]


def _listed(budget: Budget, value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple, Mapping, str)):
        raise UsageError(f"{budget.text(value)!r} is no list")
    budget.step(len(value))  # of a text, for each letter
    return list(value)


def _plain(budget: Budget, value: Any) -> list[Any]:
    """A list of texts and numbers alone: what can be put in order, or told apart, at the cost of its length."""
    listed = _listed(budget, value)
    if any(isinstance(one, (list, tuple, Mapping)) for one in listed):
        raise UsageError("a list of lists or mappings has no order\n  take one part of each: map(attribute='…')")
    for one in listed:
        budget.pass_over(one)
    return listed


def _part(budget: Budget, value: Any, name: str | None) -> Any:
    for key in str(name).split(".") if name else ():
        budget.step()
        if not isinstance(value, Mapping) or key not in value:
            raise Missing(f"{name!r} is undefined in what the list holds")
        value = value[key]
    return value


def _join(budget: Budget, value: Any, d: Any = "", attribute: str | None = None) -> str:
    texts, between = [budget.text(_part(budget, one, attribute)) for one in _listed(budget, value)], budget.text(d)
    budget.make(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def _replace(budget: Budget, value: Any, old: Any, new: Any) -> str:
    text, old, new = budget.text(value), budget.text(old), budget.text(new)
    budget.make(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _indent(budget: Budget, value: Any, width: Any = 4, first: Any = False) -> str:
    lines, spaces = budget.text(value).split("\n"), max(0, int(budget.number(width)))
    budget.make(sum(map(len, lines)) + len(lines) * (spaces + 1))
    return ("\n" + " " * spaces).join([" " * spaces + lines[0] if first else lines[0], *lines[1:]])


def _truncate(budget: Budget, value: Any, length: Any = 255, end: Any = "...") -> str:
    text, end, most = budget.text(value), budget.text(end), max(0, int(budget.number(length)))
    budget.make(min(len(text), most) + len(end))
    return text if len(text) <= most else text[: max(0, most - len(end))] + end


def _made(budget: Budget, value: Any, change: Callable[[str], str]) -> str:
    text = budget.text(value)
    budget.make(3 * len(text))  # "ß" is two letters when it is large, others are three
    return change(text)


def _sort(budget: Budget, value: Any, reverse: Any = False, attribute: str | None = None) -> list[Any]:
    listed = _listed(budget, value)
    keys = [_folded(key) for key in _plain(budget, [_part(budget, one, attribute) for one in listed])]
    budget.step(4 * len(listed))
    return [listed[at] for at in sorted(range(len(listed)), key=keys.__getitem__, reverse=bool(reverse))]


def _unique(budget: Budget, value: Any) -> list[Any]:
    first: dict[Any, Any] = {}
    for one in _plain(budget, value):
        first.setdefault(_folded(one), one)
    return list(first.values())


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _edge(budget: Budget, value: Any, at: int) -> Any:
    if not (listed := _listed(budget, value)):
        raise Missing("an empty list has no first and no last")
    return listed[at]


def _most(choose: Callable[[Iterable[Any]], Any]) -> Filter:
    def chosen(budget: Budget, value: Any) -> Any:
        if not (listed := _plain(budget, value)):
            raise Missing("an empty list has no least and no greatest")
        return choose(listed)

    return chosen


def _sum(budget: Budget, value: Any, attribute: str | None = None, start: Any = 0) -> int | float:
    total = budget.number(start)
    for one in _listed(budget, value):
        total = budget.number(total + budget.number(_part(budget, one, attribute)))
    return total


def _number(kind: Callable[[Any], Any], budget: Budget, value: Any, default: Any = 0) -> Any:
    budget.pass_over(value)
    with suppress(ValueError, TypeError, OverflowError):
        return budget.number(kind(value))
    return default


def _whole(value: Any) -> int:
    try:
        return int(value)
    except ValueError:
        return int(float(value))


def _round(budget: Budget, value: Any, precision: Any = 0) -> float:
    return round(float(budget.number(value)), max(-9, min(9, int(budget.number(precision)))))


def _map(budget: Budget, value: Any, attribute: str) -> list[Any]:
    return [_part(budget, one, attribute) for one in _listed(budget, value)]


def _selected(wanted: bool) -> Filter:
    def select(budget: Budget, value: Any, name: str, test: str = "true", *than: Any) -> list[Any]:
        if test not in TESTS:
            raise UsageError(f"there is no test {test!r}\n  there are: {', '.join(sorted(TESTS))}")
        truth = bool if test == "true" and not than else None
        found = [(one, _part(budget, one, name)) for one in _listed(budget, value)]
        return [one for one, part in found if (truth(part) if truth else TESTS[test](budget, part, *than)) is wanted]

    return select


def _length(budget: Budget, value: Any) -> int:
    if not isinstance(value, (list, tuple, Mapping, str)):
        raise UsageError(f"{budget.text(value)!r} has no length")
    return len(value)


def _json(budget: Budget, value: Any) -> str:
    budget.make(6 * budget.size(value))
    return canonical_json(value).decode()


FILTERS: Mapping[str, Filter] = {
    "abs": lambda budget, value: abs(budget.number(value)),
    "capitalize": lambda budget, value: _made(budget, value, str.capitalize),
    "count": _length,
    "first": lambda budget, value: _edge(budget, value, 0),
    "float": lambda budget, value, default=0.0: _number(float, budget, value, default),
    "indent": _indent,
    "int": lambda budget, value, default=0: _number(_whole, budget, value, default),
    "items": lambda budget, value: [[key, value[key]] for key in _listed(budget, value)],
    "join": _join,
    "last": lambda budget, value: _edge(budget, value, -1),
    "length": _length,
    "list": _listed,
    "lower": lambda budget, value: _made(budget, value, str.lower),
    "map": _map,
    "max": _most(max),
    "min": _most(min),
    "rejectattr": _selected(False),
    "replace": _replace,
    "reverse": lambda budget, value: (
        _made(budget, value, lambda text: text[::-1]) if isinstance(value, str) else _listed(budget, value)[::-1]
    ),
    "round": _round,
    "selectattr": _selected(True),
    "sort": _sort,
    "string": Budget.text,
    "sum": _sum,
    "title": lambda budget, value: _made(budget, value, str.title),
    "tojson": _json,
    "trim": lambda budget, value: budget.text(value).strip(),
    "truncate": _truncate,
    "unique": _unique,
    "upper": lambda budget, value: _made(budget, value, str.upper),
}
