"""Many conditions at once, each over its datasets: how many events meet them, and what each costs the server.

Of a condition that few events meet they are looked at with the first answer; of others the server counts what it can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from soc.condition.tree import And, Equals, Node, Or
from soc.errors import ConditionError
from soc.fields import DATASET
from soc.model import Window
from soc.store.base import Concern, Tally
from soc.store.elasticsearch.questions.matching import FIRST, Question, asked
from soc.store.elasticsearch.questions.questions import Otherwise, within
from soc.store.elasticsearch.server.cluster import Core


def tallies(
    core: Core, concerns: Mapping[str, Concern], window: Window, otherwise: Otherwise, count: Callable[[Node, Window], int]
) -> Iterator[tuple[str, Tally]]:
    """See `soc.store.base.Store.tallies`. Raises StoreError."""
    for question, hits, ms in asked(core, _questions(core, concerns, window, otherwise)):
        events = len(set(question.met(hits))) if len(hits) < FIRST else count(_concerned(*concerns[question.name]), window)
        yield question.name, Tally(events, ms)


def _questions(core: Core, concerns: Mapping[str, Concern], window: Window, otherwise: Otherwise) -> Iterator[Question]:
    for name, (node, datasets) in concerns.items():
        try:
            question = Question(core, name, within(node, window), datasets, otherwise)
        except ConditionError:
            continue
        yield question


def _concerned(node: Node, datasets: Iterable[str]) -> Node:
    return And((Or(tuple(Equals(DATASET, dataset) for dataset in sorted(datasets))), node))
