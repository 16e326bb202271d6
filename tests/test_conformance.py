"""What Sigma's specification says of whole documents, sentence by sentence: rules, correlations and filters through load, events and cells.

Values and modifiers stand in `tests/test_sigma.py`. Sentences: Sigma rules, correlation rules and filters specification 2.1.0.
"""

from __future__ import annotations

import pytest

from soc.detect.hits.scan import Scanner
from soc.detect.ruleset.load import load_rules
from soc.detect.runs.trial import attempt
from soc.fields import base_catalogue
from soc.parsing.parser import ANY, Dataset
from soc.times import MINUTE

FIELDS = dict.fromkeys(("user.name", "source.ip", "destination.ip", "host.name", "event.action", "event.outcome"), ANY)
DATASETS = [
    Dataset("openssh.auth", logsources=[{"product": "linux", "service": "sshd"}], fields=FIELDS),
    Dataset("sudo", logsources=[{"product": "linux", "service": "sudo"}], fields=FIELDS),
]
ID = "00000000-0000-4000-8000-00000000000"
FAILED = f"""
title: failed
id: {ID}1
name: failed
logsource: {{product: linux, service: sshd}}
detection:
  selection: {{event.outcome: failure}}
  condition: selection
"""
LOGIN = FAILED.replace("failed", "login").replace(f"{ID}1", f"{ID}2").replace("failure", "success")
MANY = f"""
title: many
id: {ID}3
name: many
correlation:
  type: event_count
  rules: [failed]
  group-by: [source.ip]
  timespan: 5m
  condition: {{gte: 3}}
"""


@pytest.fixture
def load(tmp_path):
    def loaded(*rules: str, **files: str):
        """The rule set of these documents; other files by folder."""
        for folder, text in {"rules": "\n---\n".join(rules), **files}.items():
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "a.yml").write_text(text)
        return load_rules([tmp_path], catalogue=base_catalogue(), datasets=DATASETS)

    return loaded


def event(minute: float, outcome: str = "failure", **more: str):
    fields = {"source.ip": "192.0.2.1"} | {name.replace("_", "."): value for name, value in more.items()}
    named = {"event.id": f"{minute} {sorted(fields.items())}", "event.dataset": "openssh.auth", "@timestamp": int(minute * MINUTE)}
    return named | {"event.outcome": outcome} | fields


