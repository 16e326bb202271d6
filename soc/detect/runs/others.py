"""Detection in indices that soc does not write: what has arrived since the last run, by the time at which it was indexed.

There are no batches to cover. A run looks at a window of arrival that ends `delay` ago, because documents appear late, and begins
`overlap` before the last complete run's, because they appear out of order. What is seen twice changes nothing: an alert is a cell,
and counts distinct events. What appears later than the overlap is not seen. When hits are gone (`soc.detect.coverage.anew`), those of what
arrived before are made anew as far back as the rules look.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from soc.detect.alerts.outcome import Change, Outcome
from soc.detect.coverage.anew import Anew, reach
from soc.detect.hits.scan import Scan
from soc.detect.runs.run import Detector
from soc.event import Event
from soc.match.columns import to_tables
from soc.model import Window


class Others(Protocol):
    """Indices that soc does not write."""

    catalogue: Any

    def arrived(self, window: Window, *, most: int) -> Iterator[list[Event]]:
        """Events indexed within the window, in parts; their `event.id` names the document."""

    def by_id(self, ids: Collection[str]) -> dict[str, Event]:
        """Those of these documents that are there."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A run over the indices called `name`. `finish` sets dataset and institutions; the detector's scanner knows their catalogue."""

    detector: Detector
    others: Others
    name: str
    finish: Callable[[Event], Event]
    delay: int
    overlap: int
    most: int = 20_000  # events worked on at once

    def run(self, first: int, *, again: bool = False, stop: Callable[[], bool] = lambda: False) -> Outcome:
        """Looks at what has arrived since the last complete run, at first, or `again`, since `first`. Raises Busy."""
        detector, now, outcome = self.detector, self.detector.now(), Outcome()
        with detector.alone() as lock:
            anew = detector.settled(lock)
            since = first if again else self._since(first, now)
            with detector.desk.write() as tx:
                ledger = tx.begin_run(self.kind, now=now)
            self._put_again(since, stop, anew)
            for events in self.others.arrived(Window(since, max(now - self.delay, since + 1)), most=self.most):
                if stop():
                    outcome.left += 1
                    break
                self._search([self.finish(event) for event in events], outcome, anew)
            outcome.failed.update(detector.scanner.failed)
            with detector.desk.write() as tx:
                verdict = "partial" if outcome.left else "ok"
                tx.end_run(ledger, now=detector.now(), verdict=verdict, hits=outcome.hits, alerts=outcome.new)
                if verdict == "ok":
                    tx.keep_hits_home(self._name, anew.home)
        return outcome

    @property
    def kind(self) -> str:
        """What such runs are called in the ledger."""
        return f"index {self.name}"

    def _since(self, first: int, now: int) -> int:
        with self.detector.desk.read() as tx:  # a run in the future has not seen what arrives until then
            last = next((run for run in tx.runs(kind=self.kind, until=now) if run.verdict == "ok"), None)
        return first if last is None else last.started_at - self.delay - self.overlap

    def _put_again(self, since: int, stop: Callable[[], bool], anew: Anew) -> None:
        """Of what arrived before, as far back as rules look, the hits when they are gone; what they trigger was raised then."""
        detector = self.detector
        with detector.desk.read() as tx:
            home, _ = tx.hits_home(self._name)
        if home in (None, anew.home):
            return
        for events in self.others.arrived(Window(since - reach(detector.rules), since), most=self.most):
            if stop():
                return
            scan = detector.scanner.scan(to_tables([self.finish(event) for event in events], self.others.catalogue))
            if scan.hits.num_rows:
                detector.store.put_hits(self._tag(events), scan.hits)

    def _tag(self, events: list[Event]) -> str:
        return f"{self.kind}-{events[0]['event.id']}"

    @property
    def _name(self) -> str:
        """What the desk knows the hits of these indices by."""
        return f"{self.detector.store.id} {self.kind}"

    def _search(self, events: list[Event], outcome: Outcome, anew: Anew) -> None:
        detector = self.detector
        scan = detector.scanner.scan(to_tables(events, self.others.catalogue))
        outcome.raised(self._raised(events, scan, anew) if scan.hits.num_rows else [])
        outcome.searched(scan, len(events))

    def _raised(self, events: list[Event], scan: Scan, anew: Anew) -> list[Change]:
        detector, raiser = self.detector, self.detector.raiser
        cells = raiser.judged(self._tag(events), scan, anew)
        lookup = _Lookup({event["event.id"]: event for event in events}, self.others, detector)
        alerts, now = raiser.alerts(cells, raiser.evidence(cells, lookup), detector.kind), detector.now()
        with detector.desk.write() as tx:
            return raiser.told(tx, alerts, dict.fromkeys((cell.id for cell in cells), None), now)  # seen again, they count as a whole


class _Lookup:
    """Evidence: the events at hand, those of the same indices, then our own."""

    def __init__(self, events: Mapping[str, Event], others: Others, detector: Detector) -> None:
        self._events, self._others, self._store = events, others, detector.store

    def events(self, times: Mapping[str, int]) -> Iterator[Event]:
        found = {id: self._events[id] for id in times if id in self._events}
        found |= self._others.by_id(times.keys() - found.keys())
        found |= self._store.events(times.keys() - found.keys())
        yield from found.values()
