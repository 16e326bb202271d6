"""What a command changes of alerts and cases shows on a cluster's dashboards when it ends; a cluster that is away fails no command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from soc.cli.main import cli
from tests.servers.calls import Site, failures
from tests.servers.gate import Gate, gate

LEVEL = {"alerts": 0, "cases": 0}  # what `soc store publish` finds to be written when dashboards show what the desk holds


class Desk:
    """A site whose commands run in this process."""

    def __init__(self, home: Path, client: Elasticsearch, prefix: str) -> None:
        self.home, self._client, self._prefix = home, client, prefix

    def soc(self, *words: str, code: int = 0) -> Any:
        done = CliRunner().invoke(cli, ["--home", str(self.home), *words], catch_exceptions=False, standalone_mode=False)
        assert (done.return_value or 0) == code, done.output
        return done

    def told(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.soc(*words, "--output", "json").stdout.splitlines()]

    def behind(self) -> dict[str, Any]:
        """What has to be written before dashboards show what the desk holds."""
        return self.told("store", "publish")[0]

    def shown(self, kind: str, field: str) -> dict[str, Any]:
        self._client.indices.refresh(index=f"{self._prefix}-{kind}")
        hits = self._client.search(index=f"{self._prefix}-{kind}", size=100)["hits"]["hits"]
        return {hit["_id"]: hit["_source"].get(field) for hit in hits}


@pytest.fixture
def way(elasticsearch_url: str) -> Iterator[Gate]:
    with gate(elasticsearch_url) as way:
        yield way


@pytest.fixture
def desk(way: Gate, elasticsearch_url: str, index_prefix: str, tmp_path: Path) -> Iterator[Desk]:
    """A store with guessed passwords that no rule has seen yet."""
    site = Site(tmp_path, {"url": way.url, "prefix": index_prefix.rstrip("-"), "replicas": 0, "patience": 0.5})
    site.log.write_text(failures(range(30)))
    with Elasticsearch(elasticsearch_url) as client:
        made = Desk(site.home, client, index_prefix.rstrip("-"))
        made.soc("init")
        made.soc("ingest", str(site.log))
        yield made


def test_what_a_command_changes_shows_when_it_ends(desk):
    desk.soc("detect")
    alerts, cases = desk.shown("alerts", "kibana.alert.workflow_status"), desk.shown("cases", "soc.case.status")
    assert (set(alerts.values()), set(cases.values()), desk.behind()) == ({"open"}, {"new"}, LEVEL)
    first = sorted(cases)[0]
    mine = [id for id, case in desk.shown("alerts", "soc.case.id").items() if case == first]

    desk.soc("case", "status", first, "in_progress")
    begun = desk.shown("alerts", "kibana.alert.workflow_status")
    desk.soc("case", "close", first, "--verdict", "false_positive")
    closed = desk.shown("alerts", "kibana.alert.workflow_status")
    (opened,) = desk.told("case", "open", "--institution", "unknown", "--title", "Phishing")
    desk.soc("case", "assign", opened["id"], "alice")

    assert {begun[id] for id in mine} == {"acknowledged"}
    assert {closed[id] for id in mine} == {"closed"}
    assert desk.shown("cases", "soc.case.verdict")[first] == "false_positive"
    assert desk.shown("cases", "soc.case.owner")[opened["id"]] == "alice"
    assert desk.behind() == LEVEL


def test_what_playbooks_do_shows_too(desk):
    desk.soc("detect")
    (opened,) = desk.told("case", "open", "--institution", "unknown", "--title", "Phishing", "--severity", "low")
    book = desk.told("playbook", "list")[0]["id"]

    for words in (("respond",), ("playbook", "run", opened["id"], book)):
        desk.soc(*words)

        assert desk.shown("cases", "soc.case.updated_at")[opened["id"]]
        assert desk.behind() == LEVEL


def test_a_cluster_that_is_away_fails_no_command_and_the_next_run_catches_up(desk, way):
    desk.soc("detect")
    first = sorted(desk.shown("cases", "soc.case.owner"))[0]
    way.shut()

    done = desk.soc("case", "assign", first, "alice")
    way.open()
    before = desk.shown("cases", "soc.case.owner")[first]
    desk.soc("run")

    assert done.stderr.startswith("dashboards are behind the desk until the next soc run, or soc store publish: http://")
    assert (before, desk.shown("cases", "soc.case.owner")[first]) == (None, "alice")
    assert desk.behind() == LEVEL


def test_what_changes_nothing_asks_the_cluster_for_nothing(desk, way):
    desk.soc("detect")
    alert = next(iter(desk.shown("alerts", "soc.case.id")))
    desk.soc("init", "--site", str(desk.home / "site"))
    way.shut()

    said = [desk.soc(*words).stderr for words in (("case", "list"), ("alert", "show", alert), ("playbook", "list"))]
    content = ("--content", str(desk.home / "site"))
    excepted = desk.soc(*content, "exception", "add", "--from-alert", alert, "--reason", "audit", "--expires", "36500d")

    assert not any("dashboards" in text for text in (*said, excepted.stderr))
