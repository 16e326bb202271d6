"""The nouns that more than one package speaks of. Moments are `int`, see `soc.times`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

Event = dict[str, Any]
"""A flat dict of dotted ECS names, typed by the field catalogue; `labels` holds a dict of text by text."""

UNKNOWN = "unknown"  # the institution of what lies in nobody's prefixes


class Line(NamedTuple):
    """One line as it lay in its source: bytes without the line end, and where its first byte lies."""

    source: str
    offset: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of event time: `since <= t < until`."""

    since: int
    until: int

    def __post_init__(self) -> None:
        if not self.since < self.until:
            raise ValueError(f"empty window: {self.since} .. {self.until}")


ALWAYS = Window(-(1 << 62), 1 << 62)


@dataclass(frozen=True, slots=True)
class SourceState:
    """How far a source has been consumed and how it is known again, whatever it is called now.

    `position` counts decompressed bytes. `head` hashes the first 64 KiB, as far as consumed; `head_length` is how many
    bytes that were; `tail` hashes the last 4 KiB before the position. `path` is a hint for people and for looking there
    first. `preamble` holds the header lines in force at the position. `stamp` is the file as `stat` showed it when it was
    last read to its end (`soc.ingest.sources`); a file with an equal stamp need not be opened. Both may change without any
    event: a batch of no events records that.
    """

    id: str
    feed: str
    path: str
    position: int
    head: str
    head_length: int
    tail: str
    preamble: tuple[str, ...] = ()
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A row of the batch register."""

    store: str
    number: int
    state: str  # open, closed, abandoned
    events: int
    first: int | None  # smallest and largest @timestamp
    last: int | None
    closed_at: int | None
    absorbs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedState:
    """What the store knows of one dataset of one feed."""

    feed: str
    dataset: str
    events: int
    first_ingested: int
    last_ingested: int
    last_time: int


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
    state: str  # open, or abandoned and not absorbed
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

    def expired(self, now: int) -> list[OpenBatch]:
        """Open batches whose lease has run out, or whose writer was a process of this machine that is gone; by number."""

    def unfinished(self, now: int) -> list[Unfinished]:
        """Batches with events that never closed and that no other batch has absorbed, by number."""

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


@dataclass(frozen=True, slots=True)
class Logsource:
    """Where a rule looks. A key that is None is not stated."""

    product: str | None = None
    category: str | None = None
    service: str | None = None

    def sees(self, declared: Mapping[str, str]) -> bool:
        """Whether each key stated here equals the one a dataset declares."""
        stated = (("product", self.product), ("category", self.category), ("service", self.service))
        return all(value is None or declared.get(key) == value for key, value in stated)

    def __str__(self) -> str:
        stated = (("product", self.product), ("category", self.category), ("service", self.service))
        return ", ".join(f"{key} {value}" for key, value in stated if value) or "any"


@dataclass(frozen=True, slots=True)
class Evidence:
    """An event as an alert keeps it: past retention, as it was when the alert was raised."""

    time: int
    id: str
    event: Event


@dataclass(frozen=True, slots=True)
class Extent:
    """How far an alert reaches: the newest of these rows is valid."""

    count: int  # distinct contributing events
    first: int  # first and last trigger
    last: int
    evidence: tuple[Evidence, ...]  # the ten with the smallest (time, id)


@dataclass(frozen=True, slots=True)
class Alert:
    """One cell of one key of one rule that holds a trigger. Immutable but for its extent."""

    id: str
    rule_id: str
    rule_hash: str
    title: str
    level: str  # informational low medium high critical
    tags: tuple[str, ...]
    institution: str
    key: Mapping[str, str]  # group-by field -> folded value, in the rule's order
    cell_start: int
    cell_end: int
    extent: Extent
    run_type: str = "scheduled"  # scheduled backfill try
    detail: Mapping[str, Any] = field(default_factory=dict)
