"""What a rule set takes over from the one before it, and what its new rules still have to look back over.

A rule set is named by the hash of its rules. One that is new, or comes back, has seen what the one before has, but for
the rules that are new or changed: they have a gap of state `new` over it, in two parts. The part within the rule's
look-back is filled by the next runs; the older part stays, and says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from soc.detect.rules.rule import Rule, RuleSet
from soc.model import BatchRow
from soc.times import DAY, duration_text

LOOK_BACK = DAY
DUE = "to be run over its look-back"
Range = tuple[int, int]  # first and last batch, both included
Due = dict[str, Range]  # rule id -> the batches that its look-back still has to see


def look_back(rule: Rule) -> int:
    """How far back a new or changed rule is run: the tuning's, else its timespan, at least a day. Microseconds."""
    return rule.tuning.lookback or max(rule.correlation.timespan if rule.correlation else 0, LOOK_BACK)


def inherit(tx: Any, store: str, rules: RuleSet, rows: Sequence[BatchRow], now: int) -> None:
    """Makes the rule set known to the desk, with what the set before it has covered and it has not.

    The set before is the one that has covered the newest batch: a set that comes back (git revert) inherits from it too.
    """
    known = tx.rulesets()
    hashes = {rule.id: rule.hash for rule in rules.active()}
    tx.remember_ruleset(rules.hash, hashes, now)
    own = tx.covered(store, rules.hash)
    before = _before(tx, store, [name for name in known if name != rules.hash], own)
    if before is None:
        return
    theirs = tx.covered(store, before)
    same = {id for id, hash in hashes.items() if hash == known[before].get(id)}
    _take_over_filled(tx, store, rules.hash, before, same, now)
    taken = _minus(theirs, own)
    tx.cover(store, rules.hash, [number for first, last in taken for number in range(first, last + 1)])
    for gap in tx.gaps(store, before):
        for first, last in _both([(gap.first, gap.last)], taken) if gap.rule in same else ():
            tx.note_gap(store, rules.hash, gap.rule, first, last, gap.state, gap.reason, now)
    for span in taken:
        covered = [row for row in rows if span[0] <= row.number <= span[1]]
        for id in sorted(hashes.keys() - same):
            _note_new(tx, store, rules, id, covered, now)


def _before(tx: Any, store: str, others: Sequence[str], own: Sequence[Range]) -> str | None:
    """The set that has covered the newest batch, the later known of several; None when this one itself has covered newer ones."""
    newest = {name: ranges[-1][1] for name in others if (ranges := tx.covered(store, name))}
    before = max(reversed(newest), key=newest.__getitem__, default=None)
    return None if before is None or (own and own[-1][1] > newest[before]) else before


def _take_over_filled(tx: Any, store: str, ruleset: str, before: str, same: Collection[str], now: int) -> None:
    """What is left of the set's own gaps: a rule that did not change has seen what it has seen under the set before."""
    covered, theirs = tx.covered(store, before), tx.gaps(store, before)
    mine: dict[str, list[Any]] = {}
    for gap in tx.gaps(store, ruleset):
        if gap.rule in same:
            mine.setdefault(gap.rule, []).append(gap)
    for id, gaps in mine.items():
        seen = _minus(covered, [(gap.first, gap.last) for gap in theirs if gap.rule == id])
        left = [(gap, span) for gap in gaps for span in _minus([(gap.first, gap.last)], seen)]
        if [span for _, span in left] != [(gap.first, gap.last) for gap in gaps]:
            tx.fill_gaps(store, ruleset, id, min(gap.first for gap in gaps), max(gap.last for gap in gaps), now=now)
            for gap, (first, last) in left:
                tx.note_gap(store, ruleset, id, first, last, gap.state, gap.reason, now)


def _both(ranges: Iterable[Range], others: Sequence[Range]) -> list[Range]:
    """The numbers in both, as closed ranges."""
    pairs = ((max(one[0], other[0]), min(one[1], other[1])) for one in ranges for other in others)
    return [(first, last) for first, last in pairs if first <= last]


def _minus(ranges: Iterable[Range], others: Iterable[Range]) -> list[Range]:
    """The numbers of the first that are not in the others, as closed ranges."""
    left = list(ranges)
    for first, last in others:
        left = [part for one in left for part in ((one[0], min(one[1], first - 1)), (max(one[0], last + 1), one[1])) if part[0] <= part[1]]
    return left


def due(tx: Any, store: str, rules: RuleSet) -> Due:
    """Rule id -> the first and last batch that its look-back still has to see."""
    return {gap.rule: (gap.first, gap.last) for gap in tx.gaps(store, rules.hash) if gap.state == "new" and gap.reason == DUE}


def advance(tx: Any, store: str, rules: RuleSet, spans: Due, number: int, now: int) -> None:
    """The rules of `spans` have seen the batch: what is left of their look-back begins behind it."""
    for id, (first, last) in sorted(spans.items()):
        tx.fill_gaps(store, rules.hash, id, first, last, now=now)
        if number < last:
            tx.note_gap(store, rules.hash, id, number + 1, last, "new", DUE, now)


def _note_new(tx: Any, store: str, rules: RuleSet, id: str, covered: Sequence[BatchRow], now: int) -> None:
    back = look_back(rules.rules[id])
    recent = [row.number for row in covered if row.last is not None and row.last >= now - back]
    edge = min(recent, default=None)
    for first, last, reason in _parts([row.number for row in covered], edge, f"older than its look-back of {duration_text(back)}"):
        tx.note_gap(store, rules.hash, id, first, last, "new", reason, now)


def _parts(numbers: Sequence[int], edge: int | None, old: str) -> Iterator[tuple[int, int, str]]:
    before = [number for number in numbers if edge is None or number < edge]
    if before:
        yield before[0], before[-1], old
    if edge is not None:
        yield edge, numbers[-1], DUE
