"""A correlation as a hunt: what it would have raised over a span of time, of events that lie in a store or in others' indices.

Where a store counts groups by itself, it is asked first which of them can reach the bound, and only their events are read.
A group has in no window more than it has in all, so what is left out could not have triggered: the answer is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any, Protocol

from soc.condition.bind import bind, is_list, kind_of
from soc.condition.tree import FALSE, TRUE, And, Equals, Exists, Node, Or
from soc.detect.cells.cell import Cell
from soc.detect.cells.evaluate import Evaluator
from soc.detect.cells.triggers import least
from soc.detect.hits.scan import hits_of
from soc.detect.rules.rule import Correlation, Rule, RuleSet, carriers
from soc.detect.ruleset.references import unjudged
from soc.errors import ConditionError, UsageError
from soc.fields import REPEATED, Catalogue
from soc.match.columns import to_tables
from soc.match.hits import joined, within
from soc.model import Window
from soc.store.base import Searched
from soc.store.groups import GROUPED

TOGETHER = 20_000  # events that become hits at once
MOST = 5_000  # values of a field that a question is narrowed to; where more are in question, it is not
COUNTS = ("event_count", "value_count")
Keys = set[tuple[str, ...]]


class Counted(Protocol):
    """What counts groups: a store. See `soc.store.base.Store.groups`."""

    def groups(
        self, node: Node, window: Window, *, by: Sequence[str], at_least: int, distinct: str | None = None
    ) -> dict[tuple[str, ...], int]: ...


def find_cells(
    rule: Rule, rules: RuleSet, events: Searched, window: Window, catalogue: Catalogue, *, counted: Counted | None = None
) -> list[Cell]:
    """The cells of a correlation over the events of the window, by first trigger, then id; exceptions and logsources aside.

    `counted`: what to ask for groups before any event is read; without it all that meets the rules is read, to the same result.
    Raises UsageError for a correlation that cannot be evaluated, ConditionError, StoreError.
    """
    tree = _tree(rule, rules)
    asked = _Asked(events, window, catalogue, counted)
    hits = joined([table for one in tree.correlations() for table in asked.hits(one, tree.rules)])
    found = Evaluator(tree, lambda names, span: within(hits, names, span)).cells(hits)
    return [cell for cell in found if cell.rule.id == rule.id]


def conditions(rule: Rule, rules: RuleSet) -> list[Node]:
    """What a correlation counts in the end, by id of the rules."""
    return [one.condition for _, one in sorted(_below(rule, rules).items()) if one.condition is not None]


def _tree(rule: Rule, rules: RuleSet) -> RuleSet:
    """The rule and those it rests on, all of which run: whether something supplies them is no matter."""
    found = _below(rule, rules)
    for one in found.values():
        if one.correlation is not None and (why := unjudged(one.correlation)):
            plain = ", ".join(id for id, each in found.items() if each.condition is not None)
            raise UsageError(f"rule {rule.id} cannot be hunted with: {why}\n  hunt with the rules that it counts: {plain}")
    running = {id: replace(one, dormant=None, tuning=replace(one.tuning, enabled=True)) for id, one in found.items()}
    return RuleSet(running)


def _below(rule: Rule, rules: RuleSet) -> dict[str, Rule]:
    found = {rule.id: rule}
    for part in rule.correlation.rules if rule.correlation else ():
        found |= _below(rules.rules[part], rules)
    return found


class _Asked:
    """Where events are asked for, and of when."""

    def __init__(self, events: Searched, window: Window, catalogue: Catalogue, counted: Counted | None) -> None:
        self._events, self._window, self._catalogue, self._counted = events, window, catalogue, counted

    def hits(self, rule: Rule, rules: Mapping[str, Rule]) -> Iterator[Any]:
        """Tables of the hits that a correlation counts, without those that cannot matter."""
        assert rule.correlation is not None
        parts = [rules[id] for id in rule.correlation.rules]
        narrow = self._narrowed(rule.correlation, parts)
        for part in (*parts, *(replace(part, id=path) for path, part in carriers(rules, rule).items())):
            if part.condition is not None and (also := narrow.get(part.id, TRUE)) != FALSE:
                for table in self._tables(And((part.condition, also))):
                    yield hits_of(rule, part, table)

    def _tables(self, node: Node) -> Iterator[Any]:
        found = self._events.select(node, self._window)
        while some := list(islice(found, TOGETHER)):
            yield from to_tables(some, self._catalogue).values()

    def _narrowed(self, correlation: Correlation, parts: Sequence[Rule]) -> dict[str, Node]:
        """By rule what its events must have so that their group can reach the bound; empty where that is not to be known.

        Of rules that name their groups differently one has at least its share of what a group needs.
        """
        bound = least(correlation) if correlation.type in COUNTS else 0
        nodes = [part.condition for part in parts if part.condition is not None]
        if self._counted is None or bound < 2 or not correlation.group_by or len(nodes) < len(parts):
            return {}
        alike: dict[tuple[tuple[str, ...], str | None], list[Node]] = {}
        for part, node in zip(parts, nodes, strict=True):
            by, counts = self._names(correlation, part)
            if not all(kind_of(name, self._catalogue) in GROUPED for name in by) or self._escapes(counts):
                return {}
            alike.setdefault((by, self._told_apart(counts)), []).append(node)
        share = -(-bound // len(alike))
        keys = [self._reaching(self._counted, Or(tuple(some)), by, share, distinct) for (by, distinct), some in alike.items()]
        found: Keys = set().union(*keys)
        return {part.id: _among(self._names(correlation, part)[0], found, self._catalogue) for part in parts}

    def _names(self, correlation: Correlation, part: Rule) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The fields that make the groups in events of this rule, and those whose values are counted."""
        by = tuple(correlation.field_of(name, part.id) for name in correlation.group_by)
        return by, tuple(correlation.field_of(name, part.id) for name in correlation.fields)

    def _told_apart(self, counted: Sequence[str]) -> str | None:
        """The field whose values the store counts; None where it counts events, of which there are as many at least."""
        return counted[0] if len(counted) == 1 and kind_of(counted[0], self._catalogue) in GROUPED else None

    def _escapes(self, counted: Sequence[str]) -> bool:
        """Whether an event may bring more values than one, and the store does not count them."""
        return len(counted) == 1 and self._told_apart(counted) is None and is_list(counted[0], self._catalogue)

    def _reaching(self, counted: Counted, node: Node, by: Sequence[str], bound: int, distinct: str | None) -> Keys:
        """The groups that have so much. First those of the first field alone: where they have less, none of their parts has more."""
        keys: Keys = set()
        for length in range(1, len(by) + 1):
            keys = set(counted.groups(node, self._window, by=by[:length], at_least=bound, distinct=distinct))
            if distinct is None:  # an event that stands for several may be enough alone
                keys |= counted.groups(And((node, Exists(REPEATED))), self._window, by=by[:length], at_least=1).keys()
            if not keys:
                break
            node = And((node, _among(by[:length], keys, self._catalogue)))
        return keys


def _among(by: Sequence[str], keys: Keys, catalogue: Catalogue) -> Node:
    """That an event has values of these groups, field by field: a few that belong to none of them meet it, too."""
    if not keys:
        return FALSE
    wanted = [sorted({key[place] for key in keys}) for place in range(len(by))]
    lists = [_some(field, texts, catalogue) for field, texts in zip(by, wanted, strict=True) if len(texts) <= MOST]
    return And(tuple(lists))


def _some(field: str, texts: Sequence[str], catalogue: Catalogue) -> Node:
    """That the field has one of these values. What it cannot have was another field's, by which another rule names the groups."""
    found = []
    for text in texts:
        with suppress(ConditionError):
            found.append(bind(Equals(field, text), catalogue))
    return Or(tuple(found))
