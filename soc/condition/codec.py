"""Trees as JSON and back, for the cache of compiled rules.

A node is a list: its tag, then its attributes in their order. A wildcard's Any_ is 1 and its One is 0 between its texts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from soc.condition.tree import (
    ANY,
    ONE,
    And,
    Cidr,
    Compare,
    Contains,
    Ends,
    Equals,
    Exists,
    FieldRef,
    Keyword,
    Node,
    Not,
    Or,
    Regex,
    Starts,
    TimePart,
    Wildcard,
)

_PLAIN: dict[str, Callable[..., Node]] = {  # tag -> leaf whose attributes are plain JSON values
    "contains": Contains,
    "starts": Starts,
    "ends": Ends,
    "regex": Regex,
    "cidr": Cidr,
    "exists": Exists,
    "ref": FieldRef,
    "time": TimePart,
}
_TAGS = {kind: tag for tag, kind in _PLAIN.items()}


def dump(node: Node) -> list[Any]:
    """The tree as lists, texts, numbers and truth values, which any JSON writer keeps (numbers beyond 64 bits as text)."""
    match node:
        case And(args) | Or(args):
            return ["and" if isinstance(node, And) else "or", *map(dump, args)]
        case Not(arg):
            return ["not", dump(arg)]
        case Keyword(leaf):
            return ["keyword", dump(leaf)]
        case Wildcard(field, parts, cased):
            return ["wildcard", field, [part if isinstance(part, str) else int(part == ANY) for part in parts], cased]
        case Equals(field, value, cased):
            return ["equals", field, value if isinstance(value, (str, bool)) else _number_out(value), cased]
        case Compare(field, op, number):
            return ["compare", field, op, _number_out(number)]
    return [_TAGS[type(node)], *(getattr(node, name) for name in node.__dataclass_fields__)]


def load(dumped: list[Any]) -> Node:
    """The tree that was dumped. Raises KeyError, TypeError or ValueError for anything else."""
    return _LOADERS[dumped[0]](*dumped[1:])


def _number_out(number: int | float) -> Any:
    """JSON has neither infinity nor, in most readers, integers beyond 64 bits: these become `[text]`, floats stay floats."""
    if isinstance(number, int):
        return number if -(1 << 63) <= number < 1 << 63 else [str(number)]
    return number if math.isfinite(number) else [str(number)]


def _number_in(number: Any) -> Any:
    if not isinstance(number, list):
        return number
    return float(number[0]) if number[0].lstrip("-")[0].isalpha() else int(number[0])


def _wildcard(field: str, parts: list[Any], cased: bool) -> Node:
    return Wildcard(field, tuple(part if isinstance(part, str) else ANY if part else ONE for part in parts), cased)


_LOADERS: dict[str, Callable[..., Node]] = {
    **_PLAIN,
    "and": lambda *args: And(tuple(map(load, args))),
    "or": lambda *args: Or(tuple(map(load, args))),
    "not": lambda arg: Not(load(arg)),
    "keyword": lambda leaf: Keyword(load(leaf)),  # type: ignore[arg-type]
    "wildcard": _wildcard,
    "equals": lambda field, value, cased: Equals(field, _number_in(value), cased),
    "compare": lambda field, op, number: Compare(field, op, _number_in(number)),
}
