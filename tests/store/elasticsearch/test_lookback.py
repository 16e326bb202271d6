"""The look-back of a new rule over what a cluster holds: only what concerns the rule is read, and what is lost is named all the same."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from soc.condition.tree import Equals
from soc.store.elasticsearch.questions.matching import FIRST
from tests.rule_kit import FAILED, counted
from tests.servers.calls import LINE as SSHD
from tests.servers.calls import Site
from tests.servers.relay import relay
from tests.store.elasticsearch.detecting import NEW, RULE, World, failed

OTHERS = 300


@pytest.fixture
def read():
    """Documents that came back from searches, by path of the request."""
    return []


@pytest.fixture
def world(elasticsearch_url, tmp_path, read):
    with relay(elasticsearch_url) as way, ExitStack() as stack:
        world = World(tmp_path / "world", way.url, stack)
        way.exchange = lambda path, answer: read.extend(answer.get("hits", {}).get("hits", ())) if "_search" in path else None
        yield world


def accepted(number):
    return f"<38>Oct 11 09:{number // 60:02d}:{number % 60:02d} gw1 sshd[4722]: Accepted password for alice from 192.0.2.7 port 40022 ssh2"


def test_a_new_rule_reads_only_events_that_it_concerns_and_finds_what_it_would_have_found(world, read):
    world.ingest(failed(minute=0), failed(minute=1), *map(accepted, range(OTHERS)))
    first = world.detect()
    world.rule("new", counted("New", NEW, 2))
    read.clear()

    second = world.detect()

    assert (first.new, second.new, second.batches, second.failed) == (0, 1, 1, {})
    assert {run_type for run_type, _ in world.found()[0].values()} == {"backfill"}
    events = [hit for hit in read if "soc.batch" in hit.get("_source", {})]
    assert 2 <= len(events) < OTHERS


def test_a_batch_that_has_lost_events_is_named_though_few_of_it_are_read(world):
    world.ingest(failed(minute=0), failed(minute=1), *map(accepted, range(OTHERS)))
    world.detect()
    (lost,) = [event["event.id"] for event in world.store.select(Equals("event.outcome", "success"), limit=1)]
    for name in world.client.indices.get(index=f"{world.cluster.prefix}-events-*"):
        world.client.options(ignore_status=404).delete(index=name, id=lost, refresh=True)
    world.rule("new", counted("New", NEW, 2))

    outcome = world.detect()

    assert (outcome.new, outcome.failed) == (1, {"batch 1": "store has lost 1 events"})


def test_rules_are_counted_with_what_each_cost_the_server(elasticsearch_url, index_prefix, tmp_path):
    site = Site(tmp_path, {"url": elasticsearch_url, "prefix": index_prefix.rstrip("-"), "replicas": 0})
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "failed.yml").write_text(RULE)
    site.done("init")
    lines = [SSHD.format(second=number % 60, part=number, user=f"user{number}") for number in range(FIRST + 5)]
    site.done("ingest", "-", typed="".join(lines))

    found = site.done("hunt", "rules", "--since", "all", "--rules", str(tmp_path / "rules"), "--output", "json")

    (row,) = [row for row in map(json.loads, found.splitlines()) if row["rule"] == FAILED]
    assert (row["events"], type(row["ms"])) == (FIRST + 5, int)
