"""A detection run: batches that the rule set has not seen become hits, hits become alerts, and what was searched is recorded.

Some batches at a time (`soc.detect.portion`): what their hits change is worked out, the hits are made durable, and alerts, case links
and coverage are committed in one short transaction. Killed anywhere, the next run does the same again: before the hits go to the store the
desk doubts the batches, and what doubted batches touch is counted anew from all hits.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from soc.desk.coverage import merged
from soc.desk.desk import Desk
from soc.desk.locks import Lock
from soc.desk.runs import Swallowed
from soc.detect.anew import Anew
from soc.detect.cells.cell import Cell
from soc.detect.cells.evaluate import Evaluator, counter
from soc.detect.coverage import Due, advance
from soc.detect.evidence import Finder, Lookup, packed, to_alerts
from soc.detect.identity import hit_tag, hit_tags
from soc.detect.lookback import look_back
from soc.detect.portion import MOST_HITS, Portion, in_turn
from soc.detect.rule import RuleSet
from soc.detect.scan import Scan, Scanner
from soc.errors import StoreError, StoreUnreachable
from soc.match.hits import let_go, moments_of
from soc.model import Alert, BatchRow, Counted
from soc.store.base import Store, Tables
from soc.store.tables import rows_of
from soc.times import MINUTE

log = logging.getLogger(__name__)
LOCK = "detection"
LEASE = 2 * MINUTE  # renewed as long as the run lives: so long others wait for a machine that is lost
BLIND = "blind"  # the verdict of a run that could not reach the store, or not to its end
Progress = Callable[[int, int], object]  # is told how many events are done, and of how many
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

    def raised(self, changes: Sequence[Change]) -> None:
        """What became of alerts."""
        self.new += sum(state == "new" for _, state in changes)
        self.extended += sum(state == "extended" for _, state in changes)

    def searched(self, scan: Scan, events: int) -> None:
        """What was found in so many events."""
        self.events += events
        self.hits += scan.hits.num_rows
        self.matched.update(scan.matched)
        self.removed.update(scan.removed)
        self.keyless.update(scan.keyless)


@dataclass(frozen=True, slots=True)
class Detector:
    """Everything a run works with. `alive`: datasets that some feed alive supplies. `together`: so many hits are judged at once."""

    store: Store
    desk: Desk
    rules: RuleSet
    scanner: Scanner
    triage: Triage
    now: Callable[[], int]
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
            outcome.raised(self._commit(portion, anew))
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

    def missing(self, row: BatchRow, held: int) -> str:
        """What to say when the store holds so many events of the batch: "" when it has lost none."""
        missing = row.events - held
        return f"store has lost {missing} events" if missing > 0 else ""

    def search(self, row: BatchRow, tables: Tables, back: Due, outcome: Outcome, anew: Anew) -> bool:
        """Runs the rules that are due over a batch that was read; False when the store failed meanwhile, which is noted as its failure.

        Raises StoreUnreachable when nothing of the store answers: the next batch would fare alike.
        """
        scan, portion = self.scanner.scan(tables, only=back.keys()), Portion()
        portion.add(row, scan, tables)
        try:
            outcome.raised(self._commit(portion, anew, back))
        except StoreUnreachable:
            raise
        except StoreError as error:
            self.fail(row, str(error), outcome)
            return False
        outcome.searched(scan, row.events)
        outcome.batches += 1
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

    def _commit(self, portion: Portion, anew: Anew, back: Due | None = None) -> list[Change]:
        """Hits, alerts with their cases, and the coverage. `back`: what a look-back had due; None covers the batches. Raises StoreError."""
        known = back is None and not portion.again and not self._doubted(portion)
        evaluator = Evaluator(self.rules, self.store.hits, self._counted, store=self.store.id)
        if not known:
            self._put(portion, back)
        cells = self._judged(evaluator, portion, anew, known)
        found = self.evidence(cells, Lookup(self.store, portion.looked_up()))
        if known and portion.hits.num_rows:
            with self.desk.write() as tx:
                anew.renew(tx)
                tx.doubt(self.store.id, portion.numbers)
            self._put(portion, back)
        changes: list[Change] = []
        parts = list(in_turn(cells))
        for part in parts:
            alerts = self.alerts(part, found, self.kind if back is None else "backfill")
            now = self.now()
            with self.desk.write() as tx:
                anew.renew(tx)
                changes += self._raise(tx, part, alerts, now)
                if part is parts[-1]:
                    self._account_for(tx, portion, back, now)
        return changes

    def _raise(self, tx: Any, cells: Sequence[Cell], alerts: Sequence[Alert], now: int) -> list[Change]:
        """Alerts, what they have counted, and their cases."""
        changes = list(zip(alerts, tx.put_alerts(alerts, now=now), strict=True))
        tx.keep_counted({cell.id: cell.counted(counter(cell.rule, self.store.id)) for cell in cells})
        self.triage(tx, changes, now=now)
        return changes

    def _account_for(self, tx: Any, portion: Portion, back: Due | None, now: int) -> None:
        """What was searched, and what did not come to light."""
        for row, scan in zip(portion.rows, portion.scans, strict=True):
            self._account(tx, row, scan, now)
        if back is None:
            self._covered(tx, portion.numbers, now)
            tx.trust(self.store.id, portion.numbers)
        else:
            advance(tx, self.store.id, self.rules, back, portion.rows[0].number, now)

    def _doubted(self, portion: Portion) -> bool:
        """Whether hits of some batch may be counted already, or be in the store.

        They are of a run that was killed, of another rule set, or unknown to a desk that was put back to what it was before.
        """
        with self.desk.read() as tx:
            doubted = [*tx.doubted(self.store.id), *tx.searched(self.store.id)]
        if any(first <= number <= last for first, last in doubted for number in portion.numbers):
            return True
        return self.store.has_hits([hit_tags(number) for number in portion.numbers])

    def _put(self, portion: Portion, back: Due | None) -> None:
        for row, scan in zip(portion.rows, portion.scans, strict=True):
            if scan.hits.num_rows:
                self.store.put_hits(hit_tag(row.number, self.rules, back), scan.hits)

    def _judged(self, evaluator: Evaluator, portion: Portion, anew: Anew, known: bool) -> list[Cell]:
        """The cells that these hits change. `known`: what was counted of them is known, and the hits are not in the store."""
        hits = portion.hits
        if not hits.num_rows:
            return []
        anew.around(*moments_of(hits))
        cells = evaluator.grown(hits) if known else evaluator.cells(hits)
        anew.check()
        let_go()
        return cells

    def _counted(self, ids: Collection[str]) -> Mapping[str, Counted | None]:
        with self.desk.read() as tx:
            return tx.counted(ids)

    def judged(self, tag: str, scan: Scan, anew: Anew) -> list[Cell]:
        """The cells that the hits of a scan can have changed, the hits being durable. Raises StoreError, also when some may be missing."""
        if not scan.hits.num_rows:
            return []
        anew.around(*moments_of(scan.hits))
        self.store.put_hits(tag, scan.hits)
        cells = Evaluator(self.rules, self.store.hits).cells(scan.hits)
        anew.check()
        return cells

    def evidence(self, cells: Sequence[Cell], lookup: Finder) -> dict[str, bytes]:
        """The events of the cells that their alerts do not hold yet, by id, as JSON. Raises StoreError."""
        return packed(cells, self._counted([cell.id for cell in cells]), lookup)

    def alerts(self, cells: Sequence[Cell], found: Mapping[str, bytes], kind: str) -> list[Alert]:
        """The alerts that these cells are, with what the desk knows of them already."""
        if not cells:
            return []
        with self.desk.read() as tx:
            known = {alert.id: alert for alert in tx.alerts(ids=[cell.id for cell in cells])}
        return to_alerts(cells, known, found, kind)

    def _account(self, tx: Any, row: BatchRow, scan: Scan, now: int) -> None:
        """What did not come to light has a row that says by what."""
        keyless = f"batch {row.number}: no value to group by"
        found = [Swallowed("excepted", id, "", {}, by, count, now) for (by, id), count in sorted(scan.removed.items())]
        found += [Swallowed("ungrouped", id, "", {}, keyless, count, now) for id, count in sorted(scan.keyless.items())]
        tx.swallow(found)

    def _covered(self, tx: Any, numbers: Sequence[int], now: int) -> None:
        place = (self.store.id, self.rules.hash)
        blind = dict.fromkeys(self._blind(), "no feed alive supplies it")
        for first, last in merged((number, number) for number in numbers):
            for state, reasons in (("blind", blind), ("failed", self.scanner.failed)):
                tx.note_gaps(*place, reasons, first, last, state, now)
        tx.cover(*place, numbers)

    def fail(self, row: BatchRow, reason: str, outcome: Outcome) -> None:
        log.error("batch %d: %s", row.number, reason)
        outcome.failed[f"batch {row.number}"] = reason
        outcome.left += 1

    def _blind(self) -> tuple[str, ...]:
        """Rules whose events could not have come: no dataset that they see is alive."""
        seen = {rule.id for dataset in self.alive() for rule in self.scanner.rules_of(dataset)}
        return tuple(sorted(rule.id for rule in self.rules.active() if rule.condition is not None and rule.id not in seen))
