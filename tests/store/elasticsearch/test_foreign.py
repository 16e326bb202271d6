"""Indices that soc does not write: nested documents, mappings of all kinds. What a query finds is what the predicate says of each."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from soc.cli.main import cli
from soc.condition.indexed import NANOS
from soc.condition.predicate import compile
from soc.condition.tree import (
    ANY,
    ONE,
    TRUE,
    And,
    Cidr,
    Compare,
    Contains,
    Ends,
    Equals,
    Exists,
    FieldRef,
    Keyword,
    Not,
    Or,
    Regex,
    Starts,
    TimePart,
    Wildcard,
)
from soc.errors import StoreError
from soc.model import Window
from soc.store.elasticsearch import connect
from soc.store.elasticsearch.foreign.foreign import ForeignEvents
from soc.store.elasticsearch.foreign.sight import sights
from soc.times import parse_iso
from tests.strategies import CATALOGUE

KEYWORD = {"type": "keyword", "ignore_above": 20}
ANALYSED = {"type": "text", "fields": {"keyword": KEYWORD}}


def objects(**types):
    return {"properties": types}


BEATS = {  # what Filebeat's template and dynamic mappings make
    "@timestamp": {"type": "date"},
    "message": {"type": "text"},
    "source": objects(ip={"type": "ip"}, port={"type": "long"}),
    "user": objects(name=KEYWORD),
    "event": objects(category={"type": "keyword"}, created={"type": "date", "format": "epoch_second"}, risk_score={"type": "float"}),
    "process": objects(
        name=ANALYSED,
        executable={"type": "keyword", "index": False, "doc_values": False},
        command_line={"type": "text"},
        interactive={"type": "boolean"},
        exit_code={"type": "integer", "ignore_malformed": True},
    ),
    "host": objects(name={"type": "keyword", "normalizer": "lower"}),
    "labels": {"type": "object", "dynamic": True},
    "vendor": objects(tag={"type": "keyword"}, size={"type": "short"}, parts={"type": "nested", **objects(name={"type": "keyword"})}),
    "rule": objects(name={"type": "keyword"}),
    "data": {"type": "flattened"},
}
OTHER = {  # another shipper, another mind
    "@timestamp": {"type": "date_nanos"},
    "source": objects(ip={"type": "keyword"}, port={"type": "keyword"}),
    "user": objects(name={"type": "text"}),
    "rule": objects(name={"type": "long"}),
}
T = "2026-10-11T12:00:00"
DOCUMENTS = [
    (
        "1",
        {"@timestamp": f"{T}.000100Z", "source": {"ip": "192.0.2.1", "port": 22}, "user": {"name": "Root"}, "message": "Wrong password"},
    ),
    ("1", {"@timestamp": f"{T}.000050Z", "source.ip": "2001:DB8::1", "source": {"port": "443"}, "user": {"name": "\u212aIM"}}),
    ("1", {"@timestamp": f"{T}+02:00", "user": {"name": "a name that is far too long to be indexed, with ROOT"}}),
    ("1", {"@timestamp": 1791720000123, "process": {"name": "CMD.exe", "executable": "C:\\Cmd.exe", "command_line": "cmd /c WhoAmI"}}),
    ("1", {"@timestamp": T, "process": {"name": "a very long process name.exe", "interactive": "true", "exit_code": "x"}}),
    ("1", {"process": {"interactive": False, "exit_code": 3}, "event": {"category": "network", "created": 1791720000}}),
    ("1", {"@timestamp": f"{T}Z", "host": {"name": "GW1"}, "labels": {"Env": "Prod"}, "event": {"category": ["host", "Network"]}}),
    ("1", {"@timestamp": f"{T}Z", "vendor": {"tag": "X\nY", "size": 7, "parts": [{"name": "one"}, {"name": "Two"}]}, "data": {"a": "b"}}),
    ("1", {"@timestamp": f"{T}Z", "rule": {"name": "Seven"}, "event": {"risk_score": 21.5}, "user": {"name": ["alice", "\u00c9ve"]}}),
    ("2", {"@timestamp": f"{T}.000000001Z", "source": {"ip": "198.51.100.7", "port": "22"}, "user": {"name": "Root Beer"}}),
    ("2", {"@timestamp": f"{T}Z", "rule": {"name": 7}, "source": {"ip": "no address", "port": "ssh"}}),
]
ASKED = [
    *(Equals("user.name", text) for text in ("root", "ROOT", "kim", "\u212aim", "\u00e9ve", "alice", "root beer")),
    *(leaf("user.name", "root") for leaf in (Contains, Starts, Ends)),
    Contains("user.name", "x" * 300),
    Equals("user.name", "Root", cased=True),
    Wildcard("user.name", ("r", ONE, ANY, "t")),
    Wildcard("user.name", (ANY, "root", ANY, "e" * 70)),
    Regex("user.name", "^R"),
    Regex("user.name", "(?i)ROOT$"),
    Regex("user.name", r"\bname\b"),
    Compare("user.name", "gt", 3),
    *(Exists(name) for name in ("user.name", "process.executable", "source.ip", "vendor.parts.name", "labels.Env", "no.such.field")),
    *(Equals("source.ip", ip) for ip in ("192.0.2.1", "2001:db8::1", "198.51.100.7", "no address")),
    *(Cidr("source.ip", net) for net in ("192.0.2.0/24", "198.51.100.0/24", "2001:db8::/32", "::/0")),
    Contains("source.ip", "db8"),
    *(Equals("source.port", port) for port in (22, "22", 443)),
    Compare("source.port", "gte", 100),
    Equals("process.name", "cmd.EXE"),
    Ends("process.name", ".EXE"),
    Contains("process.executable", "cmd"),
    Contains("process.command_line", "whoami"),
    Equals("process.interactive", True),
    Equals("process.exit_code", 3),
    Equals("process.exit_code", 1 << 40),
    Equals("host.name", "gw1"),
    Starts("host.name", "GW", cased=True),
    *(Equals("event.category", text) for text in ("network", "host")),
    Equals("labels.Env", "prod"),
    Equals("vendor.tag", "x\ny"),
    Regex("vendor.tag", "X.Y", "s"),
    Equals("vendor.size", 7),
    Equals("vendor.parts.name", "two"),
    *(Equals("rule.name", value) for value in ("seven", 7)),
    Compare("event.risk_score", "gt", 21),
    *(Compare("@timestamp", op, parse_iso(f"{T}.000100Z")) for op in ("lt", "lte", "gt", "gte")),
    *(Compare("@timestamp", op, moment) for op in ("lt", "gte") for moment in (NANOS[1], NANOS[1] + 1, 253_402_300_800_000_000)),
    Equals("@timestamp", NANOS[1] + 1),
    Equals("@timestamp", parse_iso(f"{T}.123Z")),
    Compare("event.created", "gte", parse_iso(f"{T}Z")),
    TimePart("@timestamp", "year", "eq", 2026),
    FieldRef("user.name", "process.name"),
    Keyword(Contains("", "PASSWORD")),
    TRUE,
]


@pytest.fixture(scope="module")
def pattern(elasticsearch_url):
    from tests.servers import indices

    with indices.prefixed(elasticsearch_url) as prefix, Elasticsearch(elasticsearch_url) as client:
        lower = {"analysis": {"normalizer": {"lower": {"type": "custom", "filter": ["lowercase"]}}}, "number_of_replicas": 0}
        client.indices.create(index=f"{prefix}1", mappings={"properties": BEATS}, settings=lower)
        client.indices.create(index=f"{prefix}2", mappings={"properties": OTHER}, settings={"number_of_replicas": 0})
        bulk(client, ({"_index": prefix + i, "_id": str(n), "_source": one} for n, (i, one) in enumerate(DOCUMENTS)), refresh=True)
        yield f"{prefix}*"


@pytest.fixture(scope="module")
def foreign(elasticsearch_url, pattern):
    cluster = connect(elasticsearch_url)
    yield ForeignEvents(cluster, pattern, CATALOGUE)
    cluster.client.close()


def numbers(events):
    return sorted(int(event["event.id"].rpartition("/")[2]) for event in events)


@pytest.mark.parametrize("turned", [False, True], ids=["met", "not met"])
def test_a_query_finds_what_the_predicate_says_of_every_document(foreign, turned):
    held = [event if event["@timestamp"] else _without_time(event) for event in foreign.select(TRUE)]
    asked = [Not(node) if turned else node for node in ASKED]

    found = [numbers(foreign.select(node)) for node in asked]

    assert numbers(held) == list(range(len(DOCUMENTS)))
    meant = [numbers(event for event in held if compile(node, foreign.catalogue)(event)) for node in asked]
    assert {str(node): pair for node, *pair in zip(asked, found, meant, strict=True) if pair[0] != pair[1]} == {}


def _without_time(event):
    """As conditions see a document without a time, which people are shown as of 1970."""
    return {name: value for name, value in event.items() if name != "@timestamp"}


MEANT = {
    Equals("user.name", "kim"): [1],
    Contains("user.name", "root"): [0, 2, 9],
    Equals("source.ip", "2001:db8::1"): [1],
    Cidr("source.ip", "198.51.100.0/24"): [9],
    Equals("source.port", 22): [0, 9],
    Ends("process.name", ".exe"): [3, 4],
    Contains("process.executable", "cmd"): [3],
    Equals("event.category", "network"): [5, 6],
    Equals("labels.Env", "prod"): [6],
    Equals("vendor.parts.name", "two"): [7],
    Equals("rule.name", 7): [10],
    Compare("event.created", "gte", parse_iso(f"{T}Z")): [5],
    Equals("@timestamp", parse_iso(f"{T}.123Z")): [3],
    Keyword(Contains("", "password")): [0],
}


def test_documents_mean_what_a_person_reads_in_them(foreign):
    assert {node: numbers(foreign.select(node)) for node in MEANT} == MEANT


def test_the_order_is_that_of_time_beyond_what_the_index_knows(foreign):
    found = [int(event["event.id"].rpartition("/")[2]) for event in foreign.select(Exists("source.port"), newest=True)]

    assert found.index(0) < found.index(1)


def test_a_window_is_half_open_and_counts_are_those_of_what_is_found(foreign):
    window = Window(parse_iso(f"{T}.000050Z"), parse_iso(f"{T}.000100Z"))

    assert numbers(foreign.select(TRUE, window)) == [1]
    assert foreign.count(TRUE, window) == 1
    assert foreign.top("source.port", TRUE) == [(22, 2), (443, 1)]
    assert foreign.histogram(TRUE, window, width=1_000_000, by="source.port") == [(parse_iso(f"{T}Z"), 443, 1)]


def test_fields_that_only_these_indices_have_are_fields(foreign):
    assert (foreign.catalogue["vendor.size"].type, foreign.catalogue["vendor.tag"].type) == ("long", "keyword")
    assert "process.name.keyword" not in foreign.catalogue


def test_what_cannot_be_searched_is_named(foreign):
    asked = And((Exists("no.such.field"), Exists("user.name"), Or((Exists("vendor.parts.name"), Exists("process.executable")))))

    assert foreign.unsearched(asked) == ["no.such.field", "process.executable", "vendor.parts.name"]


def test_a_pattern_without_an_index_is_an_error(elasticsearch_url):
    cluster = connect(elasticsearch_url)

    with pytest.raises(StoreError, match="no index is called 'nothing-like-this-\\*'"):
        ForeignEvents(cluster, "nothing-like-this-*", CATALOGUE)
    cluster.client.close()


RULE = """\
title: Shell asks who it is
id: 6c0a5b0e-52a1-4f0e-9d5c-0f6f6f2f1c13
status: test
logsource: {product: windows, category: process_creation}
detection:
  selection: {process.name|endswith: '.EXE', process.command_line|contains: 'whoami'}
  filter: {user.name: root}
  condition: selection and not filter
