"""Binding: a tree as written becomes the tree that executors run, its leaves brought to the types of their fields.

In a bound tree
- text is folded already, unless its leaf is `cased`;
- the value of an Equals has its field's type: text for keyword and ip (numbers as canonical text, addresses in canonical
  form), `int` for long and date, `float` for double, `bool` for bool;
- Contains, Starts, Ends, Wildcard and Regex stand on text, long and bool fields (there on the canonical text);
- a Wildcard holds One, or text around an inner Any_; every simpler one became Equals, Contains, Starts, Ends or Exists;
- an empty text equals no number, time or truth value;
- the bound of a Compare has its field's type (keyword fields: `float`, or an `int` as `needs_digits` says); what every or no
  value meets became Exists or FALSE;
- networks are canonical, IPv4-mapped ones are IPv4.
Binding a bound tree changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv6Network, ip_network
from typing import Any

from soc.condition.fold import fold
from soc.condition.numbers import as_double, equal_number, needs_digits, number_of, whole_bound
from soc.condition.patterns import compile_regex, simplest
from soc.condition.tree import (
    FALSE,
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
from soc.condition.values import LABEL, canonical
from soc.errors import ConditionError
from soc.fields import Catalogue, canonical_ip

COMPARISONS = ("lt", "lte", "gt", "gte")
PARTS = ("minute", "hour", "day", "week", "month", "year")
TEXT_OPS = ("equals", "contains", "starts", "ends")


def bind(node: Node, catalogue: Catalogue) -> Node:
    """The tree as executors run it. Raises ConditionError, naming the field, for what cannot mean anything."""
    if isinstance(node, And):
        return And(tuple(bind(arg, catalogue) for arg in node.args))
    if isinstance(node, Or):
        return Or(tuple(bind(arg, catalogue) for arg in node.args))
    if isinstance(node, Not):
        return Not(bind(node.arg, catalogue))
    if isinstance(node, Keyword):
        return _keyword(node, catalogue)
    kind = kind_of(node.field, catalogue)
    if kind == "map":
        raise ConditionError(f"field {node.field!r} holds texts by key", repair=f"name the key: {node.field}.KEY")
    bound: Node = _BINDERS[type(node)](node, kind, catalogue)
    return bound


def kind_of(field: str, catalogue: Catalogue) -> str:
    """What the values of a field are: keyword, ip, long, double, bool, date or map. A label is a keyword."""
    return "keyword" if field.startswith(LABEL) else catalogue.type_of(field)


def is_list(field: str, catalogue: Catalogue) -> bool:
    """Whether the field holds a list by the catalogue."""
    known = catalogue.get(field)
    return known is not None and known.array


def _keyword(node: Keyword, catalogue: Catalogue) -> Node:
    # bound as if on a keyword field; what every text meets is met by a line that has a text at all
    bound = bind(replace(node.leaf, field="event.original"), Catalogue({}))
    if isinstance(bound, Exists):
        return Or((Exists("event.original"), Exists("message")))
    if not isinstance(bound, (Contains, Wildcard, Regex, Equals, Starts, Ends)):
        raise ConditionError(f"a keyword cannot be {type(node.leaf).__name__}")
    return Keyword(replace(bound, field=""))


def _equals(node: Equals, kind: str, catalogue: Catalogue) -> Node:
    value = node.value
    if value == "" and kind not in ("keyword", "ip"):
        return FALSE
    if kind in ("keyword", "ip"):
        text = checked_text(canonical(value), node.field)
        address = canonical_ip(text) if kind == "ip" else None
        return Equals(node.field, address or (text if node.cased else fold(text)), node.cased)
    if kind == "bool":
        truth = {"true": True, "false": False}.get(fold(canonical(value)))
        if truth is None:
            raise _unfit(node.field, value, "true or false")
        return Equals(node.field, truth)
    if isinstance(value, bool):
        raise _unfit(node.field, value, _WANTED[kind])
    number = number_of(value, kind)
    if number is None:
        raise _unfit(node.field, value, _WANTED[kind])
    return equal_number(node.field, number, kind)


def _text(node: Contains | Starts | Ends, kind: str, catalogue: Catalogue) -> Node:
    _refuse_text_on(kind, node)
    if not node.text:
        return Exists(node.field)
    text = checked_text(node.text, node.field)
    return replace(node, text=text if node.cased else fold(text))


def _wildcard(node: Wildcard, kind: str, catalogue: Catalogue) -> Node:
    simple = simplest(node)
    if not isinstance(simple, Wildcard):
        return bind(simple, catalogue)
    _refuse_text_on(kind, node)
    for part in simple.parts:
        if isinstance(part, str):
            checked_text(part, node.field)
    return simple if node.cased else replace(simple, parts=tuple(fold(p) if isinstance(p, str) else p for p in simple.parts))


def _regex(node: Regex, kind: str, catalogue: Catalogue) -> Node:
    _refuse_text_on(kind, node)
    checked_text(node.pattern, node.field)
    compile_regex(node.pattern, node.flags, node.field)
    return replace(node, flags="".join(sorted(set(node.flags))))


def _cidr(node: Cidr, kind: str, catalogue: Catalogue) -> Node:
    if kind not in ("keyword", "ip"):
        raise ConditionError(f"field {node.field!r} is of type {kind}: it holds no addresses")
    try:
        network = ip_network(node.network, strict=False)
    except ValueError as error:
        raise ConditionError(f"field {node.field!r}: {node.network!r} is no network: {error}", repair="write it as 192.0.2.0/24") from error
    if isinstance(network, IPv6Network) and network.prefixlen >= 96 and (mapped := network.network_address.ipv4_mapped):
        network = ip_network((mapped, network.prefixlen - 96))
    return Cidr(node.field, str(network))


def _compare(node: Compare, kind: str, catalogue: Catalogue) -> Node:
    if node.op not in COMPARISONS:
        raise ConditionError(f"field {node.field!r}: comparison {node.op!r} is not one of {', '.join(COMPARISONS)}")
    if kind not in ("long", "double", "date", "keyword"):
        raise ConditionError(f"field {node.field!r} is of type {kind}: it has no order", repair="use equality or a network")
    if node.number != node.number:  # nan
        return FALSE
    if kind == "double" or (kind == "keyword" and not needs_digits(node.number)):
        return replace(node, number=as_double(node.number))
    if kind == "keyword":
        return node
    return whole_bound(node)


def _exists(node: Exists, kind: str, catalogue: Catalogue) -> Node:
    return node


def _field_ref(node: FieldRef, kind: str, catalogue: Catalogue) -> Node:
    other = kind_of(node.other, catalogue)
    if node.op not in TEXT_OPS:
        raise ConditionError(f"field {node.field!r}: relation {node.op!r} is not one of {', '.join(TEXT_OPS)}")
    both_numbers = node.op == "equals" and (kind == other == "date" or {kind, other} <= {"long", "double"})
    if not both_numbers and ({kind, other} & {"double", "date", "map"}):
        raise ConditionError(f"fields {node.field!r} ({kind}) and {node.other!r} ({other}) cannot be compared by {node.op!r}")
    return node


def _time_part(node: TimePart, kind: str, catalogue: Catalogue) -> Node:
    if kind != "date":
        raise ConditionError(f"field {node.field!r} is of type {kind}: it has no {node.part}", repair="use a date field such as @timestamp")
    if node.part not in PARTS or node.op not in ("eq", *COMPARISONS):
        raise ConditionError(f"field {node.field!r}: no time part {node.part!r} {node.op!r}; parts are {', '.join(PARTS)}")
    return node


def _refuse_text_on(kind: str, node: Leaf) -> None:
    if kind in ("double", "date") and not isinstance(node, Keyword):
        repair = "compare it, or write a range" if kind == "double" else "compare it with a time, or write a range"
        raise ConditionError(f"field {node.field!r} is of type {kind}: {type(node).__name__.lower()} works on text", repair=repair)


def checked_text(text: str, field: str) -> str:
    """The text itself. Raises ConditionError when it holds a surrogate, which no text of an event does."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConditionError(f"field {field!r}: the text {text!r} is not valid Unicode") from error
    return text


def _unfit(field: str, value: Any, wanted: str) -> ConditionError:
    return ConditionError(f"field {field!r} holds {wanted}, never {value!r}", repair=f"write {wanted}, or use another field")


_WANTED = {"long": "whole numbers", "double": "numbers", "date": "times in ISO 8601"}
_BINDERS: dict[type, Callable[[Any, str, Catalogue], Node]] = {
    Equals: _equals,
    Contains: _text,
    Starts: _text,
    Ends: _text,
    Wildcard: _wildcard,
    Regex: _regex,
    Cidr: _cidr,
    Compare: _compare,
    Exists: _exists,
    FieldRef: _field_ref,
    TimePart: _time_part,
}
