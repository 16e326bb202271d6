"""Conditions as a small algebra. Two front ends make these trees: Sigma rules and the hunt language.

The predicate (`soc.condition.predicate`) defines what each node means; matcher, SQL and DSL must agree with it.
Text in a leaf is as written; it is folded by whoever compiles it, unless `cased`.
A leaf is met by a field when it is met by one of the field's values; an empty list is no value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class And:
    """Every argument. No arguments: true."""

    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Some argument. No arguments: false."""

    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The argument is not met: also when its field is missing."""

    arg: Node


@dataclass(frozen=True, slots=True)
class Equals:
    """Some value equals this one. Text folded unless `cased`; numbers by value, against keyword fields as canonical text."""

    field: str
    value: str | int | float | bool
    cased: bool = False


@dataclass(frozen=True, slots=True)
class Contains:
    field: str
    text: str
    cased: bool = False


@dataclass(frozen=True, slots=True)
class Starts:
    field: str
    text: str
    cased: bool = False


@dataclass(frozen=True, slots=True)
class Ends:
    field: str
    text: str
    cased: bool = False


@dataclass(frozen=True, slots=True)
class Any_:
    """In a Wildcard: any run of characters, also none, line ends included."""


@dataclass(frozen=True, slots=True)
class One:
    """In a Wildcard: exactly one character (code point), line ends included."""


@dataclass(frozen=True, slots=True)
class Wildcard:
    """The whole value is these parts in turn."""

    field: str
    parts: tuple[str | Any_ | One, ...]
    cased: bool = False


@dataclass(frozen=True, slots=True)
class Regex:
    """RE2 finds the pattern somewhere in the unfolded value. `flags`: letters of `ims`."""

    field: str
    pattern: str
    flags: str = ""


@dataclass(frozen=True, slots=True)
class Cidr:
    """Some value is an address inside the network (canonical text, as `str(ip_network(..., strict=False))`)."""

    field: str
    network: str


@dataclass(frozen=True, slots=True)
class Compare:
    """`op`: lt lte gt gte. A value that is no number is not met."""

    field: str
    op: str
    number: int | float


@dataclass(frozen=True, slots=True)
class Exists:
    """The field has a value: it is neither missing, null nor an empty list."""

    field: str


@dataclass(frozen=True, slots=True)
class FieldRef:
    """Some value of `field` stands in relation `op` (equals contains starts ends) to some value of `other`."""

    field: str
    other: str
    op: str = "equals"
    cased: bool = False


@dataclass(frozen=True, slots=True)
class TimePart:
    """`part` (minute hour day week month year, in UTC; week as ISO 8601) of a date stands in `op` (eq lt lte gt gte) to `number`."""

    field: str
    part: str
    op: str
    number: int


@dataclass(frozen=True, slots=True)
class Keyword:
    """`leaf` (its field is "") is met by one of the texts that `soc.condition.line` finds in `event.original` and `message`."""

    leaf: Contains | Wildcard | Regex | Equals | Starts | Ends


Leaf = Equals | Contains | Starts | Ends | Wildcard | Regex | Cidr | Compare | Exists | FieldRef | TimePart | Keyword
Node = And | Or | Not | Leaf

ANY = Any_()
ONE = One()
TRUE = And(())
FALSE = Or(())


def leaves(node: Node) -> Iterator[Leaf]:
    """The leaves from left to right, those under Not included."""
    if isinstance(node, (And, Or)):
        for arg in node.args:
            yield from leaves(arg)
    elif isinstance(node, Not):
        yield from leaves(node.arg)
    else:
        yield node


def can_be(node: Node, leaf_can_be: Callable[[Leaf, bool], bool], wanted: bool = True) -> bool:
    """Whether the condition can be as wanted, as far as its parts can be told apart; `leaf_can_be` says it of a leaf."""
    if isinstance(node, Not):
        return can_be(node.arg, leaf_can_be, not wanted)
    if isinstance(node, (And, Or)):
        ways = (can_be(arg, leaf_can_be, wanted) for arg in node.args)
        return all(ways) if isinstance(node, And) == wanted else any(ways)
    return leaf_can_be(node, wanted)


def fields(node: Node) -> set[str]:
    """The names of the fields a condition reads. A keyword reads `event.original` and `message`."""
    names: set[str] = set()
    for leaf in leaves(node):
        if isinstance(leaf, Keyword):
            names |= {"event.original", "message"}
        else:
            names.add(leaf.field)
            if isinstance(leaf, FieldRef):
                names.add(leaf.other)
    return names
