"""What was found is made true: hits in the store, alerts with their cases on the desk.

What a cell had counted before is known (`soc.model.Counted`) and grows by hits that the store does not hold yet. Before these go to the
store the desk doubts their batches, and the transaction that says them searched trusts them again: killed in between, the next run counts
what they touch from all hits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from soc.desk.desk import Desk
from soc.detect.alerts.evidence import Finder, Lookup, packed, to_alerts
from soc.detect.alerts.outcome import Change
from soc.detect.alerts.portion import Portion, in_turn
from soc.detect.cells.cell import Cell
from soc.detect.cells.evaluate import Evaluator, counter
from soc.detect.coverage.anew import Anew
from soc.detect.hits.scan import Scan
from soc.detect.rules.identity import hit_tag, hit_tags
from soc.detect.rules.rule import RuleSet
from soc.match.hits import joined, let_go, moments_of
from soc.model import Alert, Counted
from soc.store.base import Store


class Triage(Protocol):
    """Opens and joins cases within the run's transaction."""

    def __call__(self, tx: Any, changes: Sequence[Change], *, now: int) -> object: ...


@dataclass(frozen=True, slots=True)
class Raiser:
    """Where alerts are raised, and by which rules."""

    store: Store
    desk: Desk
    rules: RuleSet
    triage: Triage
    now: Callable[[], int]

    def covers(self, portion: Portion, anew: Anew, kind: str, account: Callable[[Any, int], None]) -> list[Change]:
        """Makes true what was found in batches that this rule set sees for the first time. `account`, of a transaction and the time,
        says what was searched, in the transaction that makes the last of it true. Raises StoreError.
        """
        known = not portion.again and not self._doubted(portion)
        if not known:
            self._put(portion)
        cells, counted = self._judged(portion.hits, anew, known)
        found = packed(cells, counted, Lookup(self.store, portion.looked_up()))
        if known and portion.hits.num_rows:
            with self.desk.write() as tx:
                anew.renew(tx)
                tx.doubt(self.store.id, portion.numbers)
            self._put(portion)
            anew.check()
        return self._raised(cells, found, kind, anew, account)

    def looks_back(
        self, portion: Portion, below: Any, anew: Anew, rules: Collection[str], account: Callable[[Any, int], None]
    ) -> list[Change]:
        """As `covers`, for rules that have not seen batches which the others have. `below`: hits of correlations that they rest on, which
        have seen them and are not judged again.
        """
        self._put(portion, rules)
        cells, counted = self._judged(joined([portion.hits, below]), anew, known=False)
        cells = [cell for cell in cells if cell.rule.id in rules or self.rules.below([cell.rule.id]) & set(rules)]
        found = packed(cells, counted, Lookup(self.store, portion.looked_up()))
        return self._raised(cells, found, "backfill", anew, account)

    def judged(self, tag: str, scan: Scan, anew: Anew) -> list[Cell]:
        """The cells that hits of no batch can have changed, made durable first. Raises StoreError, also when some may be missing."""
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

    def told(self, tx: Any, alerts: Sequence[Alert], counted: Mapping[str, Counted | None], now: int) -> list[Change]:
        """Writes alerts, what they have counted, and their cases."""
        changes = list(zip(alerts, tx.put_alerts(alerts, now=now), strict=True))
        tx.keep_counted(counted)
        self.triage(tx, changes, now=now)
        return changes

    def _raised(
        self, cells: Sequence[Cell], found: Mapping[str, bytes], kind: str, anew: Anew, account: Callable[[Any, int], None]
    ) -> list[Change]:
        changes: list[Change] = []
        parts = list(in_turn(cells))
        for part in parts:
            alerts, now = self.alerts(part, found, kind), self.now()
            with self.desk.write() as tx:
                anew.renew(tx)
                changes += self.told(tx, alerts, {cell.id: cell.counted(counter(cell.rule, self.store.id)) for cell in part}, now)
                if part is parts[-1]:
                    account(tx, now)
        return changes

    def _doubted(self, portion: Portion) -> bool:
        """Whether hits of some batch may be counted already, or be in the store.

        They are of a run that was killed, of another rule set, or unknown to a desk that was put back to what it was before.
        """
        with self.desk.read() as tx:
            doubted = [*tx.doubted(self.store.id), *tx.searched(self.store.id)]
        if any(first <= number <= last for first, last in doubted for number in portion.numbers):
            return True
        return self.store.has_hits([hit_tags(number) for number in portion.numbers])

    def _put(self, portion: Portion, back: Collection[str] | None = None) -> None:
        for row, scan in zip(portion.rows, portion.scans, strict=True):
            if scan.hits.num_rows:
                self.store.put_hits(hit_tag(row.number, self.rules, back), scan.hits)

    def _judged(self, hits: Any, anew: Anew, known: bool) -> tuple[list[Cell], Mapping[str, Counted | None]]:
        """The cells that these hits change, and what their alerts have counted, by id.

        `known`: what was counted of them is known, and the hits are not in the store.
        """
        counted = dict[str, Counted | None]()
        if not hits.num_rows:
            return [], counted

        def ask(ids: Collection[str]) -> Mapping[str, Counted | None]:
            found = self._counted(ids)
            counted.update(found)
            return found

        anew.around(*moments_of(hits))
        evaluator = Evaluator(self.rules, self.store.hits, ask, store=self.store.id)
        cells = evaluator.grown(hits) if known else evaluator.cells(hits)
        anew.check()
        let_go()
        return cells, counted if known else self._counted([cell.id for cell in cells])

    def _counted(self, ids: Collection[str]) -> Mapping[str, Counted | None]:
        with self.desk.read() as tx:
            return tx.counted(ids)
