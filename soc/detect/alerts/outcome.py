"""What a run did, told while it goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from soc.detect.hits.scan import Scan
from soc.match.hits import messages_of
from soc.model import Alert

BLIND = "blind"  # the verdict of a run that could not reach the store, or not to its end
Change = tuple[Alert, str]  # an alert and what became of it: new, extended, unchanged


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
        self.hits += messages_of(scan.hits)
        self.matched.update(scan.matched)
        self.removed.update(scan.removed)
        self.keyless.update(scan.keyless)
