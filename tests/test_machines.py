"""Several machines over one cluster and one desk, and a machine or a node that is lost: the outcome is that of one undisturbed process."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from kill_world import lay_out, soc
from machines import DONE, Machine, opened, outcome, progress, set_up

from tests.servers import indices
from tests.servers.elasticsearch import Cluster
from tests.servers.machine import wait_for
from tests.servers.needed import needed

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, site: Path) -> dict[str, Any]:
    """What one process leaves in segments."""
    home = set_up(tmp_path_factory.mktemp("calm") / "home", site=site, store="segments", prefix="soc", replicas=0, desk="sqlite")
    for command in ("init", "ingest", "detect"):
        soc(home, command)
    return outcome(home)


@pytest.fixture
def crew(
    tmp_path: Path, site: Path, elasticsearch_url: str, fresh_database: Callable[[], str]
) -> Iterator[tuple[list[Machine], list[Machine]]]:
    """Two ingesters and three detectors."""
    with indices.prefixed(elasticsearch_url) as prefix:
        places = {"site": site, "store": elasticsearch_url, "prefix": prefix.rstrip("-"), "replicas": 0, "desk": fresh_database()}
        kinds = ("ingest", "ingest", "detect", "detect", "detect")
        machines = [Machine(set_up(tmp_path / f"machine{number}", **places), kind) for number, kind in enumerate(kinds)]
        soc(machines[0].home, "init")
        yield machines[:2], machines[2:]
        for machine in machines:
            machine.stop()


@pytest.mark.parametrize("seed", range(4))
def test_two_ingesters_and_three_detectors_of_which_one_is_killed_leave_what_one_process_leaves(calm, crew, seed):
    ingesters, detectors = crew
    chance = random.Random(seed)
    victim, moment = chance.choice([*ingesters, *detectors]), chance.randint(1, 9)

    with opened(ingesters[0].home) as (store, desk):

        def is_done() -> bool:
            closed, covered = progress(store, desk)
            if not victim.lost and victim.runs and closed >= moment:
                victim.lose()
            read = [keep_going(one, _has_work) for one in ingesters]
            seen = [keep_going(one, lambda _: closed > covered) for one in detectors]
            return all(read) and all(seen) and closed == covered

        wait_for(is_done, "everything to be read and searched", seconds=400)

    home = next(one.home for one in ingesters if not one.lost)
    soc(home, "ingest")
    soc(home, "detect")
    found = outcome(home)
    assert found["events"] == calm["events"]
    assert found["alerts"] == calm["alerts"]
    assert found["cases"] == calm["cases"]


def keep_going(machine: Machine, wanted: Callable[[Machine], bool]) -> bool:
    """Starts the machine's command again while there is work; returns whether it rests."""
    if machine.lost:
        return True
    if machine.runs:
        return False
    machine.ended()
    if wanted(machine):
        machine.start()
        return False
    return True


def _has_work(ingester: Machine) -> bool:
    return ingester.ended() != DONE or "read 0 lines" not in ingester.said


# --- a node is lost --------------------------------------------------------------------------------------------------


@pytest.fixture
def three() -> Iterator[Cluster]:
    with ExitStack() as stack:
        with needed():
            cluster = stack.enter_context(Cluster())
        yield cluster


def test_a_node_that_is_lost_in_the_middle_costs_no_event_and_no_alert(calm, tmp_path, site, three, postgresql_url):
    places = {"site": site, "store": ", ".join(three.urls), "prefix": "soc", "replicas": 1, "desk": postgresql_url}
    reading = Machine(set_up(tmp_path / "machine", **places), "ingest")
    searching = Machine(reading.home, "detect")
    soc(reading.home, "init")

    with opened(reading.home) as (store, desk):
        reading.start()
        wait_for(lambda: progress(store, desk)[0] >= 2, "two batches")
        three.nodes[0].kill()
        wait_for(lambda: keep_going(reading, _has_work), "all to be read", seconds=400)
        lag = json.loads(_told(reading.home, "status", "--output", "json"))
        three.nodes[0].start()
        three.wait()
        _green(three)

        searching.start()
        wait_for(lambda: progress(store, desk)[1] >= 2, "two batches searched")
        three.nodes[1].kill()
        wait_for(lambda: _covered(searching, store, desk), "all to be searched", seconds=400)

    assert lag["coverage"]["uncovered"] == lag["coverage"]["batches"] > 0
    found = outcome(reading.home)
    assert found["events"] == calm["events"]
    assert found["alerts"] == calm["alerts"]
    assert found["cases"] == calm["cases"]
    reading.stop()
    searching.stop()


def _covered(machine: Machine, store: Any, desk: Any) -> bool:
    closed, covered = progress(store, desk)
    return keep_going(machine, lambda _: closed > covered) and closed == covered


def _green(cluster: Cluster) -> None:
    with cluster.nodes[2].client(request_timeout=150) as client:
        client.cluster.health(wait_for_status="green", timeout="120s")


def _told(home: Path, *words: str) -> str:
    """What soc prints on stdout."""
    call = [sys.executable, "-c", "from soc.cli.main import main; main()", "--home", str(home), *words]
    return subprocess.run(call, capture_output=True, text=True, timeout=120, check=False).stdout
