"""Numbers in conditions, brought to the types of their fields."""

from __future__ import annotations

import math
from dataclasses import replace

from soc.condition.tree import FALSE, Compare, Equals, Exists, Node
from soc.condition.values import moment_in, number_in

LONG = (-(1 << 63), (1 << 63) - 1)
_DOUBLES = 1 << 53  # up to here every whole number is a double
_LONGEST = 10**30  # beyond what `soc.condition.values.NUMBER` reads


def number_of(value: str | int | float, kind: str) -> int | float | None:
    """The number, or on a date field the moment, that a text spells; a number is itself. None when it spells none."""
    if not isinstance(value, str):
        return value
    if kind == "date":
        return moment_in(value)
    number = number_in(value)
    return number if number is None or "." in value else int(value)  # exact beyond 2**53


def equal_number(field: str, number: int | float, kind: str) -> Node:
    """Equality with a number of the field's own type, FALSE where no value of that type equals it."""
    if kind == "double":
        return FALSE if number != number else Equals(field, as_double(number))  # nan equals nothing
    if not LONG[0] <= number <= LONG[1] or number != int(number):  # nan lies in no range
        return FALSE
    return Equals(field, int(number))


def needs_digits(number: int | float) -> bool:
    """Whether a text that spells a number is compared with this one digit by digit: as doubles, neighbours would be one."""
    return isinstance(number, int) and _DOUBLES < abs(number) < _LONGEST


def as_double(number: int | float) -> float:
    """The nearest double; what is beyond the largest is infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def whole_bound(node: Compare) -> Node:
    """The same comparison of 64-bit integers with an integer; beyond their range every value meets it, or none."""
    below, inclusive = node.op in ("lt", "lte"), node.op in ("lte", "gte")
    if node.number > LONG[1]:
        return Exists(node.field) if below else FALSE
    if node.number < LONG[0]:
        return FALSE if below else Exists(node.field)
    down = below == inclusive  # lte 4.5 and gt 4.5 are lte 4 and gt 4; lt 4.5 and gte 4.5 are lt 5 and gte 5
    return replace(node, number=math.floor(node.number) if down else math.ceil(node.number))
