"""A detection run: batches that the rule set has not seen become hits, hits become alerts, and what was searched is recorded.

Some batches at a time (`soc.detect.alerts.portion`): what their hits change is worked out, the hits are made durable, and alerts, case
links and coverage are committed in short transactions (`soc.detect.alerts.raising`). Killed anywhere, the next run does the same again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

from soc.desk.findings.coverage import merged
from soc.desk.runs.locks import Lock
from soc.detect.alerts.outcome import BLIND, Outcome
from soc.detect.alerts.portion import MOST_HITS, Portion
from soc.detect.coverage.anew import Anew
from soc.detect.runs.lookback import look_back
from soc.detect.runs.search import Searcher, note_swallowed
from soc.errors import StoreError, StoreUnreachable
from soc.match.hits import let_go
from soc.model import BatchRow
from soc.store.base import Tables
from soc.store.tables import rows_of
from soc.times import MINUTE

LOCK = "detection"
LEASE = 2 * MINUTE  # renewed as long as the run lives: so long others wait for a machine that is lost
Progress = Callable[[int, int], object]  # is told how many events are done, and of how many


@dataclass(frozen=True, slots=True)
class Detector(Searcher):
    """Everything a run works with. `alive`: datasets that some feed alive supplies. `together`: so many hits are judged at once."""

    alive: Callable[[], frozenset[str]]
    actor: str
    kind: str = "scheduled"
    together: int = MOST_HITS

    def run(
        self, *, stop: Callable[[], bool] = lambda: False, memory: Mapping[int, Tables] | None = None, progress: Progress = lambda *_: None
    ) -> Outcome:
        """Looks back with changed rules, then covers what is uncovered, oldest batch first, until done or `stop()`.

        `memory` holds batches by number that need not be read back. `progress` is told how many events of what is uncovered
        were searched, and of how many. A batch that fails stays uncovered and is named. Raises Busy when another run is going on.
        """
        with self.alone() as lock:
            anew = self.settled(lock)
            with self.desk.write() as tx:
                ledger = tx.begin_run(self.kind, now=self.now())
            outcome = Outcome(blind=self._blind())
            look_back(self, outcome, stop, anew)
            if not outcome.unreachable:
                self._cover(outcome, stop, memory or {}, anew, progress)
            if not outcome.unreachable:
                self._make_anew(outcome, stop, anew)
            outcome.remade = anew.made
            outcome.left += anew.left
            outcome.failed.update(self.scanner.failed)
            with self.desk.write() as tx:
                tx.end_run(
                    ledger,
                    now=self.now(),
                    verdict=BLIND if outcome.unreachable else "partial" if outcome.failed or outcome.left else "ok",
                    batches=outcome.batches,
                    hits=outcome.hits,
                    alerts=outcome.new,
                    errors=[
                        *filter(None, [outcome.unreachable]),
                        *(f"{place}: {reason}" for place, reason in sorted(outcome.failed.items())),
                    ],
                )
        return outcome

    def settled(self, lock: Lock) -> Anew:
        """What a run begins with: the rule set is known, and so are the hits that are lost. Raises StoreError."""
        anew = Anew(self.store, self.desk, self.rules, self.scanner, lambda tx: tx.renew_lock(lock, now=self.now(), lease=LEASE))
        anew.settle(self.now())
        return anew

    def alone(self) -> AbstractContextManager[Lock]:
        """Holds what one run at a time may hold, for as long as it lasts. Raises Busy when another has it."""
        return self.desk.held(LOCK, owner=self.actor, clock=self.now, lease=LEASE)

    def uncovered(self) -> list[BatchRow]:
        """Closed batches with events that the rule set has not been run over, by number."""
        with self.desk.read() as tx:
            ranges = tx.covered(self.store.id, self.rules.hash)
        return [row for row in self.store.batches() if row.events and not any(first <= row.number <= last for first, last in ranges)]

    def _cover(self, outcome: Outcome, stop: Callable[[], bool], memory: Mapping[int, Tables], anew: Anew, progress: Progress) -> None:
        rows, portion = self.uncovered(), Portion(self.together)
        searched, total = 0, sum(row.events for row in rows)
        for at, row in enumerate(rows):
            if stop():
                outcome.left += len(rows) - at
                break
            try:
                self._scan(row, memory.get(row.number), portion, outcome)
                progress(searched := searched + row.events, total)
                if portion.full:
                    portion = self._make_true(portion, outcome, anew)
            except StoreUnreachable as error:
                outcome.unreachable = str(error)
                outcome.left += len(rows) - at - 1 + max(len(portion), 1)
                return
        try:
            self._make_true(portion, outcome, anew)
        except StoreUnreachable as error:
            outcome.unreachable = str(error)
            outcome.left += len(portion)

    def _scan(self, row: BatchRow, held: Tables | None, portion: Portion, outcome: Outcome) -> None:
        """Adds what the rules find in a batch, unless it cannot be read whole. Raises StoreUnreachable."""
        if (tables := held or self.read(row, outcome)) is None:
            return
        if missing := self.missing(row, rows_of(tables)):
            self.fail(row, missing, outcome)
            return
        portion.add(row, self.scanner.scan(tables), held)

    def _make_true(self, portion: Portion, outcome: Outcome, anew: Anew) -> Portion:
        """Commits a portion; where the store fails, batch by batch, so that those go on that can. Returns an empty one."""
        if not len(portion):
            return portion
        empty = Portion(self.together)
        try:
            outcome.raised(self.raiser.covers(portion, anew, self.kind, partial(self._account_for, portion)))
        except StoreUnreachable:
            raise
        except StoreError as error:
            if len(portion) == 1:
                self.fail(portion.rows[0], str(error), outcome)
                return empty
            for one in portion.singles():
                self._make_true(one, outcome, anew)
            return empty
        for row, scan in zip(portion.rows, portion.scans, strict=True):
            outcome.searched(scan, row.events)
            outcome.batches += 1
        let_go()
        return empty

    def _make_anew(self, outcome: Outcome, stop: Callable[[], bool], anew: Anew) -> None:
        """The lost hits that no batch of this run needed. Where they cannot be made, the run says so, and the next one tries again."""
        try:
            anew.rest(stop)
        except StoreUnreachable as error:
            outcome.unreachable = str(error)
        except StoreError as error:
            outcome.failed["hits"] = str(error)

    def _account_for(self, portion: Portion, tx: Any, now: int) -> None:
        """The batches are searched, and trusted."""
        note_swallowed(tx, portion, now)
        reasons = (("blind", dict.fromkeys(self._blind(), "no feed alive supplies it")), ("failed", self.scanner.failed))
        for first, last in merged((number, number) for number in portion.numbers):
            for state, why in reasons:
                tx.note_gaps(self.store.id, self.rules.hash, why, first, last, state, now)
        tx.cover(self.store.id, self.rules.hash, portion.numbers)
        tx.trust(self.store.id, portion.numbers)

    def _blind(self) -> tuple[str, ...]:
        """Rules whose events could not have come: no dataset that they see is alive."""
        return tuple(sorted(self.rules.unseeing(rule for dataset in self.alive() for rule in self.scanner.rules_of(dataset))))
