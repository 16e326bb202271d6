"""Commands whose disk fails, or which are interrupted, while they commit: nothing is lost, and the next call completes the work."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.failing_sync import BUG, DONE, FAIL, FAILED, INTERRUPT, Workshop, workshop
from tests.test_disk import RULE, soc

LINE = "<38>1 2026-11-{day:02d}T10:{minute:02d}:00Z gw1 {program} 7 - - Failed password for root from 203.0.113.{host} port 7 ssh2\n"
PLAYBOOK = """\
id: once
title: Once
when: {{level: high}}
steps:
  begin: {{action: note, with: {{text: begun}}, on_success: tell}}
  tell: {{action: run, with: {{command: [/bin/sh, -c, "echo $SOC_KEY >> {told}"]}}, on_completion: end}}
  end: {{end: done}}
"""
BATCHES, BATCH = 18, 20
EVENTS = BATCHES * (BATCH + 1)
MANIFEST_LOG, DESK_LOG = "manifest.db-wal", "desk.db-wal"
MOST = 60  # syncs of a file that one command can make


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with workshop(tmp_path_factory.mktemp("shop"), "tests.failing_soc") as made:
        yield made


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder with content, a log of many small batches of two datasets, and an empty state folder."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("site/detections/rules", "site/ingest", "site/playbooks", "logs"):
        (folder / name).mkdir(parents=True)
    (folder / "site/detections/rules/root.yml").write_text(RULE)
    (folder / "site/ingest/gateways.yml").write_text(f"paths: [{folder}/logs]\n")
    (folder / "site/playbooks/once.yml").write_text(PLAYBOOK.format(told=folder / "told"))
    for number in range(BATCHES):
        lines = (LINE.format(day=1 + n % 3, minute=n, program=("sshd", "portd")[n % 2], host=number % 2 + 1) for n in range(BATCH))
        (folder / f"logs/{number:02d}.log").write_text(f"{number} is its own source\n" + "".join(lines))
    soc(folder, "init", "--site", str(folder / "site"))
    config = folder / "home/soc.toml"
    config.write_text(config.read_text().replace("days = 30", "days = 19000") + f"[ingest]\nbatch = {BATCH}\n")
    return folder


def called(shop: Workshop, home: Path, *words: str, **fault):
    ended = shop.run("--home", str(home), *words, **fault)
    assert ended.code != BUG, ended.said
    assert "Traceback" not in ended.said, ended.said
    return ended


def state(shop: Workshop, home: Path):
    """Events, and what the alerts of the site's rule count by key; no fault."""
    sound = called(shop, home, "doctor", "--deep", "--output", "json")
    assert sound.code == DONE, sound.said
    said = called(shop, home, "alert", "list", "--limit", "1000", "--output", "json").said  # of none it is told on stderr
    alerts = [json.loads(row) for row in said.splitlines() if row != "no alert"]
    return json.loads(sound.said)["store"]["events"], sorted((json.dumps(alert["key"]), alert["count"]) for alert in alerts)


def test_soc_retain_that_is_interrupted_ends_between_two_steps_and_loses_nothing(shop, site, tmp_path):
    ingested = tmp_path / "ingested"
    shutil.copytree(site / "home", ingested)
    called(shop, ingested, "ingest")
    for at in range(1, MOST):
        home = tmp_path / f"{at}"
        shutil.copytree(ingested, home)

        ended = called(shop, home, "retain", ending=MANIFEST_LOG, at=at, what=INTERRUPT)

        assert ended.code == DONE, ended.said
        assert state(shop, home)[0] == EVENTS
        if ended.met < at:
            break
        assert "stopped before the end" in ended.said
        assert called(shop, home, "retain").code == DONE
        assert state(shop, home)[0] == EVENTS
    assert at > 3


@pytest.mark.parametrize("ending", [MANIFEST_LOG, DESK_LOG])
def test_whichever_commit_of_soc_run_fails_it_says_so_and_the_next_run_completes_the_work(shop, site, tmp_path, ending):
    told, calm = site / "told", tmp_path / "calm"
    shutil.copytree(site / "home", calm)
    told.unlink(missing_ok=True)
    called(shop, calm, "run")
    wanted, cases = state(shop, calm), len(told.read_text().split())
    assert (wanted[0], sum(count for _, count in wanted[1]), cases) == (EVENTS, BATCHES * BATCH // 2, 2)
    for at in range(1, MOST, 11):
        home = tmp_path / f"{at}"
        shutil.copytree(site / "home", home)
        told.unlink(missing_ok=True)

        ended = called(shop, home, "run", ending=ending, at=at, what=FAIL)

        if ended.code == DONE:
            break
        assert ended.code in (FAILED, 4), ended.said
        assert ending.removesuffix("-wal") in ended.said
        again = called(shop, home, "run")
        assert again.code == DONE, again.said
        assert state(shop, home) == wanted
        assert not told.exists() or len(told.read_text().split()) == cases
    assert at > 20
