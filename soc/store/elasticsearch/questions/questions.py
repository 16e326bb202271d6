"""Questions of hunts: the server answers what it can answer exactly, the predicate decides on the documents that it cannot be sure of.

A query in DSL finds at least the events that meet a condition (`soc.condition.dsl`). Where it is exact, the server counts all
documents but those with a `soc.coarse` and, for a keyword, those whose line may be JSON; these are fetched. Where it is not, all
that it finds are fetched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from heapq import merge
from itertools import islice
from typing import Any

from soc.condition.dsl import to_dsl
from soc.condition.dsl_query import Body, and_, not_
from soc.condition.indexed import LC, UNSURE
from soc.condition.predicate import compile
from soc.condition.tree import TRUE, And, Compare, Node, fields
from soc.condition.values import LABEL
from soc.event import Event
from soc.fields import ID, TIME
from soc.model import Window
from soc.store import counting
from soc.store.elasticsearch.documents.documents import from_document
from soc.store.elasticsearch.documents.mapping import LONG_TEXTS, SORT
from soc.store.elasticsearch.indices.upgrade import held_otherwise
from soc.store.elasticsearch.server import asking
from soc.store.elasticsearch.server.cluster import Core

_PAGE = 2_000  # events that people look at come in smaller pages
_GROUPS = 5_000  # of one page of an aggregation
_GROUPED = ("keyword", "ip", "long", "bool")
_MILLISECOND = 1000
Otherwise = Callable[[Collection[str]], frozenset[str]]
"""Those of some fields that some index holds as another type than the catalogue's."""


def within(node: Node, window: Window) -> Node:
    """The condition, and that the event lies in the window."""
    times = [Compare(TIME, op, moment) for op, moment in window.bounds]
    return And((*times, node)) if times else node


class Questions:
    """Of one store. See `soc.store.base.Store` for what each answers."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._looked_up: dict[str, bool] = {}  # field -> whether some index holds it otherwise

    def asked(self, node: Node, window: Window) -> Asked:
        """The condition, to be asked in other ways than these."""
        return Asked(self._core, node, window, self.otherwise)

    def select(self, node: Node, window: Window, limit: int | None, newest: bool) -> Iterator[Event]:
        asked = self.asked(node, window)
        sure = asked.fetched(and_((asked.body, not_(UNSURE))), newest=newest)
        unsure = sorted(asked.fetched(and_((asked.body, UNSURE))), key=_newest_first if newest else _oldest_first)
        found = merge(sure, unsure, key=_newest_first if newest else _oldest_first)
        return islice(found, limit)

    def count(self, node: Node, window: Window) -> int:
        asked = self.asked(node, window)
        return asked.counted() + sum(1 for _ in asked.rest())

    def top(self, field: str, node: Node, window: Window, limit: int) -> list[tuple[Any, int]]:
        asked = self.asked(node, window)
        source = self._source(field)
        counts: Counter[Any] = Counter()
        if source is not None and asked.exact:
            for bucket in asked.buckets([{"v": {"terms": {"field": source}}}]):
                counts[self._value(field, bucket["key"]["v"])] += bucket["doc_count"]
        counts += counting.values(asked.rest() if source is not None else asked.all(), field)
        return counting.most(counts, limit)

    def histogram(self, node: Node, window: Window, width: int, by: str | None) -> list[tuple[int, Any, int]]:
        asked = self.asked(node, window)
        source = self._source(by) if by else None
        served = width % _MILLISECOND == 0 and (by is None or source is not None)
        counts: Counter[tuple[int, Any]] = Counter()
        if served and asked.exact:
            spans: Body = {"s": {"date_histogram": {"field": TIME, "fixed_interval": f"{width // _MILLISECOND}ms"}}}
            values: list[Body] = [{"v": {"terms": {"field": source, "missing_bucket": True}}}] if source else []
            for bucket in asked.buckets([spans, *values]):
                value = bucket["key"].get("v")
                known = None if value is None or by is None else self._value(by, value)
                counts[bucket["key"]["s"] * _MILLISECOND, known] += bucket["doc_count"]
        return counting.in_order(counts + counting.spans(asked.rest() if served else asked.all(), width, by))

    def otherwise(self, names: Collection[str]) -> frozenset[str]:
        """Those of the fields that some index holds as another type. Asked once: types change with upgrades, not while soc runs."""
        if new := [name for name in names if name not in self._looked_up]:
            changed = held_otherwise(self._core.cluster, self._core.catalogue, new)
            self._looked_up.update((name, name in changed) for name in new)
        return frozenset(name for name in names if self._looked_up[name])

    def _source(self, field: str) -> str | None:
        """The field of the index whose groups are the values of this one; None where the server cannot group by them."""
        if field.startswith(LABEL):
            return None if "\0" in field else field
        kind = self._core.catalogue.get(field)
        if kind is None or kind.type not in _GROUPED or field in LONG_TEXTS:
            return None
        if self.otherwise([field]):
            return None
        return field + LC if kind.type == "ip" else field

    def _value(self, field: str, key: Any) -> Any:
        known = self._core.catalogue.get(field)
        return key in (True, "true", 1) if known is not None and known.type == "bool" else key


class Asked:
    """One condition in one window."""

    def __init__(self, core: Core, node: Node, window: Window, otherwise: Otherwise) -> None:
        tree = within(node, window)
        query = to_dsl(tree, core.catalogue, otherwise(fields(tree)))
        self.otherwise = otherwise
        self._core, self.body, self.exact, self._unsure = core, query.body, query.exact, query.unsure
        self._meets: Callable[[Event], bool] = compile(tree, core.catalogue)
        self._all = tree == TRUE

    def fetched(self, body: Body, *, newest: bool = False) -> Iterator[Event]:
        """The events that meet the condition among the documents that meet the query, in order of time as far as the index knows it."""
        *times, ties = SORT
        sort: list[Body] = [dict.fromkeys(time, "desc" if newest else "asc") for time in times]
        for page in asking.pages(self._core.cluster, self._core.cluster.events, body, sort=[*sort, dict(ties)], size=_PAGE):
            for hit in page:
                event = from_document(hit["_source"], self._core.catalogue)
                if self._meets(event):
                    yield event

    def all(self) -> Iterator[Event]:
        return self.fetched(self.body)

    def rest(self) -> Iterator[Event]:
        """The events that the server does not count."""
        return self.fetched(and_((self.body, self._unsure)) if self.exact else self.body)

    def counted(self) -> int:
        """The events that the server counts: with `rest` all."""
        return asking.count(self._core.cluster, self._core.cluster.events, self._sure) if self.exact else 0

    @property
    def _sure(self) -> Body:
        return and_((self.body, not_(self._unsure)))

    def buckets(self, sources: list[Body], *also: Body) -> Iterator[Body]:
        """The groups of the events that the server counts, and that meet these queries, too; each with its number of events."""
        after: Body | None = None
        while True:
            composite: Body = {"size": _GROUPS, "sources": sources} | ({"after": after} if after else {})
            body: Body = {"query": and_((self._sure, *also)), "size": 0, "aggs": {"groups": {"composite": composite}}}
            groups = asking.search(self._core.cluster, self._core.cluster.events, body).get("aggregations", {}).get("groups", {})
            yield from groups.get("buckets", ())
            after = groups.get("after_key")
            if after is None:
                return


def _oldest_first(event: Event) -> tuple[int, str]:
    return event[TIME], event[ID]


def _newest_first(event: Event) -> tuple[int, str]:
    return -event[TIME], event[ID]
