"""A condition as a query over indices that soc does not write: it finds at least the documents that meet it.

Nothing in such a query is believed: the predicate decides on what comes back, so what a `not` is said of filters nothing. Text is
asked for letter by letter with all letters that `fold` makes one, whatever the mapping does about case; what was too long or
malformed to be indexed is named by the server in `_ignored`. A field of a type that says nothing exact is asked for its presence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from soc.condition.automaton import ANYTHING, Chars, Seq, Tree, effort, to_lucene
from soc.condition.bind import bind, kind_of
from soc.condition.dsl_keyword import LINE, may_meet
from soc.condition.dsl_query import NONE, UNCERTAIN, Body, Bounds, at_most, either, every, or_
from soc.condition.dsl_text import LONGEST_REGEX, MOST_EFFORT, TextLeaf, parts_of
from soc.condition.fold import fold, table
from soc.condition.indexed import NANOS
from soc.condition.patterns import Part
from soc.condition.regex_tree import read
from soc.condition.tree import (
    ANY,
    And,
    Cidr,
    Compare,
    Contains,
    Ends,
    Equals,
    FieldRef,
    Keyword,
    Leaf,
    Node,
    Not,
    Or,
    Regex,
    Starts,
    Wildcard,
)
from soc.fields import Catalogue, canonical_ip

IGNORED = "_ignored"
TEXTS, WHOLE, DATES = ("keyword", "wildcard"), ("long",), ("date", "date_nanos")
UNSEARCHED = "?"  # it may have values, and no query finds them
LONGEST = 60  # characters asked for: each is a class of letters
_MILLISECOND = 1000


@dataclass(frozen=True, slots=True)
class Held:
    """How indices hold a field: where its values are asked for, and as which type of the server's; "" where it is not mapped."""

    path: str
    type: str


ABSENT = Held("", "")


def foreign_dsl(node: Node, catalogue: Catalogue, held: Mapping[str, Held]) -> Body:
    """The query. `held` has each field that the condition names. Raises ConditionError, see `bind`."""
    return _bounds(bind(node, catalogue), catalogue, held).upper


def _bounds(node: Node, catalogue: Catalogue, held: Mapping[str, Held]) -> Bounds:
    if isinstance(node, Not):
        return UNCERTAIN
    if isinstance(node, (And, Or)):
        parts = [_bounds(arg, catalogue, held) for arg in node.args]
        return every(parts) if isinstance(node, And) else either(parts)
    if isinstance(node, Keyword):
        return either(_bounds(tree, catalogue, held) for tree in (replace(node.leaf, field=LINE), *may_meet(node)))
    if isinstance(node, FieldRef):
        return every(_present(held[name]) for name in (node.field, node.other))
    return _leaf(node, catalogue, held)


def _leaf(leaf: Leaf, catalogue: Catalogue, held: Mapping[str, Held]) -> Bounds:
    assert not isinstance(leaf, (Keyword, FieldRef))
    place = held[leaf.field]
    if place.type in ("", UNSEARCHED):
        return _present(place)
    asked = _asked(leaf, kind_of(leaf.field, catalogue), place)
    return _present(place) if asked is None else at_most(or_((asked, {"term": {IGNORED: place.path}})))


def _present(place: Held) -> Bounds:
    if place.type == UNSEARCHED:
        return UNCERTAIN
    return at_most(or_(({"exists": {"field": place.path}}, {"term": {IGNORED: place.path}})) if place.type else NONE)


def _asked(leaf: Leaf, kind: str, place: Held) -> Body | None:
    """The values that meet the leaf; None where only their presence can be asked for."""
    if kind == "keyword" and place.type in TEXTS:
        return _on_text(leaf, place.path)
    if kind == "ip" and place.type == "ip":
        return _on_address(leaf, place.path)
    if kind == "long" and place.type in WHOLE and isinstance(leaf, (Equals, Compare)):
        return _on_number(leaf, place.path)
    if kind == "date" and place.type in DATES and isinstance(leaf, (Equals, Compare)):
        return _on_date(leaf, place)
    return None


def _on_text(leaf: Leaf, path: str) -> Body | None:
    if isinstance(leaf, (Equals, Contains, Starts, Ends, Wildcard)):
        expression = _expression(_any_case(_shortened(leaf)))
    elif isinstance(leaf, Regex) and (found := read(leaf.pattern, leaf.flags)) is not None:
        expression = _expression(found.tree)
    else:
        return None
    return {"regexp": {path: {"value": expression, "flags": "NONE"}}} if expression else None


def _expression(tree: Tree) -> str | None:
    """In Lucene's words; None where that would be too much for a server."""
    expression = to_lucene(tree)
    return expression if len(expression) <= LONGEST_REGEX and effort(tree, MOST_EFFORT) <= MOST_EFFORT else None


def _shortened(leaf: TextLeaf) -> tuple[Part, ...]:
    """The leaf as a wildcard of a length that can be asked for; a longer one by its longest text."""
    parts = parts_of(leaf)
    texts = [part for part in parts if isinstance(part, str)]
    if sum(map(len, texts)) <= LONGEST and "\0" not in "".join(texts):
        return parts
    longest = max(texts, key=len)
    if parts[0] == longest:
        return (longest[:LONGEST], ANY)
    return (ANY, longest[:LONGEST], ANY)


def _any_case(parts: tuple[Part, ...]) -> Tree:
    items: list[Tree] = []
    for part in parts:
        if isinstance(part, str):
            items += [Chars(tuple((code, code) for code in _alike(fold(char)))) for char in part]
        else:
            items.append(ANYTHING if part == ANY else Chars((), negated=True))
    return Seq(tuple(items))


def _alike(char: str) -> tuple[int, ...]:
    return tuple(sorted({ord(char), *_upper().get(ord(char), ())}))


@cache
def _upper() -> dict[int, list[int]]:
    """What `fold` makes each letter from."""
    found: dict[int, list[int]] = {}
    for code, lower in table().items():
        found.setdefault(lower, []).append(code)
    for code in range(ord("A"), ord("Z") + 1):
        found.setdefault(code + 32, []).append(code)
    return found


def _on_address(leaf: Leaf, path: str) -> Body | None:
    if isinstance(leaf, Cidr):
        return {"term": {path: leaf.network}}
    if isinstance(leaf, Equals) and canonical_ip(str(leaf.value)) == leaf.value:
        return {"term": {path: leaf.value}}
    return None


def _on_number(leaf: Equals | Compare, path: str) -> Body:
    return {"term": {path: leaf.value}} if isinstance(leaf, Equals) else {"range": {path: {leaf.op: leaf.number}}}


def _on_date(leaf: Equals | Compare, place: Held) -> Body:
    """In milliseconds, as most indices know them, so that both ends belong to it."""
    moment = int(leaf.value if isinstance(leaf, Equals) else leaf.number)
    millis = (min(max(moment, NANOS[0]), NANOS[1]) if place.type == "date_nanos" else moment) // _MILLISECOND
    ends = ("gte", "lte") if isinstance(leaf, Equals) else ("lte",) if leaf.op in ("lt", "lte") else ("gte",)
    asked = dict.fromkeys(ends, millis)
    if place.type == "date_nanos" and millis >= NANOS[1] // _MILLISECOND:
        asked = {"gte": asked.get("gte", 0)}  # the end of that millisecond is beyond what the type holds
    return {"range": {place.path: asked | {"format": "epoch_millis"}}}
