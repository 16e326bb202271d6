"""Changed rules over batches that are covered already, as far back as each wants. Alerts from it say `backfill`.

Where few rules are due and the store can tell which events concern them, only those are read. No group is left out beforehand for having
too little (`Store.groups`), as in hunts: hits are what later runs count on, and a late line, of any moment within retention, may
complete a group that is short of its bound now. Then its earlier hits have to be there; no margin of time makes that safe.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from soc.condition.tree import Equals, Or
from soc.detect.coverage.coverage import Due, advance, due
from soc.errors import StoreError, StoreUnreachable
from soc.fields import BATCH
from soc.model import BatchRow
from soc.store.base import Tables
from soc.store.tables import rows_of

if TYPE_CHECKING:
    from soc.detect.alerts.outcome import Outcome
    from soc.detect.coverage.anew import Anew
    from soc.detect.runs.search import Searcher

MOST = 50  # conditions that a store is asked for together; of more a batch is mostly read whole anyway


def look_back(searcher: Searcher, outcome: Outcome, stop: Callable[[], bool], anew: Anew) -> None:
    """Until no rule is due any more, or `stop()`.

    A batch that cannot be read stays due, and the rules that it is due for are done with for this run.
    """
    store, rules, stuck = searcher.store, searcher.rules, set[str]()
    while True:
        with searcher.desk.read() as tx:
            spans = {id: span for id, span in due(tx, store.id, rules).items() if id not in stuck}
        first = min((first for first, _ in spans.values()), default=None)
        if first is None:
            return
        if stop():
            outcome.left += 1
            return
        now_due = {id: span for id, span in spans.items() if span[0] == first}
        until = max(last for _, last in now_due.values())
        row = next((row for row in store.batches(first - 1) if row.number <= until), None)
        if row is None:  # retention has dropped the rest
            with searcher.desk.write() as tx:
                advance(tx, store.id, rules, now_due, until, searcher.now())
            continue
        try:
            if not _searched(searcher, row, now_due, outcome, anew):
                stuck |= now_due.keys()
        except StoreUnreachable as error:
            outcome.unreachable = str(error)
            outcome.left += 1
            return


def _searched(searcher: Searcher, row: BatchRow, due: Due, outcome: Outcome, anew: Anew) -> bool:
    tables = _read(searcher, row, due, outcome)
    return tables is not None and searcher.search(row, tables, due, outcome, anew)


def _read(searcher: Searcher, row: BatchRow, due: Due, outcome: Outcome) -> Tables | None:
    """What the rules have to see of the batch; None when it cannot be read. What is left of one that has lost events is searched."""
    try:
        tables, held = _concerned(searcher, row, due)
    except StoreUnreachable:
        raise
    except StoreError as error:
        searcher.fail(row, str(error), outcome)
        return None
    if tables is None and (tables := searcher.read(row, outcome)) is not None:
        held = rows_of(tables)
    if tables is not None and (missing := searcher.missing(row, held)):
        outcome.failed[f"batch {row.number}"] = missing
    return tables


def _concerned(searcher: Searcher, row: BatchRow, due: Due) -> tuple[Tables | None, int]:
    """The batch without most of what no rule hits, and how many events it has in all; None where it is read whole."""
    conditions = searcher.scanner.conditions(due.keys() | searcher.rules.below(due))
    if len(conditions) > MOST:
        return None, 0
    tables = searcher.store.meeting(row.number, Or(tuple(conditions)), searcher.scanner.columns())
    return tables, 0 if tables is None else searcher.store.count(Equals(BATCH, row.number))
