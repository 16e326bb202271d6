"""Many conditions at once: each gets its events, whatever the size of its answer, and an unsure one the predicate's word."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from soc.condition.tree import TRUE, Contains, Equals, FieldRef, Not
from soc.model import Window
from soc.store.elasticsearch.questions import matching
from tests.store.conftest import Elastic

START = 1_700_000_000_000_000
LONG = "x" * 9000 + "root"


@pytest.fixture(scope="module")
def store(elasticsearch_url, tmp_path_factory):
    with ExitStack() as stack:
        made = Elastic(elasticsearch_url, tmp_path_factory, stack).fresh()
        names = ["root", LONG, "Root", *(["guest"] * matching.FIRST)]
        events = [
            {"@timestamp": START + n, "event.id": f"e{n}", "event.dataset": "odd" if n == 2 else "law", "user.name": name}
            for n, name in enumerate(names)
        ]
        with made.writer() as writer:
            writer.add(writer.begin(), events, [], now=START)
        yield made
        made.close()


CONDITIONS = {
    "root": Equals("user.name", "ROOT"),
    "coarse": Contains("user.name", "root"),
    "by the predicate": FieldRef("user.name", "user.name"),
    "many": Not(Contains("user.name", "root")),
    "none": Equals("user.name", "nobody"),
}


def test_each_condition_gets_its_events(store):
    met = dict(store.matches(CONDITIONS))

    assert list(met) == list(CONDITIONS)
    assert met["root"].ids == {"e0", "e2"}
    assert met["coarse"].ids == {"e0", "e1", "e2"}
    assert len(met["by the predicate"].ids) == matching.FIRST + 3
    assert len(met["many"].ids) == matching.FIRST
    assert met["none"].ids == set()
    assert all(one.bytes and one.ms >= 0 for one in met.values())


def test_a_window_and_datasets_narrow_the_answer(store):
    window = Window(START, START + 2)

    assert dict(store.matches(CONDITIONS, window))["root"].ids == {"e0"}
    assert dict(store.matches(CONDITIONS, datasets=["odd"]))["root"].ids == {"e2"}
    assert dict(store.matches({"all": TRUE}, datasets=["no such"]))["all"].ids == set()


def test_a_request_holds_no_more_than_a_small_server_bears(store):
    many = {f"rule {n}": Contains("user.name", f"{n}" + "y" * matching.BYTES) for n in range(3)} | {
        f"small {n}": CONDITIONS["root"] for n in range(120)
    }

    met = dict(store.matches(many))

    assert [len(found.ids) for found in met.values()] == [0] * 3 + [2] * 120
