"""The tests and comparisons of templates, each at the price of what it looks at."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from soc.respond.messages.budget import Budget

Test = Callable[..., bool]


class Missing(LookupError):
    """A name, or a part of a value, that is not there: no hole in a letter."""


def compared(sign: str, budget: Budget, left: Any, right: Any) -> bool:
    """Whether two values stand so to each other. Lists cost as many steps as they have elements."""
    for side in (left, right):
        budget.pass_over(side) if isinstance(side, str) else budget.size(side)
    if sign in ("in", "notin"):
        return (left in right) == (sign == "in")
    return _SIGNS[sign](left, right)


_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: bool(left == right),
    "ne": lambda left, right: bool(left != right),
    "lt": lambda left, right: bool(left < right),
    "lteq": lambda left, right: bool(left <= right),
    "gt": lambda left, right: bool(left > right),
    "gteq": lambda left, right: bool(left >= right),
}


def _is(*kinds: type) -> Test:
    return lambda budget, value: isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _relation(sign: str) -> Test:
    return lambda budget, left, right: compared(sign, budget, left, right)


TESTS: Mapping[str, Test] = {
    "boolean": _is(bool),
    "even": lambda budget, value: math.fmod(budget.number(value), 2) == 0,
    "false": lambda budget, value: value is False,
    "float": _is(float),
    "in": _relation("in"),
    "integer": _is(int),
    "iterable": _is(list, tuple, dict, str),
    "mapping": _is(dict),
    "none": lambda budget, value: value is None,
    "number": _is(int, float),
    "odd": lambda budget, value: math.fmod(budget.number(value), 2) == 1,
    "sequence": _is(list, tuple, str, dict),
    "string": _is(str),
    "true": lambda budget, value: value is True,
    **{name: _relation(sign) for sign, names in {
        "eq": ("eq", "equalto", "=="), "ne": ("ne", "!="), "lt": ("lt", "lessthan", "<"), "lteq": ("le", "<="),
        "gt": ("gt", "greaterthan", ">"), "gteq": ("ge", ">="),
    }.items() for name in names},
}  # fmt: skip
