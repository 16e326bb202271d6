"""The contract of an event store. The contract tests in `tests/store` run on every engine.

Readers never block the writer. Batch numbers, not clocks, decide what is new.
Tables are Arrow tables with one column per field (types: `soc.match.columns`), one table per dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from soc.batches import Unfinished
from soc.condition.tree import Node
from soc.event import Event
from soc.fields import BATCH, DATASET, FEED, ID, INGESTED, INSTITUTION, TIME
from soc.match.hits import HITS
from soc.model import ALWAYS, BatchRow, FeedState, SourceState, Window
from soc.store.cuts import Cut

__all__ = ["HITS", "Added", "Concern", "Cut", "Draft", "Searched", "Since", "Stop", "Store", "Tables", "Tally", "Writer"]

Tables = dict[str, pa.Table]
Since = Mapping[str, SourceState | None]
Stop = Callable[[], bool]  # True: end at the next clean point; what is left is done when it is called again
Concern = tuple[Node, Collection[str]]  # a condition, and the datasets that it looks at

# read whatever columns were asked for, as far as the batch has them
COMMON = (TIME, ID, DATASET, "event.kind", INGESTED, INSTITUTION, BATCH, FEED)


def never() -> bool:
    """The Stop of who lets work go on to its end."""
    return False


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch about to be written: its number belongs to this writer until it is closed or abandoned."""

    number: int
    token: str


@dataclass(frozen=True, slots=True)
class Added:
    """What `add` made true. `tables`: the batch as the matcher reads it, so that it need not be read back.

    `refused`: events that a cluster does not take; they are kept as dead letters.
    """

    batch: BatchRow
    tables: Tables
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """How many events meet a condition. `ms`: what the engine took for it, where it is asked by itself."""

    events: int
    ms: int | None = None


class Writer(Protocol):
    """Made by `Store.writer()`. Segments have one at a time: that raises Busy when another holds the store's lock."""

    def begin(self) -> Draft:
        """A new batch, open. One that is not closed when its writer ends becomes abandoned in the end; its number is not used again."""

    def add(self, draft: Draft, events: Sequence[Event], sources: Sequence[SourceState], *, now: int, since: Since | None = None) -> Added:
        """The events and the positions become durable together. A closed number: does nothing, returns the same row.

        `since`: from where each source was read, as `Store.sources()` said it then (None: new); what others may have read on
        meanwhile. Not given: from the positions of now.

        Each event carries `@timestamp`, `event.id` and `event.dataset`; `soc.batch` and `event.ingested` (= `now`) are set here.
        What does not fit the catalogue is kept in `labels` (`soc.match.misfits`).

        One event per `event.id`: equal ids in one batch count once (the highest `soc.reading`, then the first); an event with
        a `soc.reading` above 1 takes the place of stored ones with a lower reading, whose batches' rows are lowered, and is left
        out where its reading or a higher one is stored. An event without `soc.reading` is not looked up: the caller, who reads on
        from the positions of `sources()`, warrants that its line is new.

        Raises StoreError: no room, no identity, unwritable; then nothing of it is stored, and the same draft may be added again.
        Raises Conflict when a later writer has abandoned the batch, or another has read one of the sources on.
        """

    def crowded(self) -> bool:
        """Whether there is too little room to write anything: `add` and `compact` would raise StoreError."""

    def compact(self, *, now: int, stop: Stop = never) -> int:
        """Merges small segments; returns how many went. Changes no answer of any query."""

    def retain(self, cuts: Sequence[Cut], *, now: int, stop: Stop = never) -> int:
        """Drops the events that go by the cuts, see Cut; returns how many. Lowers the rows' counts.

        Hits of these events go, too; where nothing stays that is so old they go by their time, on segments when nothing newer is in
        their file. Killed half-way and called again, it comes to the same. Raises ConditionError, see `bind`, and StoreError.
        """


class Searched(Protocol):
    """What hunts ask: a store, or indices that soc does not write. See Store."""

    def select(self, node: Node, window: Window = ALWAYS, *, limit: int | None = None, newest: bool = False) -> Iterator[Event]: ...

    def count(self, node: Node, window: Window = ALWAYS) -> int: ...

    def top(self, field: str, node: Node, window: Window = ALWAYS, *, limit: int = 10) -> list[tuple[Any, int]]: ...

    def histogram(self, node: Node, window: Window, *, width: int, by: str | None = None) -> list[tuple[int, Any, int]]: ...


