"""Queries of Elasticsearch put together: what is trivial disappears, and what can lie in one `bool` does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

Body = dict[str, Any]
ALL: Body = {"match_all": {}}
NONE: Body = {"match_none": {}}
DEEPEST = 24  # nested `bool`; a server refuses more than 30
CLAUSE = 20  # so at most 1,000 clauses; servers refuse more than 1,024 to 8,192, as heap and processors have it
HEAVIEST = 20_000  # 116,000 in patterns took 9 s, and 174,000 were the death of a server with a heap of 512 MB


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is known of a condition: every event that meets it is in `upper`, every event in `lower` meets it.

    `exact`: they are the same, but for events that `soc.coarse` names. `depth` is at least that of nested `bool`, `weight` at least
    what the server has to bear: clauses, characters of wildcards, `automaton.effort` of regexes.
    """

    upper: Body
    lower: Body
    exact: bool
    depth: int = 1
    weight: int = 0


UNCERTAIN = Bounds(ALL, NONE, False)


def just(query: Body) -> Bounds:
    """The query says it exactly."""
    return Bounds(query, query, True, weight=weight_of(query))


def at_most(query: Body) -> Bounds:
    """The query meets also others."""
    return Bounds(query, NONE, False, weight=weight_of(query))


def every(parts: Iterable[Bounds]) -> Bounds:
    """All of them; of too many, as many as the server can bear."""
    some = list(parts)
    borne = [part for part, total in zip(some, accumulate(part.weight for part in some), strict=True) if total <= HEAVIEST]
    if len(borne) < len(some):
        borne.append(UNCERTAIN)
    return _limited(and_(part.upper for part in borne), and_(part.lower for part in borne), borne)


def either(parts: Iterable[Bounds]) -> Bounds:
    """One of them at least."""
    some = list(parts)
    return _limited(or_(part.upper for part in some), or_(part.lower for part in some), some)


def neither(part: Bounds) -> Bounds:
    """Not that one."""
    return _limited(not_(part.lower), not_(part.upper), [part])


def _limited(upper: Body, lower: Body, parts: list[Bounds]) -> Bounds:
    depth, weight = 1 + max((part.depth for part in parts), default=0), sum(part.weight for part in parts)
    if depth > DEEPEST or weight > HEAVIEST:
        return UNCERTAIN
    return Bounds(upper, lower, all(part.exact for part in parts), depth, weight)


def weight_of(query: Body) -> int:
    """CLAUSE for each query that is no `bool`, and the characters of patterns."""
    inner = query.get("bool")
    if inner is not None:
        return sum(weight_of(clause) for part in inner.values() if isinstance(part, list) for clause in part)
    return CLAUSE + sum(len(asked["value"]) for kind in ("wildcard", "regexp") for asked in query.get(kind, {}).values())


def and_(queries: Iterable[Body]) -> Body:
    """All of the queries."""
    filters: list[Body] = []
    excluded: list[Body] = []
    for query in queries:
        if query == NONE:
            return NONE
        inner = query.get("bool")
        if inner is not None and inner.keys() <= {"filter", "must_not"}:
            filters += inner.get("filter", [])
            excluded += inner.get("must_not", [])
        elif query != ALL:
            filters.append(query)
    if len(filters) == 1 and not excluded:
        return filters[0]
    parts = {name: some for name, some in (("filter", filters), ("must_not", excluded)) if some}
    return {"bool": parts} if parts else ALL


def or_(queries: Iterable[Body]) -> Body:
    """One of the queries at least."""
    choices: list[Body] = []
    for query in queries:
        if query == ALL:
            return ALL
        if query != NONE:
            choices += choices_of(query)
    if len(choices) < 2:
        return choices[0] if choices else NONE
    return {"bool": {"should": choices, "minimum_should_match": 1}}


def not_(query: Body) -> Body:
    """What the query does not meet."""
    if query in (ALL, NONE):
        return NONE if query == ALL else ALL
    inner = query.get("bool", {})
    if inner.keys() == {"must_not"}:
        return or_(inner["must_not"])
    return {"bool": {"must_not": choices_of(query)}}


def choices_of(query: Body) -> list[Body]:
    """The queries one of which has to be met: those of a plain `or_`, or the query itself."""
    inner = query.get("bool", {})
    return list(inner["should"]) if "should" in inner else [query]
