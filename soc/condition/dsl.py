"""A condition as a query in Elasticsearch's Query DSL that finds at least the events that meet it.

The predicate decides on what comes back. An index that `soc.store.elasticsearch.documents.mapping` describes answers most leaves exactly,
except for events whose value it could not take as it is: they name the field in `soc.coarse`. So a leaf is bounded from above by
`leaf OR soc.coarse:field`, from below by `leaf AND NOT soc.coarse:field`; what the server cannot say at all is bounded by
everything and nothing, a keyword on a line that may be JSON as `soc.condition.dsl_keyword` says. Not takes the bounds of its
argument in turn, and the query is the upper bound of the whole.
A field that the index does not have is missing everywhere; one that some indices hold in another way is asked for its presence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from soc.condition import dsl_keyword
from soc.condition.bind import bind, kind_of
from soc.condition.dsl_any import any_query
from soc.condition.dsl_leaf import leaf_query
from soc.condition.dsl_query import ALL, CLAUSE, UNCERTAIN, Body, Bounds, and_, at_most, either, every, neither, not_, or_
from soc.condition.dsl_text import exists, terms
from soc.condition.indexed import COARSE, UNSURE, guard
from soc.condition.tree import And, Exists, FieldRef, Keyword, Leaf, Node, Not, Or, leaves
from soc.fields import Catalogue


@dataclass(frozen=True, slots=True)
class Query:
    """`body` finds every event that meets the condition. `exact`: and no other, unless the event is one of the `unsure`."""

    body: Body
    exact: bool
    unsure: Body


def to_dsl(node: Node, catalogue: Catalogue, otherwise: Collection[str] = ()) -> Query:
    """The query for a condition. `otherwise`: fields that some indices hold as another type. Raises ConditionError, see `bind`."""
    bound = _loosened(bind(node, catalogue), otherwise)
    bounds = _bounds(bound, catalogue)
    keywords = any(isinstance(leaf, Keyword) for leaf in leaves(bound))
    return Query(bounds.upper, bounds.exact, or_((UNSURE, *([dsl_keyword.STRUCTURED] if keywords else ()))))


def _loosened(node: Node, names: Collection[str]) -> Node:
    """What is said of these fields' values becomes a reference of the field to itself: no server answers that, see `leaf_query`."""
    if not names or isinstance(node, (Keyword, Exists, FieldRef)):
        return node
    if isinstance(node, Not):
        return Not(_loosened(node.arg, names))
    if isinstance(node, (And, Or)):
        return type(node)(tuple(_loosened(arg, names) for arg in node.args))
    return FieldRef(node.field, node.field, "equals") if node.field in names else node


def _bounds(node: Node, catalogue: Catalogue) -> Bounds:
    if isinstance(node, Not):
        return neither(_bounds(node.arg, catalogue))
    if isinstance(node, (And, Or)):
        return _combined(node, catalogue)
    return _alike((node,), Or, catalogue)


def _combined(node: And | Or, catalogue: Catalogue) -> Bounds:
    """Leaves on the same field share their guard; lists of values become one query."""
    alike: dict[object, list[Leaf]] = {}
    others: list[Bounds] = []
    for arg in _flat(node):
        if isinstance(arg, (And, Or, Not)):
            others.append(_bounds(arg, catalogue))
        else:
            alike.setdefault(_group(arg), []).append(arg)
    combine = every if isinstance(node, And) else either
    return combine([*(_alike(tuple(leaves), type(node), catalogue) for leaves in alike.values()), *others])


def _flat(node: And | Or) -> Iterator[Node]:
    for arg in node.args:
        if isinstance(arg, type(node)):
            yield from _flat(arg)
        else:
            yield arg


def _group(leaf: Leaf) -> object:
    if isinstance(leaf, Keyword):
        return Keyword
    return leaf if isinstance(leaf, FieldRef) else leaf.field


def _alike(leaves: tuple[Leaf, ...], joined: type[And] | type[Or], catalogue: Catalogue) -> Bounds:
    """All or one of the leaves, which are keywords, or on one field, or the same reference."""
    first = leaves[0]
    if isinstance(first, Keyword):
        return _keywords([leaf for leaf in leaves if isinstance(leaf, Keyword)], joined, catalogue)
    names = [first.field, first.other] if isinstance(first, FieldRef) else [first.field]
    if COARSE in names:
        return UNCERTAIN  # events do not have it, documents do
    kind = kind_of(first.field, catalogue)
    bounds = either(any_query(leaves, kind)) if joined is Or else every(leaf_query(leaf, kind) for leaf in leaves)
    if bounds.upper == ALL:  # too much; but whatever is met, is met by a value
        bounds = at_most(exists(first.field))
    return _guarded(bounds, sorted({held for name in names if (held := guard(name, kind_of(name, catalogue)))}))


def _guarded(bounds: Bounds, names: list[str]) -> Bounds:
    if not names:
        return bounds
    coarse = or_(terms(COARSE, names))
    upper, lower = or_((bounds.upper, coarse)), and_((bounds.lower, not_(coarse)))
    return Bounds(upper, lower, bounds.exact, bounds.depth + 2, bounds.weight + CLAUSE)


def _keywords(keywords: list[Keyword], joined: type[And] | type[Or], catalogue: Catalogue) -> Bounds:
    """On `event.original`, or where that is missing on `message`; on lines that may be JSON what is known of them."""
    lines, messages = (
        _alike(tuple(replace(leaf.leaf, field=field) for leaf in keywords), joined, catalogue) for field in ("event.original", "message")
    )
    missing = neither(_alike((Exists("event.original"),), Or, catalogue))
    plain = either((lines, every((missing, messages))))
    json = _bounds(joined(tuple(Or(tuple(dsl_keyword.may_meet(leaf))) for leaf in keywords)), catalogue)
    upper, lower = or_((plain.upper, and_((dsl_keyword.STRUCTURED, json.upper)))), and_((plain.lower, not_(dsl_keyword.STRUCTURED)))
    return Bounds(upper, lower, plain.exact, max(plain.depth, json.depth) + 2, plain.weight + json.weight)