class Store(Protocol):
    id: str  # random, made with the store and anew by every restore
    place: str  # names it in messages

    def writer(self) -> AbstractContextManager[Writer]: ...

    def batches(self, after: int = 0) -> list[BatchRow]:
        """Closed batches with a number above `after`, by number."""

    def tables(self, numbers: Collection[int], columns: Collection[str] | None = None) -> Tables:
        """The events of these batches by dataset; only `columns`, and COMMON, when given (`labels.KEY` reads `labels`)."""

    def meeting(self, number: int, node: Node, columns: Collection[str]) -> Tables | None:
        """As `tables` of one batch, where events that do not meet the condition may be missing; None where that would spare nothing."""

    def sources(self, feed: str | None = None) -> list[SourceState]:
        """The newest committed state of each source, by id."""

    def feeds(self) -> list[FeedState]:
        """What was ever committed, per feed and dataset."""

    def select(self, node: Node, window: Window = ALWAYS, *, limit: int | None = None, newest: bool = False) -> Iterator[Event]:
        """Events that match, oldest first by `@timestamp` (newest first if asked), ties by id."""

    def events(self, ids: Collection[str], window: Window = ALWAYS) -> dict[str, Event]:
        """Those of these events that are stored, by id. `window`: where they are looked for, which spares looking everywhere."""

    def count(self, node: Node, window: Window = ALWAYS) -> int: ...

    def tallies(self, concerns: Mapping[str, Concern], window: Window = ALWAYS) -> Iterator[tuple[str, Tally]]:
        """Each condition by its name, in their order, over the events of its datasets. Those that cannot be asked are left out."""

    def top(self, field: str, node: Node, window: Window = ALWAYS, *, limit: int = 10) -> list[tuple[Any, int]]:
        """The most frequent values of a field (each value of a list counts) with their events, most first, ties by value."""

    def histogram(self, node: Node, window: Window, *, width: int, by: str | None = None) -> list[tuple[int, Any, int]]:
        """Events per span of `width` microseconds, cut from 1970: (start, value of `by` or None, events), by start, then value.

        An event with several values of `by` counts for each; those without one come last, as None.
        """

    def groups(
        self, node: Node, window: Window = ALWAYS, *, by: Sequence[str], at_least: int, distinct: str | None = None
    ) -> dict[tuple[str, ...], int]:
        """The groups of events that have at least so many events, or distinct values of a field: folded texts of `by` -> number.

        An event with several values of a field is in the group of each, one without is in none. In each shorter span of time a
        group has no more: what a correlation with that bound need not look at is not here. `at_least` is above 0.
        """

    def sql(self, statement: str, *, limit: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Column names and rows of one SELECT over the view `events`. Raises UsageError for anything else, and always on a cluster."""

    def put_hits(self, tag: str, hits: pa.Table) -> None:
        """Durable under `tag`; the same tag again replaces what it held."""

    def has_hits(self, tags: Collection[str]) -> bool:
        """Whether hits lie under a tag that begins with one of these."""

    def hits(self, rules: Collection[str], window: Window = ALWAYS) -> pa.Table:
        """Hits of these rules, in no particular order. One that lies under several tags may come several times.

        The columns are those of `soc.match.hits.HELD`.
        """

    def hits_home(self) -> str:
        """Names what holds the hits; "" when nothing does. Another name than before: somebody has removed it, and what was put is gone."""

    def make_hits_home(self) -> str:
        """As `hits_home`, made where it is missing. Raises StoreError when it cannot be."""

    def keep_from(self) -> int | None:
        """The full hour before which events must go so that the store fits the bytes it may use; None when it fits."""

    def check(self, *, deep: bool = False) -> list[str]:
        """What is wrong with the store, each fault as one sentence with its place; `deep` reads everything."""

    def missing(self) -> list[str]:
        """Files or indices that cannot be opened, or that are newer than the store knows, each as one sentence with its place.

        Quick: it reads none of them.
        """

    def unfinished(self) -> list[Unfinished]:
        """Batches that hunts may see a part of and rules have not seen, by number. Segments have none: a batch is there whole or not."""

    def statistics(self) -> Mapping[str, int]:
        """events, batches, bytes (soc's own, on disk), hits; segments and max_disk (the bound on their bytes), or indices and refused."""

    def close(self) -> None: ...
