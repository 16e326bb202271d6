"""Witnesses of a condition: events made from its own tree that fire it, and events that just miss it.

They are what executors are compared with, and what proves that a rule can fire at all. Each is checked with the
predicate before it is returned; where none is found, that proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

from soc.condition.bind import bind, is_list, kind_of
from soc.condition.examples import candidates
from soc.condition.predicate import compile, value_test
from soc.condition.tree import And, Equals, Exists, FieldRef, Keyword, Leaf, Node, Not, Or
from soc.event import Event
from soc.fields import Catalogue

ATTEMPTS = 24
MISSES = 12
Demand = tuple[Leaf, bool]  # a leaf, and whether it shall be met


@dataclass(frozen=True, slots=True)
class Witnesses:
    """`fires`: as written first, then with the case of letters flipped where that changes nothing. `misses`: see `near`."""

    fires: tuple[Event, ...]
    misses: tuple[Event, ...]


def witnesses(node: Node, catalogue: Catalogue) -> Witnesses:
    """Events for and against the condition, always the same ones for the same tree. Raises ConditionError, see `bind`."""
    fires = compile(node, catalogue)
    written = _Maker(catalogue)
    hits = [event for event in written.events(node, ATTEMPTS) if fires(event)][:3]
    flipped = [_flipped(event, fires, catalogue) for event in hits[:1]]
    misses: list[Event] = []
    for tree in islice(near(node), 4 * MISSES):
        missed = next((event for event in written.events(tree, 4, present=True) if event and not fires(event)), None)
        if missed is not None and missed not in misses:
            misses.append(missed)
    return Witnesses(tuple(_distinct(hits + flipped)), tuple(misses[:MISSES]))


def near(node: Node) -> Iterator[Node]:
    """Conditions whose events just miss this one: everything else of an And is met, or nothing else of an Or."""
    if isinstance(node, And):
        for i, arg in enumerate(node.args):
            for missed in near(arg):
                yield And((*node.args[:i], missed, *node.args[i + 1 :]))
    elif isinstance(node, Or):
        inner = [arg for arg in node.args if not _is_leaf(arg)]
        if len(inner) < len(node.args):
            yield Not(node)
        for arg in inner[:4]:
            others = tuple(Not(other) for other in node.args if other is not arg)
            yield from (And((missed, *others)) for missed in islice(near(arg), 4))
    elif isinstance(node, Not):
        yield node.arg
    else:
        yield Not(node)


def _is_leaf(node: Node) -> bool:
    return not isinstance(node, (And, Or, Not))


def branch(node: Node, wanted: bool, random: Random | None) -> Iterator[Demand]:
    """What has to hold of the leaves for the node to be as wanted: one way of many, the first or a random one."""
    if isinstance(node, Not):
        yield from branch(node.arg, not wanted, random)
    elif isinstance(node, (And, Or)):
        if isinstance(node, And) == wanted:
            for arg in node.args:
                yield from branch(arg, wanted, random)
        elif node.args:
            yield from branch(random.choice(node.args) if random else node.args[0], wanted, random)
    else:
        yield node, wanted


class _Maker:
    """Makes events, not checked as a whole, from a tree as written: its letters keep their case."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.tests: dict[tuple[str, Leaf], Callable[[Any], bool]] = {}

    def events(self, node: Node, attempts: int, *, present: bool = False) -> Iterator[Event]:
        """`present`: fields that only have to avoid something get a value all the same."""
        for attempt in range(attempts):
            random = Random(attempt)
            demands = list(dict.fromkeys(branch(node, True, random if attempt else None)))
            event = self._event(demands, random, present)
            if event is not None:
                yield event

    def _event(self, demands: list[Demand], random: Random, present: bool) -> Event | None:
        fields: dict[str, list[Demand]] = {}
        for leaf, wanted in demands:
            field, plain = ("event.original", leaf.leaf) if isinstance(leaf, Keyword) else (leaf.field, leaf)
            if not isinstance(plain, FieldRef):
                fields.setdefault(field, []).append((plain, wanted))
        differing = [leaf for leaf, wanted in demands if not wanted and isinstance(leaf, FieldRef)]
        for leaf, wanted in demands:
            if isinstance(leaf, FieldRef) and wanted:  # both fields get one value that meets what is asked of either
                shared = [*fields.get(leaf.field, []), *fields.get(leaf.other, []), (Exists(leaf.field), True)]
                fields[leaf.field] = fields[leaf.other] = shared
            elif isinstance(leaf, FieldRef) and present:
                for field in (leaf.field, leaf.other):
                    fields.setdefault(field, []).append((Exists(field), True))
        event: Event = {}
        for field, asked in fields.items():
            unlike = [
                event.get(leaf.other if leaf.field == field else leaf.field) for leaf in differing if field in (leaf.field, leaf.other)
            ]
            is_text = kind_of(field, self.catalogue) == "keyword"
            apart = [(Equals(field, value), False) for value in unlike if is_text and isinstance(value, str)]
            values = self._values(field, [*asked, *apart], random, present)
            if values is None:
                return None
            if values:
                _put(event, field, values if is_list(field, self.catalogue) else values[0])
        return event

    def _values(self, field: str, asked: list[Demand], random: Random, present: bool) -> list[Any] | None:
        """Values that do what is asked, none where the field had better be missing; None when no way was found."""
        met, unmet = ([leaf for leaf, wanted in asked if wanted is want] for want in (True, False))
        if any(isinstance(leaf, Exists) for leaf in unmet):
            return None if met else []
        if not met:
            value = self._value(field, [], unmet, unmet[:1], random) if present else None
            return [] if value is None else [value]
        value = self._value(field, met, unmet, met, random)
        if value is not None:
            return [value]
        if not is_list(field, self.catalogue):
            return None
        several = [self._value(field, [leaf], unmet, [leaf], random) for leaf in met]
        return None if None in several else several

    def _value(self, field: str, met: list[Leaf], unmet: list[Leaf], hints: list[Leaf], random: Random) -> Any:
        kind = kind_of(field, self.catalogue)
        wants = [self._test(field, kind, leaf) for leaf in met]
        avoids = [self._test(field, kind, leaf) for leaf in unmet]
        likely = candidates(kind, hints, random)
        for value in islice(likely if met else _spoilt(likely), 4000):
            if all(want(value) for want in wants) and not any(avoid(value) for avoid in avoids):
                return value
        return None

    def _test(self, field: str, kind: str, leaf: Leaf) -> Callable[[Any], bool]:
        key = (field, leaf)
        if key not in self.tests:
            whole = Keyword(leaf) if not getattr(leaf, "field", "") else leaf  # type: ignore[arg-type]
            self.tests[key] = _bound_test(bind(whole, self.catalogue), kind)
        return self.tests[key]


