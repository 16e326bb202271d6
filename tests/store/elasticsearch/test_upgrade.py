"""A catalogue that changes under a store: fields come, types change, and what was stored before is found as after."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from soc.cli.main import cli
from soc.condition.predicate import compile
from soc.condition.tree import TRUE, And, Cidr, Compare, Contains, Ends, Equals, Exists, Not, Or, Starts
from soc.desk.desk import open_desk
from soc.desk.register.register import make_register, open_register
from soc.fields import Field
from soc.model import Window
from soc.store.elasticsearch import connect, name_store, open_cluster, prepare
from soc.store.elasticsearch.indices.upgrade import apply, plan
from soc.times import parse_iso
from tests.strategies import CATALOGUE

NOW = parse_iso("2026-10-11T12:00:00Z")
BEFORE = CATALOGUE.extended([Field("gate.code", "long"), Field("gate.peer", "keyword"), Field("gate.open", "keyword")])
GROWN = BEFORE.extended([Field("gate.name", "keyword"), Field("gate.seen", "date")])
AFTER = CATALOGUE.extended([Field("gate.code", "keyword"), Field("gate.peer", "ip"), Field("gate.open", "bool")])


class World:
    """One cluster and desk, opened by whatever catalogue."""

    def __init__(self, url, prefix, folder):
        self.desk, self.clock = open_desk(f"sqlite:///{folder}/desk.db", create=True), iter(range(NOW, NOW + 10**9, 1000))
        self.cluster = connect(url, prefix=prefix.rstrip("-"))
        prepare(self.cluster, BEFORE, replicas=0)
        name_store(self.cluster, make_register(self.desk, now=NOW).store)

    def store(self, catalogue):
        register, clock = lambda id: open_register(self.desk, id), lambda: next(self.clock)
        return open_cluster(self.cluster, catalogue, register, writer="w", clock=clock, shards=2, replicas=0)

    def add(self, catalogue, *events):
        with self.store(catalogue).writer() as writer:
            whole = [{"@timestamp": NOW + int(e["event.id"]), "event.dataset": "gate.log", **e} for e in events]
            return writer.add(writer.begin(), whole, (), now=NOW).batch

    def indices(self):
        return sorted(self.cluster.client.indices.get(index=self.cluster.events, features="aliases"))


@pytest.fixture
def world(elasticsearch_url, index_prefix, tmp_path):
    made = World(elasticsearch_url, index_prefix, tmp_path)
    yield made
    made.cluster.client.close()
    made.desk.close()


def test_an_index_has_the_shards_that_the_store_was_opened_with(world):
    world.add(BEFORE, *OLD)

    (settings,) = world.cluster.client.indices.get_settings(index=world.cluster.events, flat_settings=True).values()

    assert settings["settings"]["index.number_of_shards"] == "2"


def ids(events):
    return [event["event.id"] for event in events]


def test_a_store_that_was_made_today_has_nothing_to_plan(world):
    world.add(BEFORE, {"event.id": "1"})

    assert not plan(world.cluster, BEFORE, replicas=0)
    assert plan(world.cluster, BEFORE, replicas=0).indices == ()


def test_a_writer_puts_new_fields_in_place_by_itself(world):
    world.add(BEFORE, {"event.id": "1"})

    row = world.add(GROWN, {"event.id": "2", "gate.name": "North", "gate.seen": NOW})

    store = world.store(GROWN)
    assert row.events == 1
    assert store.statistics()["refused"] == 0
    assert ids(store.select(Equals("gate.name", "north"))) == ["2"]
    assert len(world.indices()) == 1


def test_a_plan_says_what_would_be_added_and_apply_adds_it_once(world):
    world.add(BEFORE, {"event.id": "1"})

    found = plan(world.cluster, GROWN, replicas=0)
    apply(world.cluster, GROWN, found, replicas=0)

    assert found.template == "its fields"
    assert [sorted(one.new) for one in found.indices] == [["gate.name", "gate.seen"]]
    assert not plan(world.cluster, GROWN, replicas=0)
    apply(world.cluster, GROWN, found, replicas=0)
    assert not plan(world.cluster, GROWN, replicas=0)


def test_a_changed_type_gets_an_index_of_its_own_and_older_writers_keep_theirs(world):
    world.add(BEFORE, {"event.id": "1", "gate.code": 7})
    world.add(AFTER, {"event.id": "2", "gate.code": "seven"})
    world.add(BEFORE, {"event.id": "3", "gate.code": 8})
    world.add(AFTER, {"event.id": "4", "gate.code": "eight"})

    first, second = world.indices()
    assert second == f"{first}.2"
    assert world.store(AFTER).statistics()["refused"] == 0
    assert [one.changed for one in plan(world.cluster, AFTER, replicas=0).indices] == [("gate.code", "gate.open", "gate.peer")]
    assert not plan(world.cluster, AFTER, replicas=0).indices[0].new


OLD = [
    {"event.id": "1", "gate.code": 7, "gate.peer": "192.0.2.1", "gate.open": "true"},
    {"event.id": "2", "gate.code": 8, "gate.peer": "no address", "gate.open": "ajar"},
    {"event.id": "3"},
]
NEW = [
    {"event.id": "4", "gate.code": "7", "gate.peer": "192.0.2.1", "gate.open": True},
    {"event.id": "5", "gate.code": "Seven", "gate.peer": "198.51.100.1", "gate.open": False},
    {"event.id": "6"},
]
ASKED = [
    (Equals("gate.code", "7"), ["1", "4"]),
    (Not(Equals("gate.code", 7)), ["2", "3", "5", "6"]),
    (Or((Equals("gate.code", "8"), Equals("gate.code", "sEVEN"))), ["2", "5"]),
    (Contains("gate.code", "EVE"), ["5"]),
    (Starts("gate.code", "8"), ["2"]),
    (Not(Ends("gate.code", "7")), ["2", "3", "5", "6"]),
    (Compare("gate.code", "gt", 7), ["2"]),
    (Exists("gate.code"), ["1", "2", "4", "5"]),
    (Not(Exists("gate.code")), ["3", "6"]),
    (Cidr("gate.peer", "192.0.2.0/24"), ["1", "4"]),
    (Not(Cidr("gate.peer", "192.0.2.0/24")), ["2", "3", "5", "6"]),
    (Equals("gate.peer", "no address"), ["2"]),
    (Equals("gate.open", True), ["1", "4"]),
    (And((Not(Equals("gate.open", True)), Exists("gate.peer"))), ["2", "5"]),
    (TRUE, ["1", "2", "3", "4", "5", "6"]),
]


def test_questions_go_across_both_types(world):
    world.add(BEFORE, *OLD)
    world.add(AFTER, *NEW)
    store = world.store(AFTER)

    held = list(store.select(TRUE))

    assert [(ids(store.select(node)), store.count(node)) for node, _ in ASKED] == [(met, len(met)) for _, met in ASKED]
    assert [[e["event.id"] for e in held if compile(node, AFTER)(e)] for node, _ in ASKED] == [met for _, met in ASKED]
    assert store.top("gate.code", TRUE) == [("7", 2), ("8", 1), ("Seven", 1)]
    assert sum(count for *_, count in store.histogram(TRUE, Window(NOW, NOW + 1_000_000), width=1_000_000, by="gate.code")) == 6
    assert held[1]["labels"] == {"gate.open": "ajar"}


def test_a_batch_of_before_is_read_back_as_of_today(world):
    row = world.add(BEFORE, *OLD)

    table = world.store(AFTER).tables([row.number])["gate.log"]

    assert table.column("gate.code").to_pylist() == ["7", "8", None]
    assert table.column("gate.open").to_pylist() == [True, None, None]


def test_soc_store_plans_and_applies(elasticsearch_url, index_prefix, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "soc.toml").write_text(f'[store]\nurl = "{elasticsearch_url}"\nprefix = "{index_prefix}x"\nreplicas = 0\n', encoding="utf-8")

    def soc(*words):
        done = CliRunner().invoke(cli, ["--home", str(home), *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.stdout.splitlines()]

    soc("init")
    assert soc("store", "plan") == []

    cluster = connect(elasticsearch_url, prefix=f"{index_prefix}x")
    cluster.client.indices.delete_index_template(name=f"{index_prefix}x-events")
    cluster.client.close()
    assert soc("store", "plan") == [{"index": "template", "change": "missing", "fields": []}]
    assert soc("store", "apply") == [{"index": "template", "change": "missing", "fields": []}]
    assert soc("store", "plan") == []
