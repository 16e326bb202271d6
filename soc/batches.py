"""The batch register of a store that several machines write: a protocol, so that a store does not know where its register lies."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from soc.model import BatchRow, FeedState, SourceState


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a batch takes in of one source: from the state it found, None when the source is new, to the state it leaves."""

    start: SourceState | None
    end: SourceState

    def __post_init__(self) -> None:
        if self.start and (self.start.id != self.end.id or self.start.position > self.end.position):
            raise ValueError(f"no stretch of one source: {self.start.id} {self.start.position} .. {self.end.id} {self.end.position}")


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that somebody writes. `token` proves who; from `expires_at` on others may take it over."""

    store: str
    number: int
    token: str
    writer: str
    expires_at: int
    stretches: tuple[Stretch, ...]  # by id of the source
    targets: Mapping[str, str]  # dataset -> where its events go
    events: int  # as announced; 0: not said
    absorbs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A batch that may hold events which hunts see and rules have not seen. `lapsed`: nobody is writing it any more."""

    number: int
    state: str  # open, or abandoned while nobody has read all of its lines on
    writer: str
    events: int  # as announced
    begun_at: int
    expires_at: int
    lapsed: bool


class Register(Protocol):
    """The batch register of a store that several machines write. Each call is one transaction.

    A row is written before the first event of its batch. The open batches of a source follow each other without a gap from its
    committed position on, and close in that order. Whoever reads a batch reads the events under its number and those it absorbs.
    """

    store: str

    def begin(
        self, writer: str, stretches: Sequence[Stretch], targets: Mapping[str, str], *, now: int, lease: int, events: int = 0
    ) -> OpenBatch:
        """A new batch; `writer` names one process, `lease` is in microseconds.

        A stretch starts where the writer's last open batch of that source ends, else at the committed position: else raises
        Conflict. Raises Busy when another writer has an open batch of that source, be its lease run out: take that over first.
        Absorbs abandoned batches that hold a part of its stretches.
        """

    def claim(
        self, number: int, token: str, stretches: Sequence[Stretch], targets: Mapping[str, str], *, now: int, lease: int, events: int
    ) -> OpenBatch:
        """What an open batch that was begun for nothing takes in, told before its first event is written; telling it again is no harm.

        Targets told before go before those given, and so do those of abandoned batches that it absorbs: an event must not come to
        lie in two places.
        Raises as `begin` does, and Conflict when the batch is no longer ours.
        """

    def renew(self, number: int, token: str, *, now: int, lease: int) -> OpenBatch:
        """Holds an open batch for longer; a lease of 0 offers it to others at once. Raises Conflict when it is no longer ours."""

    def close(
        self,
        number: int,
        token: str,
        *,
        events: int,
        first: int | None,
        last: int | None,
        feeds: Sequence[FeedState],
        now: int,
        states: Sequence[SourceState] | None = None,
    ) -> BatchRow:
        """The batch and its positions become true together; `feeds` adds what it brought.

        `states`: the ends of the stretches, as begun unless given; their positions stay. Raises Conflict when it is not open or no
        longer ours, Busy when an earlier batch of one of its sources is still open.
        """

    def abandon(self, number: int, token: str) -> None:
        """Gives up an open batch of which nothing was written; after the first event, offer it to others by `renew` instead.

        Raises Conflict when it is no longer ours, Busy when a later batch of one of its sources is still open.
        """

    def take_over(self, number: int, writer: str, *, now: int, lease: int) -> OpenBatch:
        """A new batch for exactly the same stretches and targets, in place of an expired one, which becomes abandoned.

        Raises Busy for one that is not expired, Conflict when it is not open any more.
        """

    def salvage(self, number: int, writer: str, *, now: int, lease: int) -> OpenBatch:
        """A new batch for the events of an unfinished one, which becomes abandoned, and of those that it took over; `settle` closes it.

        Until then nobody else can read the sources whose lines have not been read on. Raises Busy while somebody writes it, Conflict
        when it is not unfinished.
        """

    def settle(
        self, number: int, token: str, *, events: int, first: int | None, last: int | None, feeds: Sequence[FeedState], now: int
    ) -> BatchRow:
        """As `close`, but the positions stay where they were: whoever reads those lines absorbs what the salvaged batches left.

        What follows it along a source cannot close any more, because its lines are not next. Raises Conflict when it is no longer ours.
        """

    def expired(self, now: int) -> list[OpenBatch]:
        """Open batches whose lease has run out, or whose writer was a process of this machine that is gone; by number."""

    def unfinished(self, now: int) -> list[Unfinished]:
        """Batches with events that never closed, unless they were salvaged or their lines have been read on to the end; by number."""

    def batch(self, number: int) -> BatchRow:
        """The batch, whatever its state. Raises UsageError when there is none."""

    def batches(self, after: int = 0) -> list[BatchRow]:
        """Closed batches with a number above `after`, by number."""

    def numbered(self, numbers: Collection[int]) -> list[BatchRow]:
        """Those of these batches that are closed, by number."""

    def targets(self, numbers: Collection[int]) -> set[str]:
        """Where events of these batches were sent."""

    def lower(self, number: int, events: int, *, first: int | None = None, last: int | None = None) -> BatchRow:
        """Retention or a second reading left so many events of a closed batch, in this span, which is as before unless given.

        A count is never raised. Raises Conflict when the batch is not closed.
        """

    def sources(self, feed: str | None = None) -> list[SourceState]:
        """The newest committed state of each source, by id."""

    def feeds(self) -> list[FeedState]:
        """What was ever committed, per feed and dataset."""
