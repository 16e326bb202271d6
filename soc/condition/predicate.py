"""The predicate: slow and obvious. It defines what a condition means; every other executor must agree with it.

- An event's field has values: one, several (a list) or none (missing, null or an empty list).
- A leaf is met when some value meets it, so a field without values meets no leaf. Not is met when its argument is not:
  also when the field is missing. Each argument of an And may be met by another value of the same field.
- Text is compared after `fold` on both sides, unless the leaf is `cased`. Numbers and truth values meet text leaves by
  their canonical text (`soc.condition.values.canonical`).
- Equals on a number field compares numbers. An address field compares canonical text.
- A Regex is looked for by RE2 in the unfolded text.
- Cidr is met by an address, however it is written, of the network's version; `::ffff:192.0.2.1` is `192.0.2.1`.
- Compare on a keyword field is met only by decimal digits (`soc.condition.values.NUMBER`), read as a double,
  or digit by digit where the bound is a whole number that no double is.
- A Keyword looks at the values of an event whose line is JSON and at its `message`, else at `event.original`, or, where
  that has no value, at `message` (`soc.condition.line`).
- A value that does not have its field's type meets no numeric leaf.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from soc.condition.bind import bind, kind_of
from soc.condition.fold import fold
from soc.condition.line import searched
from soc.condition.numbers import needs_digits
from soc.condition.patterns import compile_regex, wildcard_test
from soc.condition.tree import (
    And,
    Cidr,
    Compare,
    Contains,
    Ends,
    Equals,
    Exists,
    FieldRef,
    Keyword,
    Leaf,
    Node,
    Not,
    Or,
    Regex,
    Starts,
    TimePart,
    Wildcard,
)
from soc.condition.values import YEARS, canonical, exact_in, number_in, texts_of, values_of
from soc.event import Event
from soc.fields import Catalogue, canonical_ip
from soc.times import to_datetime

Test = Callable[[Any], bool]
RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "equals": operator.eq,
    "contains": operator.contains,
    "starts": str.startswith,
    "ends": str.endswith,
}


def compile(node: Node, catalogue: Catalogue) -> Callable[[Event], bool]:
    """The condition as a function of an event. Raises ConditionError, see `bind`."""
    return _compile(bind(node, catalogue), catalogue)


def _compile(node: Node, catalogue: Catalogue) -> Callable[[Event], bool]:
    if isinstance(node, And):
        tests = [_compile(arg, catalogue) for arg in node.args]
        return lambda event: all(test(event) for test in tests)
    if isinstance(node, Or):
        lists, others = _lists_of_texts(node.args)
        choices = [*(_among(*one) for one in lists.items()), *(_compile(arg, catalogue) for arg in others)]
        return lambda event: any(test(event) for test in choices)
    if isinstance(node, Not):
        inner = _compile(node.arg, catalogue)
        return lambda event: not inner(event)
    if isinstance(node, FieldRef):
        return _field_ref(node, catalogue)
    if isinstance(node, Keyword):
        met = value_test(node.leaf, "keyword")
        return lambda event: any(met(value) for value in line_of(event))
    met, field = value_test(node, kind_of(node.field, catalogue)), node.field
    return lambda event: any(met(value) for value in values_of(event, field))


def _lists_of_texts(args: tuple[Node, ...]) -> tuple[dict[tuple[str, bool], set[str]], list[Node]]:
    """The texts that some field may equal, by field and whether letter case counts, and the other arguments.

    A list of values is looked up, not walked: questions are narrowed to thousands of them.
    """
    lists: dict[tuple[str, bool], set[str]] = {}
    others: list[Node] = []
    for arg in args:
        if isinstance(arg, Equals) and isinstance(arg.value, str):
            lists.setdefault((arg.field, arg.cased), set()).add(arg.value)
        else:
            others.append(arg)
    return lists, others


def _among(place: tuple[str, bool], texts: set[str]) -> Callable[[Event], bool]:
    field, cased = place
    read: Callable[[Any], str] = canonical if cased else lambda value: fold(canonical(value))
    return lambda event: any(read(value) in texts for value in values_of(event, field))


def line_of(event: Event) -> tuple[Any, ...]:
    """What keywords are looked for in, see `soc.condition.line`."""
    original, message = (next(iter(texts_of(event, field)), None) for field in ("event.original", "message"))
    return tuple(searched(original, message))


def value_test(leaf: Leaf, kind: str) -> Test:
    """Whether one value, not None, of a field of this kind meets a bound leaf other than FieldRef and Keyword."""
    if isinstance(leaf, Exists):
        return lambda value: True
    if isinstance(leaf, (Cidr, TimePart, Compare)) or (isinstance(leaf, Equals) and not isinstance(leaf.value, str)):
        return _typed_test(leaf, kind)
    if isinstance(leaf, Regex):
        found = compile_regex(leaf.pattern, leaf.flags, leaf.field)
        return lambda value: found(canonical(value))
    met = _text_test(leaf)
    if isinstance(leaf, (Equals, Contains, Starts, Ends, Wildcard)) and leaf.cased:
        return lambda value: met(canonical(value))
    return lambda value: met(fold(canonical(value)))


def _text_test(leaf: Leaf) -> Callable[[str], bool]:
    if isinstance(leaf, Wildcard):
        return wildcard_test(leaf.parts)
    if isinstance(leaf, Equals):
        return lambda text: text == leaf.value
    if isinstance(leaf, Contains):
        return lambda text: leaf.text in text
    if isinstance(leaf, Starts):
        return lambda text: text.startswith(leaf.text)
    assert isinstance(leaf, Ends)
    return lambda text: text.endswith(leaf.text)


def _typed_test(leaf: Cidr | TimePart | Compare | Equals, kind: str) -> Test:
    if isinstance(leaf, Cidr):
        return partial(_inside, ip_network(leaf.network))
    if isinstance(leaf, Equals):
        return lambda value: isinstance(value, bool) == (kind == "bool") and not isinstance(value, str) and value == leaf.value
    stands = RELATIONS[leaf.op]
    if isinstance(leaf, TimePart):
        return lambda value: _is_number(value) and YEARS[0] <= value <= YEARS[1] and stands(time_part(value, leaf.part), leaf.number)
    if kind == "keyword" and needs_digits(leaf.number):
        return lambda value: (number := exact_in(canonical(value))) is not None and stands(number, leaf.number)
    if kind == "keyword":
        return lambda value: (number := number_in(canonical(value))) is not None and stands(number, leaf.number)
    return lambda value: _is_number(value) and stands(value, leaf.number)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _inside(network: Any, value: Any) -> bool:
    address = address_in(canonical(value))
    return address is not None and address in network


def address_in(text: str) -> IPv4Address | IPv6Address | None:
    """The address a text spells, in any form that `canonical_ip` reads."""
    name = canonical_ip(text)
    return None if name is None else ip_address(name)


def time_part(moment: int, part: str) -> int:
    """The minute, hour, day of the month, ISO 8601 week, month or year of a moment in UTC."""
    when = to_datetime(int(moment))
    return when.isocalendar().week if part == "week" else int(getattr(when, part))


def _field_ref(node: FieldRef, catalogue: Catalogue) -> Callable[[Event], bool]:
    stands = RELATIONS[node.op]
    left, right = kind_of(node.field, catalogue), kind_of(node.other, catalogue)
    if left == right and left in ("long", "date") and (left == "date" or node.op == "equals"):
        read: Callable[[Any], Any] = _whole
    elif {left, right} <= {"long", "double"} and node.op == "equals":
        read = _double
    else:
        read = canonical if node.cased else lambda value: fold(canonical(value))

    def test(event: Event) -> bool:
        others = [read(value) for value in values_of(event, node.other)]
        return any(stands(read(value), other) for value in values_of(event, node.field) for other in others)

    return test


def _double(value: Any) -> float:
    return float(value) if _is_number(value) else math.nan  # nan equals nothing


def _whole(value: Any) -> int | float:
    return value if _is_number(value) else math.nan
