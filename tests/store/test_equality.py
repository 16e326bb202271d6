"""Every public rule finds the same events whoever is asked: segments and Elasticsearch, each by queries and read back, and the predicate.

The stores are asked every rule about all events; segments are asked one of PART rules by SQL, too, which `test_public_rules` asks about
all of them. The predicate is asked about the ordinary ones (of lines as wholes, about a part of them), those made from the rules of the
same group, and whatever a store has found; under `cluster` about all.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import pytest

from soc.condition.sql import to_sql
from soc.match.matcher import Matcher
from tests.store import worlds
from tests.test_public_rules import unpacked

pytestmark = [pytest.mark.shared, pytest.mark.slow]
BATCH = 10_000
NOW = worlds.FIRST
DIFFERENT = 1500  # ordinary events that differ in what a rule reads and that the predicate is asked about
PART = 3
SELECTED = 60  # one rule of so many is also asked by `Store.select`


@pytest.fixture(scope="module")
def content():
    return worlds.content()


@pytest.fixture(scope="module")
def rules(tmp_path_factory, content):
    return worlds.public_rules(unpacked(tmp_path_factory.mktemp("public")), content)


@pytest.fixture(scope="module")
def ordinary(content):
    return worlds.ordinary(content)


def commit(store, events):
    with store.writer() as writer:
        for start in range(0, len(events), BATCH):
            writer.add(writer.begin(), events[start : start + BATCH], [], now=NOW)


def by_sql(store, rules, catalogue):
    """What meets each of a part of the rules, many rules to a statement."""
    columns = store.sql("SELECT * FROM events", limit=0)[0]
    ids = list(rules)[::PART]
    for start in range(0, len(ids), worlds.TOGETHER):
        some = ids[start : start + worlds.TOGETHER]
        asked = ", ".join(f'list("event.id") FILTER (WHERE {to_sql(rules[id], catalogue, columns)})' for id in some)
        (row,) = store.sql(f"SELECT {asked} FROM events", limit=1)[1]
        yield from ((id, frozenset(found or ())) for id, found in zip(some, row, strict=True))


def read_back(store, rules, catalogue):
    """What the matcher finds in the batches as they are read for it."""
    matcher = Matcher(rules, catalogue)
    assert not matcher.failed
    found = {id: set() for id in rules}
    for row in store.batches():
        for table in store.tables([row.number], matcher.columns).values():
            names = table["event.id"]
            for id, rows in matcher.match(table).items():
                found[id].update(names.take(rows).to_pylist())
    return found.items()


def by_dsl(store, rules, catalogue):
    return ((id, met.ids) for id, met in store.matches(rules))


WAYS = {
    "segments, SQL": ("segments", by_sql),
    "segments, read back": ("segments", read_back),
    "elasticsearch, DSL": ("elasticsearch", by_dsl),
    "elasticsearch, read back": ("elasticsearch", read_back),
}


class Asked:
    """One world: stores of both engines with its events, and what each way finds."""

    def __init__(self, engines, world, content, ordinary):
        self.world, self.catalogue, self.seconds = world, world.catalogue(content, ordinary), Counter()
        self.events, self.places = [{name: event[name] for name in event if name in self.catalogue} for event in ordinary], {}
        for number, group in enumerate(world.groups()):
            events = worlds.made(group, self.catalogue, number)
            self.places |= dict.fromkeys(group, range(len(self.events), len(self.events) + len(events)))
            self.events += events
        self.stores = {name: engine.fresh(self.catalogue) for name, engine in engines.items()}
        for store in self.stores.values():
            commit(store, self.events)
        with ThreadPoolExecutor(1) as beside:  # a server and DuckDB wait for each other's cores, and not for each other
            served = beside.submit(self._answers, "elasticsearch")
            self.found = self._answers("segments") | served.result()

    def _answers(self, engine):
        return {way: self._found(way) for way in WAYS if WAYS[way][0] == engine}

    def _found(self, way):
        engine, ask = WAYS[way]
        began = perf_counter()
        found = dict(ask(self.stores[engine], self.world.rules, self.catalogue))
        self.seconds[way] += perf_counter() - began
        return found

    def close(self):
        for store in self.stores.values():
            store.close()


@pytest.fixture(scope="module")
def asked(engines, rules, content, ordinary):
    """Every world, asked in every way."""
    found = [Asked(engines, world, content, ordinary) for world in worlds.worlds(rules)]
    yield found
    for one in found:
        one.close()


def test_segments_and_elasticsearch_find_the_same_events_for_every_public_rule(asked, rules, ordinary, record_property):
    count = Counter()
    for one in asked:
        truth = worlds.Truth(one.events, one.catalogue, len(ordinary), DIFFERENT)
        row_of = {event["event.id"]: row for row, event in enumerate(one.events)}
        for id, node in one.world.rules.items():
            some = {row_of[name] for found in one.found.values() for name in found.get(id, ())}
            met = truth.of(node, some.union(one.places[id]))
            differing = {way: met ^ found[id] for way, found in one.found.items() if found.get(id, met) != met}
            assert differing == {}, id
            count += Counter({"hits": len(met), "rules with a hit": bool(met), "rules": 1})
        count += Counter({"events": len(one.events) - len(ordinary)})
        count += one.seconds
    record_property("table", f"{len(ordinary)} ordinary events, and made ones: {dict(count)}")
    assert count["rules"] == len(rules)
    assert count["rules with a hit"] >= 0.95 * len(rules)
    assert len(ordinary) >= 20_000


def test_what_segments_and_elasticsearch_select_are_the_same_events(asked):
    for one in asked:
        for id, node in list(one.world.rules.items())[::SELECTED]:
            events = {name: list(store.select(node)) for name, store in one.stores.items()}
            assert events["segments"] == events["elasticsearch"], id
            assert {event["event.id"] for event in events["segments"]} == one.found["segments, read back"][id]


@pytest.mark.cluster
def test_the_predicate_on_all_events_finds_no_more_than_segments_and_elasticsearch(asked):
    for one in asked:
        truth = worlds.Truth(one.events, one.catalogue, len(one.events))
        for id, node in one.world.rules.items():
            assert truth.of(node, ()) == one.found["elasticsearch, DSL"][id], id
