"""Some leaf out of many on one field, in Query DSL: lists of values become one query, texts that are looked for a few regexes.

More patterns than MANY are asked for by their beginnings: such a query meets more events, and the server lives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from soc.condition.dsl_leaf import leaf_query
from soc.condition.dsl_merge import LONGEST_PART, merged
from soc.condition.dsl_query import Bounds, at_most, just, or_
from soc.condition.dsl_text import among, exists, parts_of, regexp, terms, text_query, where, wildcard
from soc.condition.tree import ANY, Contains, Ends, Equals, Leaf, Starts, Wildcard
from soc.condition.values import LABEL

MANY = 64
Pattern = Contains | Starts | Ends | Wildcard


def any_query(leaves: Iterable[Leaf], kind: str) -> list[Bounds]:
    """Some leaf of these, all of one field: lists of values become one query, and too many patterns a few wider ones."""
    equals: list[Equals] = []
    patterns: list[Pattern] = []
    others: list[Bounds] = []
    for leaf in leaves:
        if isinstance(leaf, Equals) and kind in ("keyword", "ip", "long"):
            equals.append(leaf)
        elif isinstance(leaf, Pattern) and kind in ("keyword", "ip"):
            patterns.append(leaf)
        else:
            others.append(leaf_query(leaf, kind))
    if equals:
        values = terms(equals[0].field, [leaf.value for leaf in equals]) if kind == "long" else among(equals[0].field, kind, equals)
        others.append(just(or_(values)))
    if len(patterns) > MANY:
        return [*others, _by_beginnings(patterns, kind)]
    return [*others, *_merged([leaf for leaf in patterns if isinstance(leaf, Contains)], kind), *_single(patterns, kind)]


def _merged(leaves: list[Contains], kind: str) -> Iterator[Bounds]:
    """The texts that can be looked for together."""
    texts: dict[str, list[str]] = {}
    for leaf in leaves:
        if _mergeable(leaf):
            texts.setdefault(where(leaf, kind), []).append(leaf.text)
    for path, some in texts.items():
        for expression, pack in merged(some):
            field = leaves[0].field
            yield just(regexp(field, path, expression) if len(pack) > 1 else wildcard(field, path, (ANY, pack[0], ANY)))


def _single(leaves: list[Pattern], kind: str) -> Iterator[Bounds]:
    return (text_query(leaf, kind) for leaf in leaves if not (isinstance(leaf, Contains) and _mergeable(leaf)))


def _mergeable(leaf: Contains) -> bool:
    return len(leaf.text) <= LONGEST_PART and leaf.text.isascii() and not leaf.field.startswith(LABEL)


def _by_beginnings(leaves: list[Pattern], kind: str) -> Bounds:
    texts = {(leaf.cased, max((p for p in parts_of(leaf) if isinstance(p, str)), key=len, default="")) for leaf in leaves}
    for length in (32, 16, 8, 6, 5, 4, 3):
        short = {(cased, text[:length]) for cased, text in texts}
        if len(short) <= MANY and all(text for _, text in short):
            field = leaves[0].field
            return at_most(or_(text_query(Contains(field, text, cased), kind).upper for cased, text in sorted(short)))
    return at_most(exists(leaves[0].field))
