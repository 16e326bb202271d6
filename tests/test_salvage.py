"""A machine that dies in the middle of a batch: what it had sent is salvaged, and when it comes back after all nothing is twice."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from dying_machine import NAME
from kill_world import lay_out
from machines import opened, outcome, set_up

from soc.condition.tree import TRUE
from soc.event import Event
from tests.servers import indices
from tests.servers.calls import CLEAN, SOC

LINES, BATCH, SENT = 14_400, 5_000, 2_000  # of the site; at least, of its first batch; of that in one request
DYING = Path(__file__).with_name("dying_machine.py")


class Crew(NamedTuple):
    """Two machines over one store; one state folder where the desk is a file in it."""

    lost: Path
    other: Path

    def die(self, taken: str = "long ago") -> None:
        ended = subprocess.run([sys.executable, str(DYING), str(self.lost), taken], env=CLEAN, capture_output=True, text=True, check=False)
        assert ended.returncode == -9, ended.stderr


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, world: Path) -> dict[str, Any]:
    """What one process leaves in segments."""
    home = set_up(tmp_path_factory.mktemp("calm") / "home", site=world, store="segments", prefix="soc", replicas=0, desk="sqlite")
    for command in ("init", "ingest", "detect"):
        soc(home, command)
    return outcome(home)


@pytest.fixture
def crew(request: pytest.FixtureRequest, tmp_path: Path, world: Path, elasticsearch_url: str) -> Iterator[Crew]:
    with indices.prefixed(elasticsearch_url) as prefix:
        desk = "sqlite" if request.param == "sqlite" else request.getfixturevalue("fresh_database")()
        places = {"site": world, "store": elasticsearch_url, "prefix": prefix.rstrip("-"), "replicas": 0, "desk": desk, "batch": BATCH}
        lost = set_up(tmp_path / "lost", **places)
        soc(lost, "init")
        yield Crew(lost, lost if desk == "sqlite" else set_up(tmp_path / "other", **places))


def soc(home: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run([*SOC, "--home", str(home), *words], env=CLEAN, capture_output=True, text=True, check=False)
    assert ended.returncode == code, ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
    return ended


def told(home: Path, *words: str, code: int = 0) -> Any:
    return json.loads(soc(home, *words, "--output", "json", code=code).stdout)


def of_these_alone(sent: Iterable[Event], world: Path, folder: Path) -> dict[str, tuple[int, int, int]]:
    """The alerts, with their extents, of one process that never had other lines than these of one institution."""
    site, log = folder / "alone", folder / "sent.log"
    shutil.copytree(world, site)
    log.write_text("".join(f"{event['event.original']}\n" for event in sent))
    (site / "ingest" / "uni-a.yml").write_text(f"paths: [{log}]\ninstitution: uni-a\n")
    (site / "ingest" / "uni-b.yml").unlink()
    home = set_up(folder / "calm", site=site, store="segments", prefix="soc", replicas=0, desk="sqlite")
    for command in ("init", "ingest", "detect"):
        soc(home, command)
    return {id: (count, first, last) for id, (count, first, last, _) in outcome(home)["alerts"].items()}


@pytest.mark.parametrize("crew", ["postgresql"], indirect=True)
def test_what_a_lost_machine_had_sent_is_searched_once_it_is_salvaged_and_raises_its_alerts_once(crew, world, tmp_path):
    crew.die()
    blind = told(crew.other, "detect")
    named, advice = told(crew.other, "status", code=4)["batches"]["left"], told(crew.other, "doctor", code=4)["faults"]

    salvaged = told(crew.other, "store", "salvage", "--all")
    seen, again = told(crew.other, "detect"), told(crew.other, "detect")

    assert (blind["batches"], named) == (0, [1])
    assert any(f"batch 1: {NAME} left it unfinished" in fault and fault.endswith("soc store salvage 1") for fault in advice)
    assert [salvaged[name] for name in ("batch", "writer", "events")] == [1, NAME, SENT]
    assert salvaged["announced"] > SENT
    assert [(run["batches"], run["events"]) for run in (seen, again)] == [(1, SENT), (0, 0)]
    assert seen["new"] > 0
    found = outcome(crew.other)
    with opened(crew.other) as (store, desk), desk.read() as tx:
        assert [(row.number, row.events, row.absorbs) for row in store.batches()] == [(salvaged["as"], SENT, (1,))]
        raised = {alert.id: (alert.extent.count, alert.extent.first, alert.extent.last) for alert in tx.alerts()}
        assert (store.sources(), sum(feed.events for feed in store.feeds())) == ([], SENT)
    assert len(found["events"]) == SENT
    assert raised == of_these_alone(found["events"].values(), world, tmp_path)
    assert soc(crew.other, "store", "salvage", "1", code=3).stderr.startswith("soc: batch 1 was salvaged, or its lines are read on")


@pytest.mark.parametrize("crew", ["postgresql"], indirect=True)
def test_a_machine_that_comes_back_with_its_files_reads_each_line_once_and_alerts_are_those_of_an_undisturbed_run(calm, crew):
    crew.die()
    told(crew.other, "store", "salvage", "1")
    early = told(crew.other, "detect")

    soc(crew.lost, "ingest")
    late = told(crew.other, "detect")

    assert (early["events"], late["events"]) == (SENT, LINES - SENT)
    assert told(crew.other, "status")["batches"]["left"] == []
    with opened(crew.other) as (store, _):
        assert sum(feed.events for feed in store.feeds()) == store.count(TRUE) == LINES
    assert outcome(crew.other) == calm


@pytest.mark.parametrize("crew", ["sqlite"], indirect=True)
def test_a_batch_that_somebody_may_still_write_is_not_salvaged(crew):
    crew.die("now")

    refused = soc(crew.other, "store", "salvage", "1", code=3)
    none = soc(crew.other, "store", "salvage", "--all")
    unnamed = soc(crew.other, "store", "salvage", code=2)

    assert f"soc: batch 1 is being written by {NAME}, until 2" in refused.stderr
    assert refused.stderr.endswith("Z at the latest\n  wait for it\n")
    assert (none.stdout, none.stderr) == ("", "nothing was left unfinished\n")
    assert "which batches? Left unfinished: none\n" in unnamed.stderr
    with opened(crew.other) as (store, _):
        assert ([one.lapsed for one in store.unfinished()], store.batches()) == ([False], [])


def test_segments_have_nothing_to_salvage(tmp_path):
    home = tmp_path / "home"
    soc(home, "init")

    ended = soc(home, "store", "salvage", "--all", code=2)

    assert "in segments a batch is there whole or not at all, and none has to be salvaged" in ended.stderr
