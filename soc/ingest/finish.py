"""What ingest adds to an event beyond what its line means: its id, its feed, and whose it is.

`event.ingested` and `soc.batch` are the store's: they are one value for a whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence

from soc.event import Event
from soc.ingest.feeds import Feed
from soc.ingest.institutions import Institutions
from soc.model import UNKNOWN


class Finisher:
    """For the events of one feed."""

    def __init__(self, feed: Feed, institutions: Institutions) -> None:
        self._feed, self._of = feed, institutions.of

    def finish(self, events: Sequence[Event], ids: Sequence[str]) -> None:
        """Completes the events in place; `ids` are theirs, in their order.

        `organization.id`: the feed's institution, else that of the destination, else that of the source, else "unknown".
        """
        name, owner, host, of = self._feed.name, self._feed.institution, self._feed.host, self._of
        for event, event_id in zip(events, ids, strict=True):
            event["event.id"] = event_id
            event["soc.feed"] = name
            whose = owner
            if owner is not None:
                event["soc.institution.feed"] = owner
            if "destination.ip" in event and (found := of[event["destination.ip"]]) is not None:
                event["soc.institution.destination"] = found
                whose = whose or found
            if "source.ip" in event and (found := of[event["source.ip"]]) is not None:
                event["soc.institution.source"] = found
                whose = whose or found
            event["organization.id"] = whose or UNKNOWN
            if host is not None and "host.name" not in event:
                event["host.name"] = host
