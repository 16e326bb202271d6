"""Conditions in the hunt language: what `parse_query` made is written so that it makes the same tree again."""

from __future__ import annotations

import re
from decimal import Decimal

from soc.condition.bind import kind_of
from soc.condition.patterns import Part
from soc.condition.tree import (
    ANY,
    TRUE,
    And,
    Cidr,
    Compare,
    Contains,
    Ends,
    Equals,
    Exists,
    Keyword,
    Node,
    Not,
    Or,
    Regex,
    Starts,
    Wildcard,
)
from soc.errors import UsageError
from soc.fields import Catalogue
from soc.hunt.words import ESCAPABLE
from soc.times import iso

_PLAIN = re.compile(r"[\w./@+,;#!$-]+")  # needs no quotes
_ESCAPED = ESCAPABLE - {"="}
_RESERVED = frozenset(("and", "or", "not", "to"))
_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def query_text(node: Node, catalogue: Catalogue) -> str:
    """The query that states this condition. Raises UsageError for one that the hunt language has no words for."""
    match node:
        case And(()):
            return "*"
        case And(args) | Or(args) if len(args) > 1:
            joint = " AND " if isinstance(node, And) else " OR "
            return joint.join(_inner(arg, catalogue) for arg in args)
        case Not(arg):
            return f"NOT {_inner(arg, catalogue)}"
        case Keyword(leaf):
            return _bare(leaf)
        case Equals(field, value, False):
            return f"{_name(field)}:{_value(field, value, catalogue)}"
        case Compare(field, op, number):
            return f"{_name(field)}:{_SIGNS[op]}{_value(field, number, catalogue)}"
        case Exists(field):
            return f"{_name(field)}:*"
        case Cidr(field, network):
            return f"{_name(field)}:{network}"
        case Regex(field, pattern, ""):
            return f"{_name(field)}:~{_quoted(pattern)}"
        case Contains() | Starts() | Ends() | Wildcard() if not node.cased:
            return f"{_name(node.field)}:{_wild(_parts(node))}"
    raise UsageError(f"the hunt language has no words for {type(node).__name__} here")


def _inner(node: Node, catalogue: Catalogue) -> str:
    text = query_text(node, catalogue)
    return f"({text})" if isinstance(node, (And, Or)) and node != TRUE else text


def _bare(leaf: Node) -> str:
    match leaf:
        case Contains(_, text, False):
            return _word(text)
        case Regex(_, pattern, ""):
            return f"~{_quoted(pattern)}"
        case Wildcard(_, (first, *inner, last), False) if first == last == ANY:
            return _wild(tuple(inner)).replace("=", "\\=")  # user.name=a*b would be taken for a field and its value
    raise UsageError(f"the hunt language has no words for a keyword that is {type(leaf).__name__}")


def _parts(leaf: Contains | Starts | Ends | Wildcard) -> tuple[Part, ...]:
    match leaf:
        case Contains(_, text):
            return (ANY, text, ANY)
        case Starts(_, text):
            return (text, ANY)
        case Ends(_, text):
            return (ANY, text)
    return leaf.parts


def _value(field: str, value: str | int | float | bool, catalogue: Catalogue) -> str:
    if isinstance(value, str):
        return _word(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind_of(field, catalogue) == "date":
        return iso(int(value))
    return format(Decimal(repr(value)), "f")


def _name(field: str) -> str:
    return re.sub(r"[^\w.@-]", lambda found: f"\\{found[0]}", field)


def _word(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _wild(parts: tuple[Part, ...]) -> str:
    return "".join(_escaped(part) if isinstance(part, str) else "*" if part == ANY else "?" for part in parts)


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in _ESCAPED or char.isspace() else char for char in text)
