"""Leaves in Query DSL, over events whose values the index holds all (`soc.coarse` is not looked at here).

Exact are whole values, beginnings, wildcards and most regexes on text, numbers, dates, years, truth values, addresses and
networks on address fields. What a server cannot say is at most "has a value" (field references, other parts of a time, text on
numbers), or a pattern that meets more (networks and numbers in text, patterns on labels, which run on all labels at once).
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network

from soc.condition.dsl_query import NONE, Body, Bounds, and_, at_most, just, or_
from soc.condition.dsl_text import exists, regex_query, regexp, terms, text_query, wildcard
from soc.condition.indexed import NANOS, NS
from soc.condition.patterns import Part
from soc.condition.predicate import value_test
from soc.condition.sql_address import quad_pattern
from soc.condition.tree import (
    ANY,
    Cidr,
    Compare,
    Contains,
    Ends,
    Equals,
    Exists,
    FieldRef,
    Keyword,
    Leaf,
    Regex,
    Starts,
    TimePart,
    Wildcard,
)
from soc.condition.values import LABEL
from soc.times import iso, to_moment

_NUMBER = "[+\\-]?[0-9]{1,30}(\\.[0-9]{1,30})?"
_MAPPED = IPv6Network("::ffff:0:0/96")  # where the server keeps IPv4
_AROUND = (IPv6Address(int(_MAPPED[0]) - 1), IPv6Address(int(_MAPPED[-1]) + 1))


def leaf_query(leaf: Leaf, kind: str) -> Bounds:
    """A bound leaf on a field of this kind."""
    assert not isinstance(leaf, Keyword)
    if isinstance(leaf, Exists):
        return just(exists(leaf.field))
    if isinstance(leaf, FieldRef):
        return at_most(and_((exists(leaf.field), exists(leaf.other))))
    if kind == "bool":
        met = value_test(leaf, kind)
        return just(or_(terms(leaf.field, truths)) if (truths := [truth for truth in (True, False) if met(truth)]) else NONE)
    if isinstance(leaf, Cidr):
        return _in_network(leaf, kind)
    if kind in ("keyword", "ip"):
        return _on_text(leaf, kind)
    if kind == "long" and not isinstance(leaf, (Equals, Compare)):
        return at_most(exists(leaf.field))
    return _ORDERED[kind](leaf)


def _on_text(leaf: Leaf, kind: str) -> Bounds:
    if isinstance(leaf, Regex):
        return regex_query(leaf, kind)
    if isinstance(leaf, Compare):
        return at_most(regexp(leaf.field, leaf.field, _NUMBER))
    assert isinstance(leaf, (Equals, Contains, Starts, Ends, Wildcard))
    return text_query(leaf, kind)


def _in_network(leaf: Cidr, kind: str) -> Bounds:
    network = ip_network(leaf.network)
    if kind == "ip":
        return just({"term": {leaf.field: leaf.network}} if isinstance(network, IPv4Network) else _six(leaf.field, network))
    colon: tuple[Part, ...] = (ANY, ":", ANY)
    six = wildcard(leaf.field, leaf.field, colon)
    if isinstance(network, IPv6Network):
        return at_most(six)
    quad = quad_pattern(network)
    upper = or_((regexp(leaf.field, leaf.field, f"({quad})(%.*)?"), six))  # a zone is no part of the address; ::ffff:192.0.2.1
    lower = NONE if leaf.field.startswith(LABEL) else regexp(leaf.field, leaf.field, quad)
    return replace(at_most(upper), lower=lower)


def _six(field: str, network: IPv6Network) -> Body:
    """The addresses of the network that are not IPv4, which the server keeps as mapped ones."""
    first, last = network[0], network[-1]
    if not _MAPPED.subnet_of(network):
        return {"term": {field: str(network)}}
    sides = ((first, _AROUND[0]), (_AROUND[1], last))
    return or_({"range": {field: {"gte": str(low), "lte": str(high)}}} for low, high in sides)


def _long(leaf: Leaf) -> Bounds:
    if isinstance(leaf, Equals):
        return just({"term": {leaf.field: leaf.value}})
    assert isinstance(leaf, Compare)
    return just({"range": {leaf.field: {leaf.op: leaf.number}}})


def _double(leaf: Leaf) -> Bounds:
    assert isinstance(leaf, (Equals, Compare))
    number = float(leaf.value if isinstance(leaf, Equals) else leaf.number)
    op = "eq" if isinstance(leaf, Equals) else leaf.op
    if math.isinf(number):  # the index holds finite numbers
        everything = op in (("lt", "lte") if number > 0 else ("gt", "gte"))
        return just(exists(leaf.field) if everything else NONE)
    low, high = (-0.0, 0.0) if number == 0 else (number, number)  # the server sorts -0.0 below 0.0
    spans = {"eq": {"gte": low, "lte": high}, "lt": {"lt": low}, "lte": {"lte": high}, "gt": {"gt": high}, "gte": {"gte": low}}
    return just({"range": {leaf.field: spans[op]}})


def _date(leaf: Leaf) -> Bounds:
    if isinstance(leaf, TimePart):
        return just(_years(leaf)) if leaf.part == "year" else at_most(exists(leaf.field))
    assert isinstance(leaf, (Equals, Compare))
    number = int(leaf.value if isinstance(leaf, Equals) else leaf.number)
    return just(_between(leaf.field, *_span("eq" if isinstance(leaf, Equals) else leaf.op, number, number + 1)))


def _years(leaf: TimePart) -> Body:
    year = min(max(leaf.number, 1969), 2263)  # the index holds dates in between
    first, after = (to_moment(datetime(each, 1, 1, tzinfo=UTC)) for each in (year, year + 1))
    return _between(leaf.field, *_span(leaf.op, first, after))


def _span(op: str, first: int, after: int) -> tuple[int, int]:
    """First and last moment that stand in `op` to the half-open span."""
    low = {"eq": first, "gte": first, "gt": after}.get(op, NANOS[0])
    high = {"eq": after - 1, "lte": after - 1, "lt": first - 1}.get(op, NANOS[1])
    return max(low, NANOS[0]), min(high, NANOS[1])


def _between(field: str, low: int, high: int) -> Body:
    if low > high:
        return NONE
    return {"range": {field + NS: {"gte": iso(low), "lte": iso(high)}}}


_ORDERED = {"long": _long, "double": _double, "date": _date}
