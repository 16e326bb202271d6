"""What a rule set takes over from the one before it, and what its new rules still have to look back over.

A rule set is named by the hash of its rules. A new one has seen what the last one has, but for the rules that are new
or changed: they have a gap of state `new` over it, in two parts. The part within the rule's look-back is filled by the
next runs; the older part stays, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from soc.detect.rule import Rule, RuleSet
from soc.model import BatchRow
from soc.times import DAY, duration_text

LOOK_BACK = DAY
DUE = "to be run over its look-back"


def look_back(rule: Rule) -> int:
    """How far back a new or changed rule is run: the tuning's, else its timespan, at least a day. Microseconds."""
    return rule.tuning.lookback or max(rule.correlation.timespan if rule.correlation else 0, LOOK_BACK)


def inherit(tx: Any, store: str, rules: RuleSet, rows: Sequence[BatchRow], now: int) -> None:
    """Makes the rule set known to the desk, with the coverage of the newest one that has any. Does nothing for a known one."""
    known = tx.rulesets()
    if rules.hash in known:
        return
    hashes = {rule.id: rule.hash for rule in rules.active()}
    tx.remember_ruleset(rules.hash, hashes, now)
    before = next((name for name in reversed(known) if tx.covered(store, name)), None)
    if before is None:
        return
    ranges = tx.covered(store, before)
    covered = [row for row in rows if any(first <= row.number <= last for first, last in ranges)]
    tx.cover(store, rules.hash, [number for first, last in ranges for number in range(first, last + 1)])
    for gap in tx.gaps(store, before):
        if hashes.get(gap.rule) == known[before].get(gap.rule, ""):
            tx.note_gap(store, rules.hash, gap.rule, gap.first, gap.last, gap.state, gap.reason, now)
    for id, hash in sorted(hashes.items()):
        if hash != known[before].get(id):
            _note_new(tx, store, rules, id, covered, now)


def due(tx: Any, store: str, rules: RuleSet) -> dict[str, tuple[int, int]]:
    """Rule id -> the first and last batch that its look-back still has to see."""
    return {gap.rule: (gap.first, gap.last) for gap in tx.gaps(store, rules.hash) if gap.state == "new" and gap.reason == DUE}


def advance(tx: Any, store: str, rules: RuleSet, spans: dict[str, tuple[int, int]], number: int, now: int) -> None:
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
