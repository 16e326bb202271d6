"""An overloaded cluster: what it refuses for a reason that passes is asked again, and when patience ends it is said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from soc.condition.tree import TRUE, Equals
from soc.desk.desk import open_desk
from soc.desk.register.register import make_register, open_register
from soc.errors import StoreError
from soc.store.elasticsearch import connect, name_store, open_cluster, prepare
from tests.servers import indices
from tests.servers.relay import REJECTED, Relay, refusal, relay
from tests.strategies import CATALOGUE

START = 1_700_000_000_000_000
NAMES = ("root", "guest", "admin", "nobody", "bin")
CONDITIONS = {name: Equals("user.name", name) for name in NAMES}
WRONG = {"type": "parsing_exception", "reason": "unknown query"}


@pytest.fixture(scope="module")
def way(elasticsearch_url) -> Iterator[Relay]:
    with relay(elasticsearch_url) as way:
        yield way


@pytest.fixture(scope="module")
def opened(elasticsearch_url, way, tmp_path_factory):
    """Opens the one store of these tests with so much patience."""
    with ExitStack() as stack:
        prefix = stack.enter_context(indices.prefixed(elasticsearch_url)).rstrip("-")
        desk = open_desk(f"sqlite:///{tmp_path_factory.mktemp('desk')}/desk.db", create=True)
        stack.callback(desk.close)
        cluster = connect(way.url, prefix=prefix)
        stack.callback(cluster.client.close)
        prepare(cluster, CATALOGUE, replicas=0)
        name_store(cluster, make_register(desk, now=0).store)

        def opened(patience):
            asking = replace(cluster, patience=patience)
            return open_cluster(asking, CATALOGUE, lambda id: open_register(desk, id), writer="t", clock=lambda: START, replicas=0)

        events = [
            {"@timestamp": START + n, "event.id": f"e{n}", "event.dataset": "law", "user.name": name} for n, name in enumerate(NAMES * 2)
        ]
        with opened(60).writer() as writer:
            writer.add(writer.begin(), events, [], now=START)
        yield opened


@pytest.fixture(autouse=True)
def undone(way):
    way.asked.clear()
    yield
    way.exchange = lambda path, answer: None


def parts_refused(way: Relay, *rounds: dict[int, dict]):
    """The parts of each msearch in turn that are refused."""
    left = iter(rounds)

    def exchange(path, answer):
        if not path.endswith("/_msearch"):
            return None
        for place, part in next(left, {}).items():
            answer["responses"][place] = part
        return 200, answer

    way.exchange = exchange


def whole_refused(way: Relay, path: str, times: int, status: int = 429, error: dict = REJECTED):
    """So many requests to the path are refused."""
    left = iter(range(times))
    way.exchange = lambda asked, answer: (status, refusal(status, error)) if asked.endswith(path) and next(left, None) is not None else None


def searches(way: Relay) -> list[int]:
    """How many questions each msearch asked."""
    return [body.count(b"\n") // 2 for body in way.requests("/_msearch")]


def test_parts_that_are_refused_are_asked_again_and_they_alone(way, opened):
    unready = {"type": "no_shard_available_action_exception", "reason": "no shard available"}
    parts_refused(way, {1: refusal(429), 3: refusal(503, unready)}, {0: refusal(429)})

    met = dict(opened(60).matches(CONDITIONS))

    assert {name: one.ids for name, one in met.items()} == {name: {f"e{n}", f"e{n + 5}"} for n, name in enumerate(NAMES)}
    assert list(met) == list(NAMES)
    assert searches(way) == [5, 2, 1]


def test_parts_that_stay_refused_are_an_error_when_patience_ends(way, opened):
    parts_refused(way, *[{0: refusal(429)}] * 20)

    with pytest.raises(StoreError) as raised:
        dict(opened(0.5).matches(CONDITIONS))

    what, repair = str(raised.value).split("\n")
    assert what.startswith(way.url)
    assert "is overloaded: did not answer 1 of 5 questions within 0.5 s: rejected execution of a search: queue capacity = 1000" in what
    assert repair.strip() == "try again, or give it more nodes"
    assert searches(way) == [5, 1, 1]  # again after 0.2 s, and when the rest is over


def test_a_part_that_is_wrong_is_not_asked_again(way, opened):
    parts_refused(way, {2: refusal(400, WRONG)})

    with pytest.raises(StoreError, match="refuses this: parsing_exception: unknown query"):
        dict(opened(60).matches(CONDITIONS))

    assert searches(way) == [5]


def test_a_part_that_a_full_disk_refuses_is_not_asked_again(way, opened):
    parts_refused(way, {2: refusal(429, {"type": "cluster_block_exception", "reason": "index read-only-allow-delete"})})

    with pytest.raises(StoreError):
        dict(opened(60).matches(CONDITIONS))

    assert searches(way) == [5]


@pytest.mark.parametrize("path", ["/_search", "/_count", "/_pit", "/_msearch"])
def test_a_question_that_is_refused_as_a_whole_is_asked_again(way, opened, path):
    store = opened(60)
    ask = {
        "/_search": lambda: sum(1 for _ in store.select(TRUE)),
        "/_count": lambda: store.count(TRUE),
        "/_pit": lambda: sum(1 for _ in store.select(TRUE)),
        "/_msearch": lambda: sum(len(one.ids) for _, one in store.matches(CONDITIONS)),
    }[path]
    undisturbed = ask()
    way.asked.clear()
    whole_refused(way, path, 2)

    assert ask() == undisturbed == len(NAMES) * 2
    assert len(way.requests(path)) > 2


@pytest.mark.parametrize(
    ("status", "error", "said", "asked"),
    [
        (429, REJECTED, "is overloaded: rejected execution.*\n  try again, or give it more nodes", 3),
        (503, {"type": "master_not_discovered_exception", "reason": "none"}, "has no master", 1),
        (429, {"type": "circuit_breaking_exception", "reason": "Data too large"}, "has too little memory for this", 1),
    ],
)
def test_a_question_is_asked_again_until_patience_ends_or_not_at_all(way, opened, status, error, said, asked):
    whole_refused(way, "/_count", 20, status, error)

    with pytest.raises(StoreError, match=said):
        opened(0.3).count(TRUE)

    assert len(way.requests("/_count")) == asked
