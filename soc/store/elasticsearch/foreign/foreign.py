"""Questions about indices that soc does not write, and only reads: `filebeat-*`, `logs-*`.

The server finds at least what meets a condition (`soc.condition.dsl_foreign`), the predicate decides on each document. Nothing is
counted by the server, so a question is as dear as the documents that it finds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby, islice
from typing import Any

from soc.condition.dsl_foreign import TEXTS, UNSEARCHED, Held, foreign_dsl
from soc.condition.predicate import compile
from soc.condition.tree import And, Compare, Node, fields
from soc.event import Event
from soc.fields import ID, INGESTED, TIME, Catalogue
from soc.model import ALWAYS, Window
from soc.store import counting
from soc.store.elasticsearch.foreign.foreign_documents import ISO, named, placed, to_event
from soc.store.elasticsearch.foreign.foreign_fields import look_at, normalized
from soc.store.elasticsearch.questions.questions import within
from soc.store.elasticsearch.server import asking
from soc.store.elasticsearch.server.cluster import Cluster

_PAGE = 1_000


class ForeignEvents:
    """The indices of one pattern. `catalogue` is ours with the fields that only they have. See `soc.store.base.Store` for the rest."""

    def __init__(self, cluster: Cluster, pattern: str, ours: Catalogue) -> None:
        self.cluster, self.shape = cluster, look_at(cluster, pattern)
        self.catalogue = self.shape.catalogue(ours)
        self.place = f"{cluster.place}: {pattern}"

    def select(self, node: Node, window: Window = ALWAYS, *, limit: int | None = None, newest: bool = False) -> Iterator[Event]:
        return islice(self._found(node, window, newest), limit)

    def count(self, node: Node, window: Window = ALWAYS) -> int:
        return sum(1 for _ in self._found(node, window, False))

    def top(self, field: str, node: Node, window: Window = ALWAYS, *, limit: int = 10) -> list[tuple[Any, int]]:
        return counting.most(counting.values(self._found(node, window, False), field), limit)

    def histogram(self, node: Node, window: Window, *, width: int, by: str | None = None) -> list[tuple[int, Any, int]]:
        return counting.in_order(counting.spans(self._found(node, window, False), width, by))

    def arrived(self, window: Window, *, most: int) -> Iterator[list[Event]]:
        """Documents indexed within the window, in parts: by `event.ingested`, or by `@timestamp` where no index has that."""
        time = INGESTED if self.shape.kinds(INGESTED) else TIME
        node = And((Compare(time, "gte", window.since), Compare(time, "lt", window.until)))
        meets, query = compile(node, self.catalogue), foreign_dsl(node, self.catalogue, self._held(node))
        for page in asking.pages(self.cluster, self.shape.pattern, query, size=min(most, asking.PAGE), fields=self._server_read()):
            if events := [placed(event, hit) for hit in page if meets(event := to_event(hit, self.catalogue))]:
                yield events

    def by_id(self, ids: Collection[str]) -> dict[str, Event]:
        """Those of these documents, called as `arrived` calls them, that are there."""
        names = {id.partition("/")[2] for id in ids}
        pages = asking.documents(self.cluster, self.shape.pattern, names, fields=self._server_read())
        found = (placed(to_event(hit, self.catalogue), hit) for page in pages for hit in page)
        return {event[ID]: event for event in found if event[ID] in ids}

    def unsearched(self, node: Node) -> list[str]:
        """Fields of the condition that these indices do not have, or not in a way that can be searched, by name."""
        return sorted(name for name in fields(node) if self.shape.held(name).type in ("", UNSEARCHED))

    def _found(self, node: Node, window: Window, newest: bool) -> Iterator[Event]:
        tree = within(node, window)
        meets, query = compile(tree, self.catalogue), foreign_dsl(tree, self.catalogue, self._held(tree))
        order = {"order": "desc" if newest else "asc", "numeric_type": "date", "unmapped_type": "date"}
        asked: dict[str, Any] = {"sort": [{TIME: order}, {"_shard_doc": "asc"}], "size": _PAGE, "fields": self._server_read()}
        hits = (hit for page in asking.pages(self.cluster, self.shape.pattern, query, **asked) for hit in page)
        for _, some in groupby(hits, key=lambda hit: hit["sort"][0]):  # the server knows milliseconds
            events = [named(event, hit) for hit in some if meets(event := to_event(hit, self.catalogue))]
            yield from sorted(events, key=lambda event: (-event[TIME] if newest else event[TIME], event[ID]))

    def _held(self, tree: Node) -> dict[str, Held]:
        held = {name: self.shape.held(name) for name in fields(tree)}
        texts = {one.path for one in held.values() if one.type in TEXTS}
        altered = normalized(self.cluster, self.shape.pattern, texts) if texts else frozenset()
        return {name: Held(one.path, "normalized") if one.path in altered else one for name, one in held.items()}

    def _server_read(self) -> list[dict[str, str]]:
        """Dates, whose formats are the mapping's affair, and constants, which lie nowhere else."""
        kinds = {name: set(self.shape.kinds(name)) for name in self.shape.types}
        dates = [{"field": name, "format": ISO} for name, types in kinds.items() if types and types <= {"date", "date_nanos"}]
        return dates + [{"field": name} for name, types in kinds.items() if types == {"constant_keyword"}]