def raised(rules, *events):
    """The count of each alert by the title of its rule, its key's values and the minute at which its cell begins."""
    assert not rules.refused and not rules.errors, (rules.refused, rules.errors)
    cells = attempt(events, rules, Scanner(rules, DATASETS, (), base_catalogue()), base_catalogue()).cells
    return {(cell.rule.title, *cell.key.values(), cell.start // MINUTE): cell.count for cell in cells}


UNKNOWN = [  # what stands instead, what is said of it, on which line
    (FAILED, "logsource:", "logsources:", "did you mean 'logsource'?", 5),
    (FAILED, "service: sshd", "services: sshd", "did you mean 'service'?", 5),
    (FAILED, "name: failed", "nmae: failed", "did you mean 'name'?", 4),
    (FAILED, "name: failed", "level: severe", "informational, low, medium, high, critical", 4),
    (FAILED, "name: failed", "status: stabel", "stable, test, experimental, deprecated, unsupported", 4),
    (FAILED, "name: failed", "tags: [attack.t1110, attck.t1078]", "did you mean attack.t1078?", 4),
    (FAILED, "name: failed", "tags: [attack.t111]", "attack.t1110 or attack.t1110.003", 4),
    (FAILED, "name: failed", "tags: [attack.credental-access]", "did you mean attack.credential-access?", 4),
    (FAILED, "name: failed", "tags: [t1110]", "a tag has a namespace", 4),
    (FAILED, "name: failed", "condition: selection", "write it under detection", 4),
    (FAILED, "name: failed", "correlation: {}", "one document for each", 4),
    (FAILED, "condition: selection", "condition: 2 of selection*", "'2 of' is not a quantifier", 8),
    (FAILED, "condition: selection", "condition: 1 of (selection*)", "expected `them` or a name with * behind '1 of'", 8),
    (MANY, "group-by", "group_by", "did you mean 'group-by'?", 8),
    (MANY, "timespan", "timeframe", "did you mean 'timespan'?", 9),
    (MANY, "timespan: 5m", "timespan: 5m\n  level: high", "known: type, rules, aliases, group-by, timespan, condition, generate", 10),
    (MANY, "event_count", "event-count", "one of event_count, value_count, temporal, temporal_ordered", 6),
    (MANY, "{gte: 3}", "{ge: 3}", "known: gt, gte, lt, lte, eq, neq, field", 10),
    (MANY, "{gte: 3}", "{gte: 3, field: user.name}", "event_count counts no values", 10),
    (MANY, "timespan: 5m", "timespan: 5m\n  aliases: {ip: {faild: source.ip}}", "'faild', which it does not count", 2),
    (MANY, "correlation:", "timespan: 5m\ncorrelation:", "write it under correlation", 5),
]


@pytest.mark.parametrize(("rule", "before", "after", "says", "line"), UNKNOWN, ids=[row[2] for row in UNKNOWN])
def test_what_nothing_reads_is_refused_with_its_line_and_the_right_words(load, rule, before, after, says, line):
    rules = load(rule.replace(before, after, 1), *([FAILED] if rule == MANY else []))

    [refusal] = rules.refused
    assert says in str(refusal)
    assert f"a.yml:{line}: " in str(refusal)


@pytest.mark.parametrize("text", ["", "\n", "---\n", "action: global\ntitle: t\n"])
def test_a_rule_file_that_holds_no_rule_is_named(load, text):
    assert len(load(text).refused) == 1


@pytest.mark.parametrize(
    ("folder", "text"), [("tuning", ""), ("tuning", "---\n"), ("pipelines", ""), ("tuning", "tag: attck.t1110\nlevel: low")]
)
def test_a_file_beside_the_rules_that_says_nothing_is_named(load, folder, text):
    rules = load(FAILED, **{folder: text})

    assert len(rules.errors) == 1 and list(rules.rules) == [f"{ID}1"]


def test_commented_out_rules_and_keys_of_ones_own_are_no_faults(load):
    assert not load("# nothing yet").refused


@pytest.mark.parametrize(
    "more",
    [
        "ticket: 4711\nx-owner: soc",  # "[arbitrary custom fields]"
        "tags: [attack.t1110.003, attack.Credential_Access, cve.2021-44228, tlp.amber, campus.vpn]",
        "level: High\nstatus: Test",
        "logsource: {product: linux, service: sshd, definition: any, audience: all}",  # "an arbitrary number of optional elements"
    ],
)
def test_what_the_specification_leaves_open_is_accepted(load, more):
    rule = FAILED.replace("logsource: {product: linux, service: sshd}", more) if "logsource" in more else f"{FAILED}{more}"

    assert raised(load(rule), event(1)) == {("failed", "192.0.2.1", 0): 1}


@pytest.mark.parametrize("condition", ["selection AND NOT other", "1 OF selection* AND NOT ALL OF other*", "ANY of THEM and NOT other"])
def test_logical_and_or_may_stand_in_capitals(load, condition):
    """Condition: "Logical AND/OR"; older rules have them so."""
    rule = FAILED.replace("condition: selection", f"other: {{user.name: x}}\n  condition: {condition}")

    assert raised(load(rule), event(1), event(2, user_name="x")) == {("failed", "192.0.2.1", 0): 1}


def test_a_detection_may_be_called_like_an_operator_in_capitals(load):
    rule = FAILED.replace("selection:", "AND:").replace("condition: selection", "condition: AND")

    assert raised(load(rule), event(1)) == {("failed", "192.0.2.1", 0): 1}


def test_generate_may_stand_where_the_specification_has_it(load):
    """Generate: an attribute beside `level`, not within `correlation`."""
    quiet = load(f"{MANY}generate: true", FAILED).quiet

    assert quiet == frozenset()


def test_an_alias_may_name_its_rule_by_name_or_id_whichever_the_correlation_has(load):
    """Aliases: "<Sigma rule name>: <source field name in event matched by Sigma rule>"."""
    rule = MANY.replace("[failed]", f"[{ID}1]").replace("source.ip", "who").replace("5m", "5m\n  aliases: {who: {failed: user.name}}")

    assert raised(load(rule, FAILED), *(event(n, user_name="a") for n in (1, 2, 3))) == {("many", "a", 0): 3}
