"""What a run and its look-back have in common: a batch is read, searched, and accounted for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from soc.desk.desk import Desk
from soc.desk.runs.runs import Swallowed
from soc.detect.alerts.outcome import Outcome
from soc.detect.alerts.portion import Portion
from soc.detect.alerts.raising import Raiser, Triage
from soc.detect.coverage.anew import Anew
from soc.detect.coverage.coverage import Due, advance
from soc.detect.hits.scan import Scanner
from soc.detect.rules.rule import RuleSet
from soc.errors import StoreError, StoreUnreachable
from soc.match.hits import joined
from soc.model import BatchRow
from soc.store.base import Store, Tables

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Searcher:
    """Rules over single batches of a store, and what it takes to make true what they find."""

    store: Store
    desk: Desk
    rules: RuleSet
    scanner: Scanner
    triage: Triage
    now: Callable[[], int]

    def missing(self, row: BatchRow, held: int) -> str:
        """What to say when the store holds so many events of the batch: "" when it has lost none."""
        missing = row.events - held
        return f"store has lost {missing} events" if missing > 0 else ""

    def search(self, row: BatchRow, tables: Tables, back: Due, outcome: Outcome, anew: Anew) -> bool:
        """Runs the rules that are due over a batch that was read; False when the store failed meanwhile, which is noted as its failure.

        Raises StoreUnreachable when nothing of the store answers: the next batch would fare alike.
        """
        scan, portion = self.scanner.scan(tables, only=back.keys()), Portion()
        below = self.scanner.scan(tables, only=rules).hits if (rules := self.rules.below(back)) else joined([])
        portion.add(row, scan, tables)
        try:
            outcome.raised(self.raiser.looks_back(portion, below, anew, back, partial(self._account_back, portion, back)))
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

    def _account_back(self, portion: Portion, back: Due, tx: Any, now: int) -> None:
        """The look-back has come past the batch."""
        note_swallowed(tx, portion, now)
        advance(tx, self.store.id, self.rules, back, portion.rows[0].number, now)

    def fail(self, row: BatchRow, reason: str, outcome: Outcome) -> None:
        log.error("batch %d: %s", row.number, reason)
        outcome.failed[f"batch {row.number}"] = reason
        outcome.left += 1

    @property
    def raiser(self) -> Raiser:
        """What makes true what this run finds."""
        return Raiser(self.store, self.desk, self.rules, self.triage, self.now)


def note_swallowed(tx: Any, portion: Portion, now: int) -> None:
    """What did not come to light has a row that says by what."""
    for row, scan in zip(portion.rows, portion.scans, strict=True):
        keyless = f"batch {row.number}: no value to group by"
        found = [Swallowed("excepted", id, "", {}, by, count, now) for (by, id), count in sorted(scan.removed.items())]
        found += [Swallowed("ungrouped", id, "", {}, keyless, count, now) for id, count in sorted(scan.keyless.items())]
        tx.swallow(found)
