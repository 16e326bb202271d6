"""Feeds whose events of the last week carried times that were not believed."""

from __future__ import annotations

from collections import Counter

from soc.cli.call.context import Soc
from soc.condition.tree import And, Equals, Exists, Node
from soc.ingest.skew import Skewed, skew_lines, skewed
from soc.model import Window
from soc.times import DAY

SPAN = 7 * DAY
_CLAIMED = Exists("soc.claimed")
_FEEDS, _SAMPLE = 50, 20


def doubted(soc: Soc) -> list[str]:
    """A sentence for each feed, with how many events and the likely cause. Raises StoreError."""
    window = Window(soc.now() - SPAN, soc.now() + DAY)
    found: Skewed = Counter()
    for feed, count in soc.store.top("soc.feed", _CLAIMED, window, limit=_FEEDS):
        of_it: Node = And((_CLAIMED, Equals("soc.feed", str(feed), cased=True)))
        (usual, _), *_ = skewed(soc.store.select(of_it, window, limit=_SAMPLE, newest=True)).most_common(1) or [((feed, 0), 0)]
        found[usual] += count
    return skew_lines(found)
