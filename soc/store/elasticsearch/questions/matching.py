"""Many conditions at once: the events that meet each, asked in groups that a small server bears.

For look-back, backtests and proofs. A condition that the server answers exactly costs ids alone; events that it cannot be sure of
are read, and the predicate decides. A server builds each query anew for each index: name the datasets that can be concerned.
What an overloaded server refuses of a group is asked again, as long as its `patience` lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import orjson

from soc.condition.dsl import to_dsl
from soc.condition.dsl_query import Body, and_
from soc.condition.indexed import COARSE, UNSURE
from soc.condition.predicate import compile
from soc.condition.tree import Node, fields
from soc.event import Event
from soc.model import Window
from soc.store.elasticsearch.documents.documents import from_document
from soc.store.elasticsearch.questions.questions import Otherwise, within
from soc.store.elasticsearch.questions.reader import includes
from soc.store.elasticsearch.server.asking import LENIENT, Hit, among, documents, pages, whole
from soc.store.elasticsearch.server.cluster import Cluster, Core
from soc.store.elasticsearch.server.faults import cluster_faults, kept_waiting, kind_in, reason_in, refused_part
from soc.store.elasticsearch.server.patience import Patience, is_later, patiently
from soc.store.portions import portions

BYTES = 256 << 10  # of the queries of one request; one by itself may be larger
MOST = 50  # queries of one request
AT_ONCE = 2  # that the server works on at a time: what they take of its heap adds up
FIRST = 1_000  # events that come with the first answer; where there are more, all are read page by page


@dataclass(frozen=True, slots=True)
class Met:
    """The events that meet a condition, by id. `ms`: what the server took for its query. `bytes`: of the query."""

    ids: frozenset[str]
    ms: int
    bytes: int


def matches(
    core: Core, conditions: Mapping[str, Node], window: Window, datasets: Collection[str] | None, otherwise: Otherwise
) -> Iterator[tuple[str, Met]]:
    """Each condition by its name, in their order, over the events of these datasets, else of all.

    Raises ConditionError, see `bind`; StoreError.
    """
    questions = (Question(core, name, within(node, window), datasets, otherwise) for name, node in conditions.items())
    for question, hits, ms in asked(core, questions):
        found = [hits] if len(hits) < FIRST else question.pages()
        yield question.name, Met(frozenset(id for page in found for id in question.met(page)), ms, question.bytes)


def asked(core: Core, questions: Iterable[Question]) -> Iterator[tuple[Question, list[Hit], int]]:
    """Each question with its first documents, less than FIRST if those are all, and what the server took for it in ms."""
    for group in portions(questions, attrgetter("bytes"), BYTES, MOST):
        for question, answer in zip(group, _answers(core, group), strict=True):
            yield question, answer["hits"]["hits"], answer["took"]


class Question:
    """One condition. Raises ConditionError for one that cannot be asked."""

    def __init__(self, core: Core, name: str, node: Node, datasets: Collection[str] | None, otherwise: Otherwise) -> None:
        query = to_dsl(node, core.catalogue, otherwise(fields(node)))
        self._core, self._exact, self.name = core, query.exact and query.unsure == UNSURE, name
        self._query = query.body if datasets is None else and_((among("event.dataset", datasets), query.body))
        self._index = core.cluster.events if datasets is None else core.cluster.events_of(datasets)
        self.bytes = len(orjson.dumps(self._query))
        self._columns = includes(fields(node))
        self._meets: Callable[[Event], bool] = compile(node, core.catalogue)
        self._wanted: Body = {"_source": False, "docvalue_fields": [COARSE]} if self._exact else {"_source": self._columns}

    def search(self) -> tuple[Body, Body]:
        """Header and body within an msearch."""
        body: Body = {"query": self._query, "size": FIRST, "sort": ["_doc"], "track_total_hits": False, **self._wanted}
        return {"index": self._index, "allow_partial_search_results": False, **LENIENT}, body

    def pages(self) -> Iterator[list[Hit]]:
        return pages(self._core.cluster, self._index, self._query, **self._wanted)

    def met(self, page: Iterable[Hit]) -> Iterator[str]:
        """The ids of those documents that meet the condition: of an exact query all but those that name a coarse field."""
        unsure = []
        for hit in page:
            if self._exact and COARSE not in hit.get("fields", {}):
                yield hit["_id"]
            else:
                unsure.append(hit)
        for hit in self._read(unsure) if self._exact else unsure:
            if self._meets(from_document(hit["_source"], self._core.catalogue)):
                yield hit["_id"]

    def _read(self, hits: Sequence[Hit]) -> Iterator[Hit]:
        if hits:
            for page in documents(self._core.cluster, self._index, [hit["_id"] for hit in hits], _source=self._columns):
                yield from page


def _answers(core: Core, group: Sequence[Question]) -> list[Any]:
    """The answer to each question. Parts that the cluster refuses for a reason that passes are asked again, and they alone."""
    cluster, patience = core.cluster, Patience(core.cluster)
    answers: dict[Question, Any] = {}
    while left := [question for question in group if question not in answers]:
        refused = None
        for question, answer in zip(left, _once(cluster, left, patience), strict=True):
            if "error" not in answer:
                answers[question] = whole(cluster, answer)
            elif is_later(answer["status"], kind_in(answer["error"])):
                refused = answer["error"]
            else:
                raise refused_part(cluster.place, answer["error"], answer["status"])
        if refused is not None:
            if patience.ended:
                undone = f"did not answer {len(group) - len(answers)} of {len(group)} questions"
                raise kept_waiting(cluster.place, undone, cluster.patience, kind_in(refused), reason_in(refused))
            patience.wait()
    return [answers[question] for question in group]


def _once(cluster: Cluster, questions: Sequence[Question], patience: Patience) -> list[Any]:
    searches = [part for question in questions for part in question.search()]
    with cluster_faults(cluster.place):
        answer = patiently(cluster, lambda: cluster.client.msearch(searches=searches, max_concurrent_searches=AT_ONCE), patience)
    found: list[Any] = answer["responses"]
    return found
