"""Rules tried on events at hand, with no store and no desk: what `soc rule test` and a rule's own proof run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from soc.detect.cells.cell import Cell
from soc.detect.cells.evaluate import Evaluator
from soc.detect.hits.scan import Scanner
from soc.detect.rules.rule import RuleSet
from soc.event import Event
from soc.fields import Catalogue
from soc.match.columns import to_tables
from soc.match.hits import within


@dataclass(frozen=True, slots=True)
class Trial:
    """`matched`: ids of rules whose selection some event met, the quiet ones too; `cells`: what would be alerts."""

    matched: frozenset[str]
    cells: tuple[Cell, ...]

    def raises(self, id: str) -> bool:
        """Whether the rule raised something; of a quiet rule, whether its selection was met."""
        return any(cell.rule.id == id for cell in self.cells)


def attempt(events: Sequence[Event], rules: RuleSet, scanner: Scanner, catalogue: Catalogue) -> Trial:
    """All active rules over finished events (with `event.id`, institutions and all)."""
    scan = scanner.scan(to_tables(events, catalogue))
    cells = Evaluator(rules, lambda names, window: within(scan.hits, names, window)).cells(scan.hits)
    return Trial(frozenset(id for id, count in scan.matched.items() if count), tuple(cells))
