"""A detection run: batches that the rule set has not seen become hits, hits become alerts, and what was searched is recorded.

One batch at a time: its hits are made durable, the cells they can have changed are computed from all hits, and alerts,
case links and coverage are committed in one short transaction. Killed anywhere, the next run does the same again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from soc.desk.desk import Desk
from soc.desk.locks import Lock
from soc.desk.runs import Swallowed
from soc.detect.anew import Anew
from soc.detect.coverage import Due, advance
from soc.detect.evaluate import Cell, Evaluator
from soc.detect.evidence import Finder, Lookup, to_alerts
from soc.detect.identity import hit_tag
from soc.detect.lookback import look_back
from soc.detect.rule import RuleSet
from soc.detect.scan import Scan, Scanner
from soc.errors import StoreError, StoreUnreachable
from soc.model import Alert, BatchRow
from soc.store.base import Store, Tables
from soc.store.tables import rows_of
from soc.times import MINUTE

log = logging.getLogger(__name__)
LOCK = "detection"
LEASE = 2 * MINUTE  # renewed as long as the run lives: so long others wait for a machine that is lost
BLIND = "blind"  # the verdict of a run that could not reach the store, or not to its end
Change = tuple[Alert, str]  # an alert and what became of it: new, extended, unchanged


class Triage(Protocol):
    """Opens and joins cases within the run's transaction."""

    def __call__(self, tx: Any, changes: Sequence[Change], *, now: int) -> object: ...


@dataclass(slots=True)
class Outcome:
    """What a run did. `left`: batches still uncovered, or without their hits, when it stopped; `failed`: reason by rule id or `batch N`.

    `remade`: batches whose hits were gone and were made anew.

    `unreachable`: why the store did not answer any more, which ended the run.
    """

    batches: int = 0
    events: int = 0
    hits: int = 0
    new: int = 0
    extended: int = 0
    left: int = 0
    remade: int = 0
    blind: tuple[str, ...] = ()
    unreachable: str = ""
    failed: dict[str, str] = field(default_factory=dict)
    matched: Counter[str] = field(default_factory=Counter)
    removed: Counter[tuple[str, str]] = field(default_factory=Counter)
    keyless: Counter[str] = field(default_factory=Counter)

    def add(self, scan: Scan, changes: Sequence[Change], events: int) -> None:
        """What was found in so many events."""
        self.events += events
        self.hits += scan.hits.num_rows
        self.new += sum(state == "new" for _, state in changes)
        self.extended += sum(state == "extended" for _, state in changes)
        self.matched.update(scan.matched)
        self.removed.update(scan.removed)
        self.keyless.update(scan.keyless)


