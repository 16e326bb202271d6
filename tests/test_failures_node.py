"""A node that dies under soc, is paused, or has no memory left: each test has one of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.calls import Site, failures
from tests.servers.elasticsearch import single
from tests.servers.machine import wait_for
from tests.servers.needed import needed
from tests.servers.node import Node

pytestmark = pytest.mark.cluster


@pytest.fixture
def node() -> Iterator[Node]:
    with needed(), single() as node:
        yield node


def site_on(node: Node, folder: Path, **store: object) -> Site:
    site = Site(folder, {"url": node.url, "replicas": 0, "patience": 2, "timeout": 20, **store}, more="[ingest]\nbatch = 500")
    site.done("init")
    return site


def restart(node: Node) -> None:
    """Until it holds all its shards again."""
    node.start()
    node.wait()
    with node.client(request_timeout=70) as client:
        client.cluster.health(wait_for_status="green", timeout="60s")


def test_a_node_that_is_killed_in_the_middle_of_ingest_and_of_detection_costs_nothing(node: Node, tmp_path: Path):
    site, text = site_on(node, tmp_path), failures(range(20_000))
    pipe = site.begin("ingest", "-", typed=text)
    wait_for(lambda: site.batches() >= 3, "the first batches")
    node.kill()
    _, said = pipe.communicate()
    restart(node)

    drained = site.soc("ingest", "-", typed="")
    detection = site.begin("detect")
    wait_for(lambda: site.covered() >= 2, "the first batches to be searched")
    node.kill()
    _, cut = detection.communicate()
    restart(node)
    caught_up = site.soc("detect")

    assert pipe.returncode == 3
    assert "bytes of standard input wait in" in said
    assert "Traceback" not in said + cut
    assert drained.returncode == 0, drained.stderr
    assert detection.returncode == 3
    assert "blind: the store does not answer any more" in cut
    assert caught_up.returncode == 0, caught_up.stderr
    assert site.lines() == sorted(text.splitlines())
    assert site.status()["coverage"]["uncovered"] == 0


def test_a_paused_node_gave_no_answer_in_time(node: Node, tmp_path: Path):
    site = site_on(node, tmp_path)
    site.configure({"url": node.url, "replicas": 0, "patience": 0.5, "timeout": 1})
    node.pause()
    ended = [site.soc("detect"), site.soc("ingest", "-", typed=failures(range(10)))]
    node.resume()
    node.wait()
    site.configure({"url": node.url, "replicas": 0})
    site.done("ingest", "-", typed="")

    for one in ended:
        assert one.returncode == 3
        assert "gave no answer in time" in one.stderr
        assert "Traceback" not in one.stderr
    assert site.lines() == failures(range(10)).splitlines()


def test_requests_that_a_node_has_no_room_for_are_halved(tmp_path: Path):
    with needed(), single(**{"network.breaker.inflight_requests.limit": "600kb"}) as node:
        site = site_on(node, tmp_path)
        site.done("ingest", "-", typed=failures(range(2000)))

        assert len(site.lines()) == 2000


def test_a_node_without_memory_is_called_that_and_nothing_is_lost(node: Node, tmp_path: Path):
    site, breaker = site_on(node, tmp_path), "network.breaker.inflight_requests.limit"
    with node.client() as client:
        client.cluster.put_settings(persistent={breaker: "2kb"})
        tight = site.soc("ingest", "-", typed=failures(range(50)))
        client.cluster.put_settings(persistent={breaker: None})
    site.done("ingest", "-", typed="")

    assert tight.returncode == 3
    assert "has too little memory for this" in tight.stderr
    assert "give its nodes more heap" in tight.stderr
    assert "Traceback" not in tight.stderr
    assert site.lines() == failures(range(50)).splitlines()


def test_rejected_writes_are_sent_again_until_patience_ends(tmp_path: Path):
    with needed(), single(**{"indexing_pressure.memory.limit": "2kb"}) as node:
        site = site_on(node, tmp_path)
        ended = site.soc("ingest", "-", typed=failures(range(50)))

    assert ended.returncode == 3
    assert "is overloaded" in ended.stderr
    assert "bytes of standard input wait in" in ended.stderr
    assert json.loads(site.soc("status", "--output", "json").stdout)["spooled_bytes"] > 0
