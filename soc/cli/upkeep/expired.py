"""Batches that lose events to the retention before the rules have seen them: that is written down, never passed over."""

from __future__ import annotations

from collections.abc import Sequence

from soc.cli.call.context import Soc
from soc.cli.call.output import note
from soc.condition.tree import And, Compare, Or
from soc.fields import BATCH
from soc.model import ALWAYS, BatchRow, Window
from soc.store.cuts import Cut, apart, earliest, latest
from soc.times import iso

EVERY_RULE = "*"  # a gap that concerns the whole rule set


def note_expired(soc: Soc, cuts: Sequence[Cut], now: int) -> None:
    """Notes the batches of which events are about to go and that no rule set has searched, each once."""
    lost = _losing(soc, _unseen(soc, latest(cuts)), cuts)
    if not lost:
        return
    store, rules = soc.store.id, soc.content.rules.hash
    reason = f"expired uncovered: dropped by retention before {iso(latest(cuts))}"
    with soc.desk.write() as tx:
        for number in lost:
            tx.note_gap(store, rules, EVERY_RULE, number, number, "expired", reason, now)
    note(f"{len(lost)} batches lose events that no rule has seen; they are noted as expired")


def _unseen(soc: Soc, before: int) -> list[BatchRow]:
    """Batches with events older than that which are neither searched nor noted."""
    store, rules = soc.store.id, soc.content.rules.hash
    with soc.desk.read() as tx:  # a rule set that was edited since takes over what those before it have seen
        spans = [span for known in {*tx.rulesets(), rules} for span in tx.covered(store, known)]
        spans += [(gap.first, gap.last) for gap in tx.gaps(store, rules, EVERY_RULE) if gap.state == "expired"]
    return [
        row
        for row in soc.store.batches()
        if row.events and row.first is not None and row.first < before and not any(a <= row.number <= b for a, b in spans)
    ]


def _losing(soc: Soc, rows: Sequence[BatchRow], cuts: Sequence[Cut]) -> list[int]:
    """The numbers of those that have events to lose; the store is asked about batches whose first moment does not tell."""
    asked = [row for row in rows if row.first is not None and row.first >= earliest(cuts)]
    losing = _with_events(soc, {number for row in asked for number in (row.number, *row.absorbs)}, cuts)
    return [row.number for row in rows if row not in asked or losing & {row.number, *row.absorbs}]


def _with_events(soc: Soc, numbers: set[int], cuts: Sequence[Cut]) -> set[int]:
    """Numbers of batches, these among them, with events that go."""
    if not numbers:
        return set()
    first, last = min(numbers), max(numbers)
    node = And((Compare(BATCH, "gte", first), Compare(BATCH, "lte", last), Or(tuple(apart(cuts)))))
    return {number for number, _ in soc.store.top(BATCH, node, Window(ALWAYS.since, latest(cuts)), limit=last - first + 1)}
