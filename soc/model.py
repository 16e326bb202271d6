"""The nouns that more than one package speaks of. Moments are `int`, see `soc.times`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from soc.event import Event
from soc.times import MINUTE

AHEAD = 5 * MINUTE  # by which clocks of machines that work together may differ: a receipt further ahead is of one that was wrong
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

    @property
    def bounds(self) -> list[tuple[str, int]]:
        """What holds of a moment in it, as comparisons: gte, lt; without those that hold of every moment."""
        ends = (("gte", self.since, ALWAYS.since), ("lt", self.until, ALWAYS.until))
        return [(op, moment) for op, moment, never in ends if moment != never]


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

    def quiet(self, now: int) -> int | None:
        """Microseconds since its newest receipt; None where that lies in the future: a clock was wrong, and when it came is unknown."""
        return None if self.last_ingested > now + AHEAD else max(now - self.last_ingested, 0)

    def silent(self, expect: int | None, now: int) -> bool:
        """Whether nothing came for longer than `expect`, as far as is known. What is expected at no time is never silent."""
        quiet = self.quiet(now)
        return expect is not None and (quiet is None or quiet > expect)

    def and_then(self, newer: FeedState, now: int) -> FeedState:
        """With what a batch brought that becomes true `now`: a receipt that lay in the future hides none that came after it."""
        known = self.quiet(now) is not None
        return FeedState(
            self.feed,
            self.dataset,
            self.events + newer.events,
            min(self.first_ingested, newer.first_ingested),
            max(self.last_ingested, newer.last_ingested) if known else newer.last_ingested,
            max(self.last_time, newer.last_time) if known else newer.last_time,
        )


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

    count: int  # distinct contributing events, each as often as the messages it stands for
    first: int  # first and last trigger
    last: int
    evidence: tuple[Evidence, ...]  # the ten with the smallest (time, id), in front of them the one that completed it


@dataclass(frozen=True, slots=True)
class Counted:
    """How far an alert has come: what its newest extent says, and what that counts.

    `by`: the rule and the store whose hits were counted. `spans`: the windows behind its triggers, ascending and apart; of a rule
    without windows none; None where that is not known, so that the next change counts all of it again.
    """

    by: str
    count: int
    first: int
    last: int
    evidence: tuple[tuple[int, str], ...]  # time and id of its events, as a cell has them
    spans: tuple[tuple[int, int], ...] | None = ()


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
