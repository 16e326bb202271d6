"""Conditions that no event can meet: each way to meet them rests on a value that a field never has."""

from __future__ import annotations

from collections.abc import Iterator

from soc.condition.bind import bind
from soc.condition.fold import fold
from soc.condition.tree import FALSE, Compare, Equals, Node, can_be, leaves
from soc.detect.ruleset.supply import Supply
from soc.fields import Catalogue
from soc.model import Logsource


def never_met(node: Node, logsource: Logsource, supply: Supply, catalogue: Catalogue) -> str | None:
    """Why no event of the logsource meets the condition; None where one may."""

    def impossible(leaf: Node) -> bool:
        return isinstance(leaf, (Equals, Compare)) and _never(leaf, logsource, supply, catalogue)

    if can_be(node, lambda leaf, wanted: not (wanted and impossible(leaf))):
        return None
    said = dict.fromkeys(_said(leaf) for leaf in leaves(node) if impossible(leaf) and isinstance(leaf, (Equals, Compare)))
    return f"no event can meet it: for {logsource} {', and '.join(said)}" if said else "no event can meet its condition"


def unheard(node: Node, logsource: Logsource, supply: Supply) -> Iterator[Equals]:
    """The texts of the condition that no dataset of the logsource ever has in their field."""
    for leaf in leaves(node):
        if isinstance(leaf, Equals) and _unheard(leaf, logsource, supply):
            yield leaf


def _unheard(leaf: Equals, logsource: Logsource, supply: Supply) -> bool:
    known = supply.closed(leaf.field, logsource) if isinstance(leaf.value, str) else None
    return known is not None and fold(str(leaf.value)) not in known


def _never(leaf: Equals | Compare, logsource: Logsource, supply: Supply, catalogue: Catalogue) -> bool:
    return bind(leaf, catalogue) == FALSE or (isinstance(leaf, Equals) and _unheard(leaf, logsource, supply))


def _said(leaf: Equals | Compare) -> str:
    return f"{leaf.field!r} is never {leaf.value!r}" if isinstance(leaf, Equals) else f"{leaf.field!r} is never {leaf.op} {leaf.number}"
