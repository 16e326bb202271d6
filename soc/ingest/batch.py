"""Events on their way into the store together, with the positions of their sources; and when there are enough of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from sys import getsizeof

from soc.event import Event
from soc.ingest.lines import Chunk
from soc.model import SourceState

MOST = 15_000  # events after which a batch is given on: it holds up to a chunk more
MOST_BYTES = 40 << 20  # of what its lines take in memory; it holds no chunk more, for a chunk may be a line of 8 MiB


@dataclass(slots=True)
class Batch:
    """Events, and how far their sources are consumed with them. `failed` and `unrecognised` count events among them.

    `bytes`: what they take in memory, about. `since`: from where each source was read on; None for one that was new.
    """

    events: list[Event] = field(default_factory=list)
    states: dict[str, SourceState] = field(default_factory=dict)
    since: dict[str, SourceState | None] = field(default_factory=dict)
    unrecognised: int = 0
    failed: int = 0
    bytes: int = 0
    urgent: bool = False  # its states are worth keeping without any event
    _last: int = 0  # bytes of the last chunk
    _kept: tuple[int, int, int, int] = (0, 0, 0, 0)  # events, unrecognised, failed, bytes: those of which the positions are known

    def take(self, events: Sequence[Event], chunk: Chunk) -> None:
        """The finished events of these lines."""
        failed = [event["event.kind"] for event in events].count("pipeline_error")
        unrecognised = sum(["unrecognised" in event["tags"] for event in events if "tags" in event])
        weight = _weight(events, chunk)
        self.events += events
        self.failed += failed
        self.unrecognised += unrecognised
        self.bytes, self._last = self.bytes + weight, weight

    def keep(self, state: SourceState, since: SourceState | None, *, urgent: bool = False) -> None:
        """How far a source is consumed with all events so far."""
        self.since.setdefault(state.id, since)
        self.states[state.id] = state
        self.urgent |= urgent
        self._kept = (len(self.events), self.unrecognised, self.failed, self.bytes)

    def drop_rest(self) -> None:
        """Without the events that came after the last position: their lines are read again."""
        count, self.unrecognised, self.failed, self.bytes = self._kept
        del self.events[count:]

    def full(self, most: int) -> bool:
        """Whether it has so many events, or would have too many bytes with another chunk like the last."""
        return len(self.events) >= most or self.bytes + self._last > MOST_BYTES


def _weight(events: Sequence[Event], chunk: Chunk) -> int:
    """Bytes of the lines' texts and, as much again, of what they mean: up to ten for one of a line that is no ASCII."""
    size = len(chunk.consumed)
    if not chunk.consumed.isascii():
        size += sum(getsizeof(event["event.original"]) for event in events)
    return 2 * size
