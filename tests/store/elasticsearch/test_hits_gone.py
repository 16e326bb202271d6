"""Somebody deletes the index of hits: it is noticed, said, and what is found in the end is what an undisturbed run has found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from soc.detect.coverage.anew import reach
from soc.errors import StoreError
from soc.times import DAY, HOUR, MINUTE, iso
from tests.rule_kit import counted
from tests.servers.calls import Site, failures
from tests.servers.relay import Relay, refusal, relay
from tests.store.elasticsearch.detecting import NEW, NOW, World, failed


@pytest.fixture
def way(elasticsearch_url) -> Iterator[Relay]:
    with relay(elasticsearch_url) as way:
        yield way


@pytest.fixture
def client(elasticsearch_url: str) -> Iterator[Elasticsearch]:
    with Elasticsearch(elasticsearch_url) as client:
        yield client


@pytest.fixture
def worlds(elasticsearch_url, tmp_path_factory):
    with ExitStack() as stack:
        yield lambda url=elasticsearch_url: World(tmp_path_factory.mktemp("world"), url, stack)


INGEST = st.lists(st.builds(failed, st.sampled_from((9, 10, 11)), st.integers(0, 12), st.sampled_from((7, 8))), min_size=1, max_size=6)
STEPS = st.lists(st.one_of(INGEST, INGEST, st.sampled_from(("detect", "detect", "delete", "stop", "rule"))), min_size=3, max_size=9)
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # each example makes two stores


@settings(max_examples=5, deadline=None, phases=NO_SHRINKING)
@given(steps=STEPS)
def test_whatever_is_deleted_when_all_is_as_in_an_undisturbed_run(elasticsearch_url, tmp_path_factory, steps):
    with ExitStack() as stack:
        disturbed, undisturbed = (World(tmp_path_factory.mktemp("world"), elasticsearch_url, stack) for _ in range(2))
        for step in [*steps, "detect"]:
            for world in (disturbed, undisturbed):
                if step == "detect":
                    world.detect()
                elif step == "rule":
                    world.rule("new", counted("New", NEW, 2))
                elif step == "stop":
                    world.detect(stop=lambda: True)
                elif step != "delete":
                    world.ingest(*step)
            if step == "delete":
                disturbed.client.options(ignore_status=404).indices.delete(index=disturbed.index)

        assert disturbed.found() == undisturbed.found()
        assert disturbed.fault() == ""


def test_a_group_whose_earlier_hits_are_gone_triggers_all_the_same(worlds):
    world = worlds()
    world.ingest(failed(minute=0), failed(minute=1))
    world.ingest(failed(hour=1))
    first = world.detect()
    world.delete_hits()
    said = world.fault()
    world.ingest(failed(minute=2))

    second = world.detect()

    assert (first.new, first.remade) == (0, 0)
    assert f"{world.store.place}: hits of rules are gone" in said
    assert "those of 2 batches\n  make them anew" in said
    assert (second.batches, second.new, second.remade, second.left) == (1, 1, 2, 0)
    assert world.fault() == ""


def test_what_a_new_batch_needs_is_made_anew_before_it_is_judged_and_the_rest_when_there_is_time(worlds):
    world = worlds()
    world.ingest(failed(hour=1))
    world.ingest(failed(minute=0), failed(minute=1))
    world.detect()
    world.delete_hits()
    world.ingest(failed(minute=2))
    stops = iter((False, True))  # covers what is new, and then its time is over

    cut = world.detect(stop=lambda: next(stops))
    said = world.fault()
    whole = world.detect()

    assert reach(world.content().rules) == 3 * HOUR + 3 * HOUR + 5 * MINUTE
    assert (cut.new, cut.remade, cut.left) == (1, 1, 1)
    assert "are being made anew: those of 1 batches" in said
    assert (whole.remade, whole.left, world.fault()) == (1, 0, "")


def test_an_index_made_by_a_server_that_guessed_is_replaced(worlds):
    world = worlds()
    world.ingest(failed(minute=0), failed(minute=1))
    world.detect()
    world.delete_hits()
    world.client.index(index=world.index, document={"rule": "a text"}, refresh=True)
    said = world.fault()
    world.ingest(failed(minute=2))

    outcome = world.detect()

    assert "are gone" in said
    assert (outcome.new, outcome.remade) == (1, 1)
    assert world.client.indices.get_mapping(index=world.index)[world.index]["mappings"]["dynamic"] == "strict"


def test_an_index_that_goes_while_a_batch_is_judged_leaves_the_batch_to_the_next_run(way, worlds, client):
    world = worlds(way.url)
    world.ingest(failed(minute=0), failed(minute=1))
    world.detect()
    world.ingest(failed(minute=2))

    def deleted(path, answer):
        if path.endswith("/_bulk"):
            client.options(ignore_status=404).indices.delete(index=world.index)

    way.exchange = deleted
    cut = world.detect()
    way.exchange = lambda path, answer: None
    whole = world.detect()

    assert (cut.new, cut.left) == (0, 1)
    assert "are gone" in cut.failed["batch 2"]
    assert "the next run makes them anew" in cut.failed["batch 2"]
    assert (whole.new, whole.remade, whole.left) == (1, 1, 0)


def test_a_run_that_ends_when_the_index_was_just_made_leaves_the_hits_lost(way, worlds):
    world = worlds(way.url)
    world.ingest(failed(minute=0), failed(minute=1))
    world.detect()
    world.delete_hits()
    world.ingest(failed(minute=2))
    way.exchange = lambda path, answer: (503, refusal(503)) if answer.get("index") == world.index and "acknowledged" in answer else None

    with pytest.raises(StoreError, match="is overloaded"):
        world.detect()
    way.exchange = lambda path, answer: None
    said, whole = world.fault(), world.detect()

    assert "those of 1 batches" in said
    assert (whole.new, whole.remade, whole.left) == (1, 1, 0)


def test_a_store_of_an_earlier_soc_is_believed_as_far_as_it_has_hits(worlds):
    here, gone = worlds(), worlds()
    for world in (here, gone):
        world.ingest(failed(minute=0), failed(minute=1))
        world.detect()
        with world.desk.write() as tx:
            tx.connection.exec_driver_sql("DELETE FROM meta WHERE name LIKE 'hits of %'")
        world.ingest(failed(minute=2))
    gone.delete_hits()

    assert (here.fault(), "are gone" in gone.fault()) == ("", True)
    assert [(found.new, found.remade) for found in (here.detect(), gone.detect())] == [(1, 0), (1, 1)]


def test_hits_of_others_documents_are_made_anew_as_far_back_as_rules_look(worlds, index_prefix):
    world, index = worlds(), f"{index_prefix}beats"
    world.client.indices.create(index=index, settings={"number_of_replicas": 0})

    def arrives(minute):
        moment = iso(NOW - HOUR + minute * MINUTE)
        document = {"@timestamp": moment, "event": {"ingested": moment, "outcome": "failure"}, "source": {"ip": "203.0.113.7"}}
        world.client.index(index=index, document=document, refresh=True)

    for minute in (10, 11):
        arrives(minute)
    world.now = NOW - HOUR + 13 * MINUTE
    first = world.watch(index)
    world.delete_hits()
    arrives(13)
    world.now = NOW

    second, third = world.watch(index), world.watch(index)

    assert [(found.events, found.new) for found in (first, second, third)] == [(2, 0), (1, 1), (0, 0)]
    (alert,) = world.found()[0].values()
    assert [extent.count for _, extent in alert[1]] == [3]


def test_a_run_by_a_clock_that_was_ahead_hides_nothing_from_the_next(worlds, index_prefix):
    world, index = worlds(), f"{index_prefix}beats"
    world.client.indices.create(index=index, settings={"number_of_replicas": 0})
    world.now = NOW + 365 * DAY
    jumped = world.watch(index)
    moment = iso(NOW - 2 * MINUTE)
    document = {"@timestamp": moment, "event": {"ingested": moment, "outcome": "failure"}, "source": {"ip": "203.0.113.7"}}
    world.client.index(index=index, document=document, refresh=True)
    world.now = NOW

    assert (jumped.events, world.watch(index).events) == (0, 1)


# --- as it is called -------------------------------------------------------------------------------------------------


@pytest.fixture
def site(elasticsearch_url: str, index_prefix: str, tmp_path: Path) -> Site:
    site = Site(tmp_path, {"url": elasticsearch_url, "prefix": index_prefix.rstrip("-"), "replicas": 0})
    site.done("init")
    return site


def test_it_is_said_by_status_doctor_and_store_and_detect_mends_it(site: Site, client: Elasticsearch, index_prefix: str):
    site.done("ingest", "-", typed=failures(range(30)))
    site.done("detect")
    client.indices.delete(index=f"{index_prefix}hits")

    status, doctor, plan = site.soc("status", "--output", "json"), site.soc("doctor"), site.soc("store", "plan", "--output", "json")
    applied = site.soc("store", "apply")
    replaced = site.soc("status", "--output", "json")
    mended = site.soc("detect")
    after = [site.soc("status", "--output", "json"), site.soc("doctor")]

    assert (status.returncode, doctor.returncode, replaced.returncode) == (4, 4, 4), status.stderr + doctor.stderr
    for said in (json.loads(status.stdout)["coverage"]["hits"], doctor.stdout, plan.stderr, applied.stderr):
        assert "hits of rules are gone" in said
        assert "make them anew" in said and "soc detect" in said
    assert {"index": f"{index_prefix}hits", "change": "missing", "fields": []} in map(json.loads, plan.stdout.splitlines())
    assert "those of 1 batches were made anew" in mended.stderr
    assert [ended.returncode for ended in (mended, *after)] == [0, 0, 0]
    assert json.loads(after[0].stdout)["batches"]["hits"] > 0
