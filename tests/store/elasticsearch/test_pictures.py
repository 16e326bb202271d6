"""Alerts and cases where dashboards look, and the saved objects that show them. No Kibana runs here: structure is what is checked."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from soc.cli.cases.published import saved_objects
from soc.cli.main import cli
from soc.desk.cases.case import Head
from soc.desk.desk import open_desk
from soc.model import Alert, Evidence, Extent
from soc.respond.triaging.pictures import alert_documents, case_documents
from soc.store.elasticsearch.documents.mapping import properties
from soc.store.elasticsearch.documents.pictures import ALERTS, CASES
from soc.times import parse_iso
from tests.strategies import CATALOGUE

NOW = parse_iso("2026-10-11T12:00:00Z")
OBJECTS = [json.loads(line) for line in saved_objects("soc").splitlines()]
MAPPED = {"soc-alerts": ALERTS["properties"], "soc-cases": CASES["properties"], "soc-events": properties(CATALOGUE)}


def alert(id, *, count=3):
    event = {"source.ip": "203.0.113.7", "user.name": ["root", "admin"], "host.name": "gw1", "destination.ip": "no address"}
    extent = Extent(count, NOW, NOW + count, (Evidence(NOW, "e1", event),))
    tags = ("attack.t1110.001", "attack.credential_access")
    return Alert(id, "r1", "h", "Brute force", "high", tags, "uni-a", {"source.ip": "203.0.113.7"}, NOW, NOW + 1, extent)


# --- documents -------------------------------------------------------------------------------------------------------


def test_an_alert_has_the_names_that_dashboards_know():
    document = alert_documents([alert("a1")], {"a1": Head("2026-000001", status="in_progress")})["a1"]

    assert document["kibana.alert.workflow_status"] == "acknowledged"
    assert document["kibana.alert.case_ids"] == ["2026-000001"]
    assert document["threat.technique.id"] == ["T1110.001"]
    assert (document["source.ip"], document["user.name"]) == (["203.0.113.7"], ["admin", "root"])
    assert "destination.ip" not in document
    assert document.keys() <= ALERTS["properties"].keys()


def test_a_case_is_what_the_queue_shows_of_it():
    document = case_documents([Head("2026-000001", title="Brute force", institution="uni-a", opened_at=NOW, updated_at=NOW)])["2026-000001"]

    assert (document["soc.case.status"], document["organization.id"]) == ("new", "uni-a")
    assert document.keys() <= CASES["properties"].keys()


# --- saved objects ---------------------------------------------------------------------------------------------------


def test_there_are_three_data_views_two_searches_and_a_dashboard():
    kinds = [one["type"] for one in OBJECTS]

    assert {kind: kinds.count(kind) for kind in kinds} == {"index-pattern": 3, "search": 2, "visualization": 2, "dashboard": 1}
    assert len({(one["type"], one["id"]) for one in OBJECTS}) == len(OBJECTS)


@pytest.mark.parametrize("one", OBJECTS, ids=lambda one: one["id"])
def test_references_lead_somewhere_and_are_all_used(one):
    known = {(other["type"], other["id"]) for other in OBJECTS}

    assert {(ref["type"], ref["id"]) for ref in one["references"]} <= known
    names = {ref["name"].rpartition(":")[2] for ref in one["references"]}
    used = set(re.findall(r'"(?:indexRefName|panelRefName)":"([^"]+)"', json.dumps(one["attributes"]).replace('\\"', '"')))
    assert used == names


@pytest.mark.parametrize("one", [one for one in OBJECTS if one["type"] in ("search", "visualization")], ids=lambda one: one["id"])
def test_fields_are_in_our_mapping(one):
    known = MAPPED[one["references"][0]["id"]]
    attributes = one["attributes"]
    source = json.loads(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
    columns = attributes.get("columns", []) + [name for name, _ in attributes.get("sort", [])]
    grouped = [agg["params"]["field"] for agg in json.loads(attributes.get("visState", '{"aggs":[]}'))["aggs"] if "field" in agg["params"]]

    named = [*columns, *grouped, *re.findall(r"([\w.@]+) :", source["query"]["query"])]

    assert named
    assert set(named) <= known.keys()


def test_data_views_follow_the_prefix():
    titles = [json.loads(line)["attributes"]["title"] for line in saved_objects("net").splitlines()[:3]]

    assert titles == ["net-alerts", "net-cases", "net-events-*"]


# --- on a cluster ----------------------------------------------------------------------------------------------------


@pytest.fixture
def home(elasticsearch_url, index_prefix, tmp_path):
    said = f'[store]\nurl = "{elasticsearch_url}"\nprefix = "{index_prefix}x"\nreplicas = 0\n'
    (tmp_path / "soc.toml").write_text(said, encoding="utf-8")
    return tmp_path


def soc(home, *words):
    done = CliRunner().invoke(cli, ["--home", str(home), *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def put(home, *alerts):
    desk = open_desk(f"sqlite:///{home}/desk.db")
    with desk.write() as tx:
        tx.put_alerts(alerts, now=NOW)
    desk.close()


def test_what_is_on_the_desk_is_published_once_and_can_be_made_anew(home, elasticsearch_url, index_prefix):
    soc(home, "init")
    put(home, alert("a1"), alert("a2"))
    soc(home, "case", "open", "--institution", "unknown", "--title", "Phishing at uni-a")

    def published():
        return json.loads(soc(home, "store", "publish"))

    with Elasticsearch(elasticsearch_url) as client:
        assert published() == {"alerts": 2, "cases": 0}  # the case showed when it was opened
        assert published() == {"alerts": 0, "cases": 0}
        client.indices.delete(index=f"{index_prefix}x-alerts")
        assert published() == {"alerts": 2, "cases": 0}
        put(home, alert("a1", count=9))
        assert published() == {"alerts": 1, "cases": 0}
        held = client.get(index=f"{index_prefix}x-alerts", id="a1")["_source"]
    assert (held["soc.alert.events"], held["kibana.alert.rule.name"]) == (9, "Brute force")
