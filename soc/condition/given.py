"""What is left of a condition when the values of some fields are known already, as whoever keeps events apart by a field knows them."""

from __future__ import annotations

from soc.condition.predicate import compile
from soc.condition.tree import FALSE, TRUE, And, Node, Not, Or, fields
from soc.event import Event
from soc.fields import Catalogue


def given(node: Node, known: Event, catalogue: Catalogue) -> Node:
    """The condition on events that have these values: it no longer asks for these fields. TRUE or FALSE where that decides it."""
    if isinstance(node, And):
        return _combined(node, known, catalogue, nothing=TRUE, decided=FALSE)
    if isinstance(node, Or):
        return _combined(node, known, catalogue, nothing=FALSE, decided=TRUE)
    if isinstance(node, Not):
        inner = given(node.arg, known, catalogue)
        return TRUE if inner == FALSE else FALSE if inner == TRUE else Not(inner)
    if fields(node) <= known.keys():
        return TRUE if compile(node, catalogue)(known) else FALSE
    return node


def _combined(node: And | Or, known: Event, catalogue: Catalogue, *, nothing: Node, decided: Node) -> Node:
    args = [left for arg in node.args if (left := given(arg, known, catalogue)) != nothing]
    if decided in args:
        return decided
    return args[0] if len(args) == 1 else type(node)(tuple(args))
