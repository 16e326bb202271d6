"""Batches into the cluster: a row in the register, then the documents, then the row is closed with the positions.

Killed or paused anywhere, nothing of it counts: whoever reads the same lines on absorbs what was left, and ids decide that no
event lies there twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile

from soc.batches import OpenBatch, Stretch
from soc.errors import Busy, Conflict, Contested, StoreError
from soc.event import Event
from soc.fields import BATCH, ID, INGESTED
from soc.leases import Held
from soc.match.columns import to_tables
from soc.model import SourceState
from soc.store.base import Added, Cut, Draft, Since, Stop, never
from soc.store.elasticsearch.documents.documents import to_document
from soc.store.elasticsearch.indices.dead import bury
from soc.store.elasticsearch.indices.indices import make_index, refresh
from soc.store.elasticsearch.indices.upgrade import index_for
from soc.store.elasticsearch.questions.reader import read_batches, stored
from soc.store.elasticsearch.server.asking import count, of_ids, parts
from soc.store.elasticsearch.server.bulk import Action, put, send
from soc.store.elasticsearch.server.cluster import Core
from soc.store.elasticsearch.server.faults import cluster_faults
from soc.store.elasticsearch.writing import retention
from soc.store.elasticsearch.writing.copies import keep_one, sweep
from soc.store.elasticsearch.writing.holding import in_hand, version_of
from soc.store.repeats import REQUIRED, nameless, read_again, reading_of, without_repeats
from soc.store.tables import feeds_of, stamped


@dataclass(slots=True)
class _Plan:
    """What is written: events with the index that each goes to; `older` batches lose so many events to a second reading."""

    events: list[tuple[Event, str]]
    older: Counter[int]


class ElasticWriter:
    """See `soc.store.base.Writer`. Several may write at a time, each its own sources."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def begin(self) -> Draft:
        core = self._core
        batch = core.register.begin(core.writer, [], {}, now=core.clock(), lease=core.lease)
        return Draft(batch.number, batch.token)

    def add(self, draft: Draft, events: Sequence[Event], sources: Sequence[SourceState], *, now: int, since: Since | None = None) -> Added:
        core = self._core
        row = core.register.batch(draft.number)
        if row.state == "closed":
            return Added(row, read_batches(core, [draft.number], None))
        if row.state == "abandoned":
            raise Conflict(f"batch {draft.number} was abandoned by a later writer\n  nothing of it counts; read its lines again")
        fresh = [event | {BATCH: draft.number, INGESTED: now} for event in without_repeats(events)]
        if lacking := next((name for event in fresh for name in REQUIRED if event.get(name) is None), None):
            raise nameless(lacking)
        stretches = self._stretches(sources, since)
        batch = self._claimed(draft, fresh, stretches, now)
        with in_hand(core, batch) as held:
            return self._added(batch, fresh, sources, now, held)

    def _added(self, batch: OpenBatch, events: list[Event], sources: Sequence[SourceState], now: int, held: Held) -> Added:
        """Writes, then closes. Raises Conflict when it is not our batch any more."""
        core, plan = self._core, self._plan(batch, events)
        kept = self._written(batch, plan, held)
        tables = stamped(to_tables(kept, core.catalogue), batch.number, now)
        spans = [event["@timestamp"] for event in kept]
        span = {"first": min(spans, default=None), "last": max(spans, default=None)}
        feeds = feeds_of(tables, now)
        row = core.register.close(batch.number, batch.token, events=len(kept), **span, feeds=feeds, now=core.clock(), states=sources)
        keep_one(core, row)
        return Added(row, tables, refused=len(plan.events) - len(kept))

    def crowded(self) -> bool:
        """Whether the cluster takes no documents."""
        with cluster_faults(self._core.cluster.place):
            found = self._core.cluster.client.indices.get_settings(
                index=self._core.cluster.events, filter_path="*.settings.index.blocks", expand_wildcards="open"
            )
        return any(index["settings"]["index"]["blocks"].get("read_only_allow_delete") == "true" for index in found.values())

    def compact(self, *, now: int, stop: Stop = never) -> int:
        """The cluster merges by itself. Goes after what writers that slept may have left twice."""
        for row in takewhile(lambda _: not stop(), self._core.register.batches()):
            keep_one(self._core, row)
        return 0

    def retain(self, cuts: Sequence[Cut], *, now: int, stop: Stop = never) -> int:
        return retention.retain(self._core, cuts, stop)

    def _stretches(self, sources: Sequence[SourceState], since: Since | None) -> list[Stretch]:
        begun: Since = {state.id: state for state in self._core.register.sources()} if since is None else since
        return [Stretch(begun.get(state.id), state) for state in sources]

    def _claimed(self, draft: Draft, events: Sequence[Event], stretches: Sequence[Stretch], now: int) -> OpenBatch:
        """The batch with what it takes in. What a dead writer had begun of these sources is let go first."""
        try:
            return self._claim(draft, events, stretches, now)
        except Busy:
            if not self._released({stretch.end.id for stretch in stretches}):
                raise
        return self._claim(draft, events, stretches, now)

    def _claim(self, draft: Draft, events: Sequence[Event], stretches: Sequence[Stretch], now: int) -> OpenBatch:
        core = self._core
        datasets = sorted({event["event.dataset"] for event in events})
        targets = {dataset: index_for(core.cluster, core.catalogue, dataset, now) for dataset in datasets}
        return core.register.claim(draft.number, draft.token, stretches, targets, now=core.clock(), lease=core.lease, events=len(events))

    def _released(self, sources: set[str]) -> int:
        """Takes over the expired batches of these sources and gives them up: their events are absorbed by whoever reads the lines on."""
        core = self._core
        old = [batch for batch in core.register.expired(core.clock()) if sources & {part.end.id for part in batch.stretches}]
        ours = [taken for batch in old if (taken := self._taken(batch))]
        for batch in reversed(ours):
            core.register.abandon(batch.number, batch.token)
        return len(ours)

    def _taken(self, batch: OpenBatch) -> OpenBatch | None:
        """Ours now; None when another was faster."""
        core = self._core
        try:
            return core.register.take_over(batch.number, core.writer, now=core.clock(), lease=core.lease)
        except Contested:
            return None

    def _plan(self, batch: OpenBatch, events: list[Event]) -> _Plan:
        """Events read again go where their former reading lies, unless that is as high; the others where the batch says.

        Lines of a batch that was salvaged are read again, too: what closed batches hold of them stays theirs.
        """
        again = read_again(events)
        ours, readings = {batch.number, *batch.absorbs}, {event[ID]: reading_of(event) for event in events} if batch.absorbs else again
        found = list(stored(self._core, readings)) if readings else []
        others = self._closed({one.batch for one in found} - ours)
        places = {one.id: one for one in found if one.id in again or one.batch in others}
        present = {id for id, one in places.items() if one.batch not in ours and one.reading >= readings[id]}
        chosen = [
            (event, places[event[ID]].place if event[ID] in places else batch.targets[event["event.dataset"]])
            for event in events
            if event[ID] not in present
        ]
        return _Plan(chosen, Counter(one.batch for id, one in places.items() if id not in present and one.batch not in ours))

    def _closed(self, numbers: Collection[int]) -> set[int]:
        """Those of these batches that are closed."""
        return {row.number for row in self._core.register.numbered(numbers)} if numbers else set()

    def _written(self, batch: OpenBatch, plan: _Plan, held: Held) -> list[Event]:
        """Sends the events and makes sure that each can be found; returns those that the cluster took."""
        core = self._core
        retention.lessen(core, plan.older)
        indices = sorted({index for _, index in plan.events})
        for index in indices:
            make_index(core, index)
        sent = send(core.cluster, (self._action(batch, planned) for planned in plan.events), before=held.check)
        kept = [event for event, _ in plan.events if event[ID] not in sent.refused]
        bury(core, [(event, sent.refused[event[ID]]) for event, _ in plan.events if event[ID] in sent.refused])
        sweep(core, batch.absorbs, {event[ID]: index for event, index in plan.events if event[ID] not in sent.refused})
        refresh(core.cluster, indices)
        if (found := self._found(indices, [event[ID] for event in kept])) != len(kept):
            raise StoreError(
                f"{core.cluster.place}: holds {found} of {len(kept)} events of batch {batch.number}\n  it stays open: run this again"
            )
        return kept

    def _action(self, batch: OpenBatch, planned: tuple[Event, str]) -> Action:
        event, index = planned
        return put(index, event[ID], to_document(event, self._core.catalogue), version_of(event, batch))

    def _found(self, indices: Sequence[str], ids: Sequence[str]) -> int:
        return sum(count(self._core.cluster, ",".join(indices), of_ids(some)) for some in parts(ids))
