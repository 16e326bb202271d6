"""The Sigma specification's sentences hold on a real server: what it finds, and what the predicate makes of that."""

from __future__ import annotations

import pytest

from soc.condition.dsl import to_dsl
from soc.condition.predicate import compile
from soc.condition.tree import Keyword, leaves
from tests.conformance import ROWS
from tests.test_values_conform import CATALOGUE, tree_of

EVENTS = [event for row in ROWS for event in (*row.met, *row.missed)]


@pytest.fixture(scope="module")
def found(server, make_index):
    """For each row the events that the server finds, and those that it cannot be sure of."""
    with make_index(CATALOGUE, EVENTS) as index:
        coarse = {place for place, document in enumerate(index.documents) if "soc.coarse" in document}
        return list(index.found([to_dsl(tree_of(row), CATALOGUE) for row in ROWS])), coarse


@pytest.mark.parametrize("number", range(len(ROWS)), ids=lambda number: ROWS[number].detection)
def test_a_sentence_of_the_specification_holds(number, found):
    tree, (answers, unsure) = tree_of(ROWS[number]), found
    if any(isinstance(leaf, Keyword) for leaf in leaves(tree)):
        unsure = unsure | {place for place, event in enumerate(EVENTS) if "{" in event.get("event.original", "")}
    meets = compile(tree, CATALOGUE)
    met = {place for place, event in enumerate(EVENTS) if meets(event)}

    assert met <= answers[number], ROWS[number].sentence
    if to_dsl(tree, CATALOGUE).exact:
        assert answers[number] - unsure == met - unsure
