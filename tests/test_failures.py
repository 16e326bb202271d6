"""A cluster that fails, and what soc says and keeps meanwhile. Real servers; a gate cuts the way to them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture
def client(elasticsearch_url: str) -> Iterator[Elasticsearch]:
    with Elasticsearch(elasticsearch_url) as client:
        yield client


def log(site: Site, count: int) -> str:
    path = site.home / "auth.log"
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
    text = failures(range(9000))
    (site.home / "soc.toml").write_text((site.home / "soc.toml").read_text() + "[ingest]\nbatch = 3000\n")
    way.open(requests=3, only=b"/_bulk")
    cut = site.soc("ingest", "-", typed=text)
    way.open()

    drained = site.soc("ingest", "-", typed="afterwards\n")

    refused(cut, "bytes of standard input wait in")
    assert drained.returncode == 0, drained.stderr
    assert site.lines() == sorted([*text.splitlines(), "afterwards"])


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


def test_a_killed_drain_is_taken_up_where_it_was(way: Gate, site: Site):
    text = failures(range(9000))
    (site.home / "soc.toml").write_text((site.home / "soc.toml").read_text() + "[ingest]\nbatch = 3000\n")
    way.shut()
    site.soc("ingest", "-", typed=text)
    way.open(requests=3, only=b"/_bulk")
    cut = site.soc("ingest", "-", typed="")
    way.open()

    site.done("ingest", "-", typed="")

    assert cut.returncode == 3
    assert site.lines() == sorted(text.splitlines())
