"""A site whose detection runs in the test's own process: raw lines go in, rules run over whatever store and desk it was given."""

from __future__ import annotations

from datetime import UTC
from functools import partial

from soc.content import Content
from soc.detect.hits.scan import Scanner
from soc.detect.runs.run import Detector
from soc.ingest.feeds import Feed
from soc.ingest.finish import Finisher
from soc.ingest.identity import event_ids
from soc.parsing import Clock, Stream
from soc.respond.triaging.triage import Policy, triage


class Detecting:
    """Wants `folder` (a content root), `store` and `desk`, `now` at which its clock stands, and `count`, the lines that went in."""

    def content(self):
        return Content((self.folder,), None, ())

    def ingest(self, *lines):
        content, stream = self.content(), Stream(Clock(self.now, UTC))
        events = [content.routes().event(line.encode(), stream) for line in lines]
        self.count += len(lines)
        Finisher(Feed("gateways"), content.institutions).finish(
            events, event_ids("file", range(self.count, self.count + len(lines)), [line.encode() for line in lines])
        )
        with self.store.writer() as writer:
            return writer.add(writer.begin(), events, (), now=self.now)

    def detector(self):
        content = self.content()
        return Detector(
            store=self.store,
            desk=self.desk,
            rules=content.rules,
            scanner=Scanner(content.rules, content.datasets, content.exceptions, content.catalogue),
            triage=partial(triage, policy=Policy()),
            now=lambda: self.now,
            alive=lambda: frozenset(state.dataset for state in self.store.feeds()),
            actor="tester",
        )

    def detect(self, **more):
        return self.detector().run(**more)
