"""Hits that are gone are made anew. They are derived: the batches that they came from still lie in the store.

Coverage says of a batch that its hits are where later runs look for them. The desk remembers which index or file that is; another one,
or none, tells that somebody has removed it. Then the batches stay covered, because their alerts were raised, and their hits are lost
until the batch is read and searched once more, without raising anything. What triggers near new hits can depend on is made anew before
these are judged, the rest afterwards, newest first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from soc.desk.desk import Desk
from soc.detect.cells.cell import width
from soc.detect.cells.triggers import timespan_of
from soc.detect.coverage.coverage import inherit
from soc.detect.hits.scan import Scanner
from soc.detect.rules.identity import hit_tag
from soc.detect.rules.rule import Rule, RuleSet
from soc.errors import StoreError
from soc.model import BatchRow
from soc.store.base import Store

GONE = "hits of rules are gone: somebody has removed or replaced what held them"


class Anew:
    """The lost hits of a store, for one run that holds the lock of detection. `settle` comes before all else."""

    def __init__(self, store: Store, desk: Desk, rules: RuleSet, scanner: Scanner, renew: Callable[[Any], object]) -> None:
        self._store, self._desk, self._rules, self._scanner, self.renew = store, desk, rules, scanner, renew
        self.home = ""
        self._lost: dict[int, BatchRow] = {}
        self.made = 0  # batches whose hits were made anew

    @property
    def left(self) -> int:
        """Batches whose hits are still lost."""
        return len(self._lost)

    def settle(self, now: int) -> None:
        """Makes the rule set known, and finds out which hits are lost; what holds hits is there afterwards. Raises StoreError.

        Killed in the middle, the next run finds the same.
        """
        store, rows = self._store, self._store.batches()
        home = store.hits_home()
        with self._desk.write() as tx:
            self.renew(tx)
            inherit(tx, store.id, self._rules, rows, now)
            known, lost = tx.hits_home(store.id)
            if not tx.coverage_known(store.id) and tx.counts_anything():  # made anew by a restore: what it holds may be counted already
                tx.doubt(store.id, [row.number for row in rows])
            covered = tx.covered(store.id, self._rules.hash)
            if not home or known not in (None, home):
                lost = covered
                tx.uncover(store.id, [row.number for row in rows], but=self._rules.hash)
                tx.keep_hits_home(store.id, "", lost)
        if not home or home != known:
            home = store.make_hits_home()
        if home != known:
            with self._desk.write() as tx:
                tx.keep_hits_home(store.id, home, lost)
        self.home = home
        self._lost = {row.number: row for row in rows if row.events and any(first <= row.number <= last for first, last in lost)}

    def around(self, first: int, last: int) -> None:
        """Makes those hits anew that what is triggered near these moments can depend on. Raises StoreError."""
        if self._lost:
            span = reach(self._rules)
            for row in reversed(self._lost.copy().values()):
                if row.first is None or row.last is None or (row.first <= last + span and row.last >= first - span):
                    self._make(row)

    def rest(self, stop: Callable[[], bool]) -> None:
        """Makes anew what is still lost, the newest batch first, until done or `stop()`. Raises StoreError."""
        for row in reversed(self._lost.copy().values()):
            if stop():
                return
            self._make(row)

    def check(self) -> None:
        """Raises StoreError when what holds the hits is not what it was when the run began: what was read of it may be too little."""
        if self._store.hits_home() != self.home:
            raise StoreError(f"{self._store.place}: {GONE}\n  the next run makes them anew")

    def _make(self, row: BatchRow) -> None:
        """As the run that covered the batch has done, for the rules that have seen it."""
        with self._desk.read() as tx:
            new = {
                gap.rule for gap in tx.gaps(self._store.id, self._rules.hash) if gap.state == "new" and gap.first <= row.number <= gap.last
            }
        seen = {rule.id for rule in self._rules.active()} - new
        hits = self._scanner.scan(self._store.tables([row.number], self._scanner.columns()), only=seen).hits
        if hits.num_rows:
            self._store.put_hits(hit_tag(row.number, self._rules), hits)
        self.check()
        with self._desk.write() as tx:
            self.renew(tx)
            tx.found_hits(self._store.id, row.number)
        del self._lost[row.number]
        self.made += 1


def reach(rules: RuleSet) -> int:
    """How far from a hit those can lie that its cells depend on: for the rule that looks farthest, a cell and all timespans below it."""

    def behind(rule: Rule) -> int:
        parts = rule.correlation.rules if rule.correlation else ()
        return timespan_of(rule) + max((behind(rules.rules[part]) for part in parts), default=0)

    return max((width(rule) + behind(rule) for rule in rules.active()), default=0)


def lost_hits(store: Store, desk: Desk, rules: RuleSet) -> str:
    """What is wrong with what holds the hits, as one sentence and the repair; "" when nothing is. Changes nothing."""
    home = store.hits_home()
    with desk.read() as tx:
        known, lost = tx.hits_home(store.id)
        covered = tx.covered(store.id, rules.hash) if known != home else lost
    if known is None and home:
        return ""
    numbers = [row.number for row in store.batches() if row.events and any(first <= row.number <= last for first, last in covered)]
    if home == known and not numbers:
        return ""
    what = GONE if home != known else "hits of rules are being made anew"
    return f"{store.place}: {what}: those of {len(numbers)} batches\n  make them anew, with what correlations need first: soc detect"