---
title: Asks at all
id: 7d0a5b0e-52a1-4f0e-9d5c-0f6f6f2f1c13
status: test
correlation:
  type: event_count
  rules: [6c0a5b0e-52a1-4f0e-9d5c-0f6f6f2f1c13]
  group-by: [process.name]
  timespan: 5m
  condition: {gte: 1}
"""


@pytest.fixture
def soc(elasticsearch_url, tmp_path):
    def call(*words):
        done = CliRunner().invoke(cli, ["--home", str(tmp_path), "--store", elasticsearch_url, *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    return call


def test_soc_hunts_where_it_does_not_write(soc, pattern, tmp_path):
    rule = tmp_path / "rule.yml"
    rule.write_text(RULE, encoding="utf-8")

    events, _ = soc("hunt", "events", "user.name:alice vendor.size:*  OR source.ip:192.0.2.0/24", "--index", pattern, "--since", "all")
    hit, _ = soc("hunt", "rule", "6c0a5b0e", "--rules", str(rule), "--index", pattern, "--since", "all", "--fields", "process.name")
    groups, _ = soc("hunt", "rule", "7d0a5b0e", "--rules", str(rule), "--index", pattern, "--since", "all")
    top, _ = soc("hunt", "top", "event.category", "--index", pattern, "--since", "all")
    drawn, _ = soc("hunt", "timeline", "--by", "source.port", "--index", pattern, "--since", "2026-10-11", "--until", "2026-10-12")
    _, said = soc("hunt", "events", "process.executable:*", "--index", pattern, "--since", "all")

    assert [event["source.port"] for event in events] == [22]
    assert hit == [{"process.name": "CMD.exe"}]
    assert [(row["process.name"], row["events"]) for row in groups] == [("cmd.exe", 1)]
    assert {row["value"]: row["events"] for row in top} == {"host": 1, "network": 1, "Network": 1}
    assert sum(row["events"] for row in drawn) == 10
    assert "cannot be searched by process.executable" in said


SIGHTS = {
    "user.name": ("otherwise", "indices differ: keyword, text"),
    "source.ip": ("otherwise", "indices differ: ip, keyword"),
    "process.name": ("cased", "its values are in process.name.keyword; no sub-field in lower case"),
    "process.executable": ("hidden", "not indexed"),
    "process.command_line": ("analysed", "analysed text without a sub-field .keyword"),
    "host.name": ("good", ""),
    "process.interactive": ("good", ""),
    "vendor.parts.name": ("hidden", "inside a nested or flattened object"),
    "no.such.field": ("missing", "no index has it"),
    "event.category": ("cased", "no sub-field in lower case"),
}


def test_each_field_is_judged_with_its_reason(elasticsearch_url, pattern):
    cluster = connect(elasticsearch_url)

    found = sights(cluster, pattern, SIGHTS, CATALOGUE)

    cluster.client.close()
    assert {name: (one.state, one.why[: len(SIGHTS[name][1])]) for name, one in found.items()} == SIGHTS


def test_soc_says_which_rules_would_be_blind_and_why(soc, pattern, tmp_path):
    rules = tmp_path / "rules.yml"
    others = {"blind": "process.hash.md5", "cased": "event.category", "good": "host.name", "slow": "process.command_line"}
    texts = [RULE_OF.format(name, number, field) for number, (name, field) in enumerate(others.items())]
    rules.write_text("---\n".join(texts), encoding="utf-8")

    found, said = soc("store", "inspect", pattern, "--rules", str(rules), "--all")
    fields, _ = soc("store", "inspect", pattern, "--rules", str(rules), "--fields")

    by_title = {row["title"]: row for row in found}
    assert {name: by_title[f"Is {name}"]["state"] for name in others} == {name: name for name in others}
    assert by_title["Is blind"]["why"] == ["process.hash.md5: no index has it in its mapping"]
    assert "blind" in said
    assert next(row for row in fields if row["field"] == "process.hash.md5")["rules"] >= 1


RULE_OF = """\
title: Is {0}
id: 6c0a5b0e-52a1-4f0e-9d5c-0f6f6f2f1d0{1}
status: test
logsource: {{product: windows}}
detection: {{selection: {{{2}: value}}, condition: selection}}
"""


SITE_RULE = """\
title: Mallory
id: 6c0a5b0e-52a1-4f0e-9d5c-0f6f6f2f1e01
status: test
level: high
logsource: {product: linux, service: sshd}
detection: {selection: {user.name: mallory}, condition: selection}
"""


def test_rules_run_over_what_has_arrived_and_alerts_are_the_same_however_often(elasticsearch_url, index_prefix, tmp_path):
    rules, home, index = tmp_path / "site" / "detections" / "rules", tmp_path / "home", f"{index_prefix}beats"
    rules.mkdir(parents=True)
    home.mkdir()
    (rules / "mallory.yml").write_text(SITE_RULE, encoding="utf-8")
    said = f'content = ["{tmp_path}/site"]\n[store]\nurl = "{elasticsearch_url}"\nprefix = "{index_prefix}x"\nreplicas = 0\n'
    (home / "soc.toml").write_text(said, encoding="utf-8")

    def soc(*words):
        done = CliRunner().invoke(cli, ["--home", str(home), *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.stdout.splitlines()]

    def arrives(client, id, name):
        document = {"@timestamp": f"{T}.{id}Z", "event": {"ingested": f"{T}.{id}Z", "id": "same"}, "user": {"name": name}}
        client.index(index=index, id=id, document=document | {"source": {"ip": "203.0.113.7"}}, refresh=True)

    def detected(*words):
        (found,) = soc("detect", "--index", f"{index_prefix}b*", "--dataset", "openssh.auth", *words)
        return found["events"], found["hits"], found["new"]

    soc("init")
    with Elasticsearch(elasticsearch_url) as client:
        client.indices.create(index=index, settings={"number_of_replicas": 0})
        for id, name in (("101", "Mallory"), ("102", "alice"), ("103", "MALLORY")):
            arrives(client, id, name)
        assert detected("--since", "all") == (3, 2, 1)
        assert detected("--since", "all") == (3, 2, 0)
        assert detected() == (0, 0, 0)
        arrives(client, "104", "mallory")
        assert detected("--since", "all") == (4, 3, 0)
    (alert,) = soc("alert", "list")
    assert alert["count"] == 3
    assert len(soc("case", "list")) == 1