def _bound_test(bound: Node, kind: str) -> Callable[[Any], bool]:
    if isinstance(bound, (And, Or)):  # FALSE, or a keyword that any line meets
        met = bool(bound.args)
        return lambda value: met
    leaf = bound.leaf if isinstance(bound, Keyword) else bound
    assert not isinstance(leaf, Not)
    return value_test(leaf, kind)


def _spoilt(values: Iterable[Any]) -> Iterator[Any]:
    """What is nearly each value: itself (numbers and addresses have their neighbours among them) and texts a letter short."""
    for value in values:
        yield value
        if isinstance(value, str) and value:
            middle = len(value) // 2
            yield from (value[:-1], value[1:], value[:middle] + value[middle + 1 :])


def _put(event: Event, field: str, value: Any) -> None:
    if field.startswith("labels."):
        event.setdefault("labels", {})[field.removeprefix("labels.")] = value
    else:
        event[field] = value


def _flipped(event: Event, fires: Callable[[Event], bool], catalogue: Catalogue) -> Event:
    """The event with the case of letters flipped in each field where it still fires."""
    for field, value in event.items():
        if kind_of(field, catalogue) == "ip":
            continue
        if isinstance(value, str):
            other: Any = value.swapcase()
        elif isinstance(value, list):
            other = [item.swapcase() if isinstance(item, str) else item for item in value]
        elif isinstance(value, dict):
            other = {key: text.swapcase() for key, text in value.items()}
        else:
            continue
        if fires(changed := {**event, field: other}):
            event = changed
    return event


def _distinct(events: list[Event]) -> list[Event]:
    out: list[Event] = []
    for event in events:
        if event not in out:
            out.append(event)
    return out