@dataclass(frozen=True, slots=True)
class Detector:
    """Everything a run works with. `alive`: datasets that some feed alive supplies."""

    store: Store
    desk: Desk
    rules: RuleSet
    scanner: Scanner
    triage: Triage
    now: Callable[[], int]
    alive: Callable[[], frozenset[str]]
    actor: str
    kind: str = "scheduled"

    def run(self, *, stop: Callable[[], bool] = lambda: False, memory: Mapping[int, Tables] | None = None) -> Outcome:
        """Looks back with changed rules, then covers what is uncovered, oldest batch first, until done or `stop()`.

        `memory` holds batches by number that need not be read back. A batch that fails stays uncovered and is named.
        Raises Busy when another run is going on.
        """
        with self.alone() as lock:
            anew = self.settled(lock)
            with self.desk.write() as tx:
                ledger = tx.begin_run(self.kind, now=self.now())
            outcome = Outcome(blind=self._blind())
            look_back(self, outcome, stop, anew)
            if not outcome.unreachable:
                self._cover(outcome, stop, memory or {}, anew)
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

    def _cover(self, outcome: Outcome, stop: Callable[[], bool], memory: Mapping[int, Tables], anew: Anew) -> None:
        rows = self.uncovered()
        for at, row in enumerate(rows):
            if stop():
                outcome.left += len(rows) - at
                return
            try:
                if (tables := memory.get(row.number) or self.read(row, outcome)) is None:
                    continue
                if missing := self.missing(row, rows_of(tables)):
                    self.fail(row, missing, outcome)
                    continue
                self.search(row, tables, None, outcome, anew)
            except StoreUnreachable as error:
                outcome.unreachable = str(error)
                outcome.left += len(rows) - at
                return

    def missing(self, row: BatchRow, held: int) -> str:
        """What to say when the store holds so many events of the batch: "" when it has lost none."""
        missing = row.events - held
        return f"store has lost {missing} events" if missing > 0 else ""

    def search(self, row: BatchRow, tables: Tables, back: Due | None, outcome: Outcome, anew: Anew) -> bool:
        """Runs the rules over a batch that was read; False when the store failed meanwhile, which is noted as the batch's failure.

        Raises StoreUnreachable when nothing of the store answers: the next batch would fare alike.
        """
        scan = self.scanner.scan(tables, only=None if back is None else back.keys())
        try:
            outcome.add(scan, self._commit(row, tables, scan, anew, back), row.events)
            outcome.batches += 1
        except StoreUnreachable:
            raise
        except StoreError as error:
            self.fail(row, str(error), outcome)
            return False
        return True

    def read(self, row: BatchRow, outcome: Outcome) -> Tables | None:
        """The batch's events; None when they cannot be read, which is noted as its failure and stops no other batch.

        Raises StoreUnreachable as `search` does.
        """
        try:
            return self.store.tables([row.number], self.scanner.columns())
        except StoreUnreachable:
            raise
        except StoreError as error:
            self.fail(row, str(error), outcome)
            return None

    def _make_anew(self, outcome: Outcome, stop: Callable[[], bool], anew: Anew) -> None:
        """The lost hits that no batch of this run needed. Where they cannot be made, the run says so, and the next one tries again."""
        try:
            anew.rest(stop)
        except StoreUnreachable as error:
            outcome.unreachable = str(error)
        except StoreError as error:
            outcome.failed["hits"] = str(error)

    def _commit(self, row: BatchRow, tables: Tables, scan: Scan, anew: Anew, back: Due | None) -> list[Change]:
        """Hits, then alerts with their cases and the coverage. `back`: what a look-back had due; None covers the batch."""
        cells = self.judged(hit_tag(row.number, self.rules) + ("" if back is None else "-back"), scan, anew)
        alerts = self.alerts(cells, Lookup(tables, self.store, row.number), self.kind if back is None else "backfill")
        now = self.now()
        with self.desk.write() as tx:
            anew.renew(tx)
            changes = list(zip(alerts, tx.put_alerts(alerts, now=now), strict=True))
            self.triage(tx, changes, now=now)
            self._account(tx, row, scan, now)
            if back is None:
                self._covered(tx, row, now)
            else:
                advance(tx, self.store.id, self.rules, back, row.number, now)
        return changes

    def judged(self, tag: str, scan: Scan, anew: Anew) -> list[Cell]:
        """The cells that the hits of a scan can have changed, the hits being durable. Raises StoreError, also when some may be missing."""
        if not scan.hits.num_rows:
            return []
        times = scan.hits["time"].to_pylist()
        anew.around(min(times), max(times))
        self.store.put_hits(tag, scan.hits)
        cells = Evaluator(self.rules, self.store.hits).cells(scan.hits)
        anew.check()
        return cells

    def alerts(self, cells: Sequence[Cell], lookup: Finder, kind: str) -> list[Alert]:
        """The alerts that these cells are, with what the desk knows of them already."""
        if not cells:
            return []
        with self.desk.read() as tx:
            known = {alert.id: alert for alert in tx.alerts(ids=[cell.id for cell in cells])}
        return to_alerts(cells, known, lookup, kind)

    def _account(self, tx: Any, row: BatchRow, scan: Scan, now: int) -> None:
        """What did not come to light has a row that says by what."""
        keyless = f"batch {row.number}: no value to group by"
        found = [Swallowed("excepted", id, "", {}, by, count, now) for (by, id), count in sorted(scan.removed.items())]
        found += [Swallowed("ungrouped", id, "", {}, keyless, count, now) for id, count in sorted(scan.keyless.items())]
        tx.swallow(found)

    def _covered(self, tx: Any, row: BatchRow, now: int) -> None:
        place = (self.store.id, self.rules.hash)
        blind = dict.fromkeys(self._blind(), "no feed alive supplies it")
        for state, reasons in (("blind", blind), ("failed", self.scanner.failed)):
            tx.note_gaps(*place, reasons, row.number, row.number, state, now)
        tx.cover(*place, [row.number])

    def fail(self, row: BatchRow, reason: str, outcome: Outcome) -> None:
        log.error("batch %d: %s", row.number, reason)
        outcome.failed[f"batch {row.number}"] = reason
        outcome.left += 1

    def _blind(self) -> tuple[str, ...]:
        """Rules whose events could not have come: no dataset that they see is alive."""
        seen = {rule.id for dataset in self.alive() for rule in self.scanner.rules_of(dataset)}
        return tuple(sorted(rule.id for rule in self.rules.active() if rule.condition is not None and rule.id not in seen))
