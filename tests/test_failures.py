"""A cluster that fails, and what soc says and keeps meanwhile. Real servers; a gate cuts the way to them.

What takes long is marked `cluster`, also where one node does.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from tests.servers.calls import CLEAN, SOC, Site, failures
from tests.servers.gate import Gate, gate
from tests.servers.machine import wait_for


@pytest.fixture
def way(elasticsearch_url: str) -> Iterator[Gate]:
    with gate(elasticsearch_url) as way:
        yield way


@pytest.fixture
def site(way: Gate, index_prefix: str, tmp_path: Path) -> Site:
    """An empty store behind the gate."""
    site = Site(tmp_path, {"url": way.url, "prefix": index_prefix.rstrip("-"), "replicas": 0, "patience": 0.5, "timeout": 20})
    site.done("init")
    return site


def small_batches(site: Site) -> None:
    with (site.home / "soc.toml").open("a") as config:
        config.write("[ingest]\nbatch = 500\n")


@pytest.fixture
def client(elasticsearch_url: str) -> Iterator[Elasticsearch]:
    with Elasticsearch(elasticsearch_url) as client:
        yield client


def log(site: Site, count: int) -> str:
    path = site.log
    path.write_text(failures(range(count)))
    return str(path)


def indices(client: Elasticsearch, prefix: str) -> list[str]:
    return sorted(client.indices.get(index=f"{prefix}events-*", features="aliases"))


def refused(ended: subprocess.CompletedProcess[str], *words: str, code: int = 3) -> None:
    """It ended with this code, and said all this, and no traceback."""
    said = ended.stdout + ended.stderr
    assert ended.returncode == code, said
    assert "Traceback" not in said
    for word in words:
        assert word in said, said


# --- standard input --------------------------------------------------------------------------------------------------


def test_standard_input_waits_in_the_spool_while_the_cluster_is_down(way: Gate, site: Site):
    first, second = failures(range(50)), failures(range(50, 80)) + "a last line without its end"
    way.shut()
    down = [site.soc("ingest", "-", typed=first), site.soc("ingest", "-", typed=second)]
    waiting = sorted(path.name for path in (site.home / "spool").iterdir())
    way.open()

    drained = site.soc("run")

    for ended in down:
        refused(ended, "cannot be reached", "bytes of standard input wait in", "the next soc ingest or soc run reads them first")
    assert waiting == ["000001.spool", "000002.spool"]
    assert drained.returncode == 0, drained.stderr
    assert site.lines() == sorted((first + second).splitlines())
    assert list((site.home / "spool").iterdir()) == []


def test_standard_input_that_is_cut_in_the_middle_is_stored_once(way: Gate, site: Site):
    """The gate shuts within a batch: some of its documents are there already."""
    text = failures(range(3000))
    small_batches(site)
    way.open(requests=3, only=b"/_bulk")
    cut = site.soc("ingest", "-", typed=text)
    way.open()

    drained = site.soc("ingest", "-", typed="afterwards\n")

    refused(cut, "bytes of standard input wait in")
    assert drained.returncode == 0, drained.stderr
    assert site.lines() == sorted([*text.splitlines(), "afterwards"])


@pytest.mark.cluster
def test_the_same_run_goes_on_when_the_cluster_is_back(way: Gate, site: Site):
    way.shut()
    call = [*SOC, "--home", str(site.home), "ingest", "-"]
    with subprocess.Popen(call, env=CLEAN, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdin
        running.stdin.write(failures(range(20)) + "half a ")
        running.stdin.flush()
        spool = site.home / "spool" / "000001.spool"
        wait_for(lambda: spool.exists() and b"half a " in spool.read_bytes(), "the spool")
        way.open()
        wait_for(lambda: running.poll() is not None or len(site.lines()) == 20, "the lines")
        running.stdin.write("line\nand another\n")
        _, said = running.communicate()

    assert running.returncode == 0, said
    assert site.lines() == sorted([*failures(range(20)).splitlines(), "half a line", "and another"])
    assert list((site.home / "spool").iterdir()) == []


@pytest.mark.cluster
def test_a_full_spool_stops_reading_and_keeps_what_was_read(way: Gate, site: Site):
    text = failures(range(3000))
    (site.home / "soc.toml").write_text((site.home / "soc.toml").read_text() + '[ingest]\nspool = "200 KB"\n')
    way.shut()
    with (site.home / "typed").open("w+") as typed:
        typed.write(text)
        typed.seek(0)
        full = subprocess.run([*SOC, "--home", str(site.home), "ingest", "-"], env=CLEAN, stdin=typed, capture_output=True, text=True)
    way.open()
    kept = (site.home / "spool" / "000001.spool").read_bytes().partition(b"\n")[2].decode()
    drained = site.soc("ingest", "-", typed="")

    refused(full, "spool: holds as much as it may, 200000 bytes: no more of standard input is read", "raise [ingest] spool")
    assert text.startswith(kept)
    assert len(kept) > 100_000
    assert drained.returncode == 0
    assert "".join(f"{line}\n" for line in site.lines()).startswith(kept.rpartition("\n")[0])


@pytest.mark.cluster
def test_a_killed_drain_is_taken_up_where_it_was(way: Gate, site: Site):
    text = failures(range(3000))
    small_batches(site)
    way.shut()
    site.soc("ingest", "-", typed=text)
    way.open(requests=3, only=b"/_bulk")
    cut = site.soc("ingest", "-", typed="")
    way.open()

    site.done("ingest", "-", typed="")

    assert cut.returncode == 3
    assert site.lines() == sorted(text.splitlines())


# --- files are their own buffer --------------------------------------------------------------------------------------


def test_a_file_is_read_once_however_the_cluster_goes_and_comes(way: Gate, site: Site):
    path = log(site, 5000)
    way.shut()
    down = site.soc("ingest", path)
    way.open(requests=1, only=b"/_bulk")
    cut = site.soc("ingest", path)
    way.open()
    back = site.soc("ingest", path)
    again = site.soc("ingest", path)

    refused(down, way.url, "cannot be reached", "start it, or set its URL under [store]")
    refused(cut, way.url, "cannot be reached")
    assert (back.returncode, again.returncode) == (0, 0), back.stderr + again.stderr
    assert "read 0 lines" in again.stderr
    assert site.lines() == sorted(failures(range(5000)).splitlines())


# --- detection is blind, and says so ---------------------------------------------------------------------------------


def test_detection_is_blind_while_the_cluster_is_away_and_catches_up(way: Gate, site: Site):
    site.done("ingest", log(site, 30))
    way.shut()
    down = site.soc("detect")
    blind = site.soc("status", "--output", "json")
    ill = site.soc("doctor")
    way.open()
    seeing = site.soc("detect")

    refused(down, way.url, "cannot be reached")
    refused(blind, "cannot be reached")
    told = json.loads(blind.stdout)
    assert told["detection"]["verdict"] == "blind"
    assert told["detection"]["blind_since"] == told["detection"]["last_run"]
    assert "cannot be reached" in told["unavailable"]
    refused(ill, "cannot be reached")
    assert seeing.returncode == 0, seeing.stderr
    assert json.loads(seeing.stdout)["events"] == 30
    assert site.status()["detection"]["blind_since"] is None
    assert site.status()["coverage"]["uncovered"] == 0


@pytest.mark.cluster
def test_a_cluster_that_goes_in_the_middle_of_detection_leaves_the_rest_to_the_next_run(way: Gate, site: Site):
    for number in range(3):
        site.done("ingest", "-", typed=failures(range(number * 10, number * 10 + 10)))
    way.open(requests=1, only=b"/_search")
    cut = site.soc("detect", "--output", "json")
    way.open()
    whole = site.soc("detect", "--output", "json")

    refused(cut, "blind: the store does not answer any more", "cannot be reached")
    assert json.loads(cut.stdout)["left"] >= 1
    assert whole.returncode == 0, whole.stderr
    assert site.status()["coverage"]["uncovered"] == 0
    assert site.status()["detection"]["verdict"] == "ok"


def test_a_cluster_that_does_not_answer_in_time_is_called_that(way: Gate, site: Site):
    (site.home / "soc.toml").write_text((site.home / "soc.toml").read_text().replace("timeout = 20", "timeout = 0.5"))
    way.open(silent=True)

    refused(site.soc("detect"), way.url, "gave no answer in time", "look at the cluster's load")


# --- indices that fail -----------------------------------------------------------------------------------------------


def test_a_disk_that_is_nearly_full_stops_writing_and_nothing_is_lost(site: Site, client: Elasticsearch, index_prefix: str):
    site.done("ingest", "-", typed="first\n")
    (index,) = indices(client, index_prefix)
    client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": True})
    blocked, ill = site.soc("ingest", "-", typed="second\n"), site.soc("doctor")
    client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": None})
    free = site.soc("ingest", "-", typed="third\n")

    refused(blocked, "read-only", "flood stage watermark", "bytes of standard input wait in")
    refused(ill, "indices are read-only: a disk is nearly full", code=4)
    assert free.returncode == 0, free.stderr
    assert site.lines() == ["first", "second", "third"]


def test_an_index_that_was_deleted_is_a_loss_and_never_quiet(site: Site, client: Elasticsearch, index_prefix: str):
    site.done("ingest", log(site, 30))
    for index in indices(client, index_prefix):
        client.indices.delete(index=index)
    site.done("ingest", "-", typed=failures(range(100, 105)))

    lost, kept = site.soc("detect"), site.soc("retain", "--days", "1")
    still, ill = site.soc("detect"), site.soc("doctor", "--deep")

    refused(lost, "batch 1: store has lost 30 events", code=4)
    assert kept.returncode == 0, kept.stderr
    refused(still, "batch 1: store has lost 30 events", code=4)
    refused(ill, "batch 1: 30 of 30 events are missing", code=4)
    assert site.status()["coverage"]["uncovered"] == 1


def test_what_an_index_made_by_hand_refuses_is_kept_and_replayed(site: Site, client: Elasticsearch, index_prefix: str):
    site.done("ingest", "-", "--feed", "files", typed=failures([1]))
    (index,) = indices(client, index_prefix)
    client.indices.delete(index=index)
    client.indices.create(index=index, mappings={"properties": {"source.ip": {"type": "boolean"}, "soc.batch": {"type": "long"}}})

    taken = site.soc("ingest", "-", typed=failures(range(10, 15)))
    status, ill, in_vain = site.soc("status"), site.soc("doctor"), site.soc("doctor", "--replay")
    client.indices.delete(index=index)
    replayed = site.soc("doctor", "--replay")

    refused(taken, "the cluster refused 5 events; they are kept as dead letters: see soc doctor", code=4)
    assert status.returncode == 4
    assert '"refused":5' in status.stdout
    refused(ill, "-dead: 5 events that the cluster refused", "source.ip", "soc doctor --replay", code=4)
    assert "took 0 of the events that it had refused; 5 it refuses still" in in_vain.stderr
    assert "took 5 of the events that it had refused; 0 it refuses still" in replayed.stderr
    assert site.lines() == failures(range(10, 15)).splitlines()
    assert site.status()["batches"]["refused"] == 0
    assert json.loads(site.soc("detect", "--output", "json").stdout)["events"] == 5


@pytest.mark.cluster
def test_a_red_index_is_named_and_nothing_is_lost(site: Site, client: Elasticsearch, index_prefix: str):
    site.done("ingest", "-", typed=failures([1]))
    (index,) = indices(client, index_prefix)
    client.indices.delete(index=index)
    nowhere = {"index.routing.allocation.include._name": "nowhere"}
    client.indices.create(index=index, settings={**nowhere, "number_of_replicas": 0}, wait_for_active_shards="0")

    stuck, ill = site.soc("ingest", "-", typed=failures([2])), site.soc("doctor")
    client.indices.put_settings(index=index, settings=dict.fromkeys(nowhere))
    client.cluster.health(index=index, wait_for_status="green")
    site.done("ingest", "-", typed="")

    refused(stuck, "some shards have no copy that is up", "start the nodes that hold them", "bytes of standard input wait in")
    refused(ill, f"{index}: red", "some shards have no copy that is up")
    assert site.lines() == failures([2]).splitlines()
