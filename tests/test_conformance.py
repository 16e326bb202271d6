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


# --- filters -----------------------------------------------------------------------------------------------------------

SUDO = FAILED.replace("failed", "sudo").replace(f"{ID}1", f"{ID}4").replace("service: sshd", "service: sudo")
FILTER = f"""
title: not the scanner
id: {ID}9
logsource: {{product: linux, service: sshd}}
filter:
  rules: [failed]
  selection:
    source.ip: 192.0.2.9
  condition: not selection
"""
SCANNER = {"source_ip": "192.0.2.9"}


@pytest.mark.parametrize(
    "named", ["failed", "[failed]", f"{ID}1", f"[{ID}1, login]", "any", "Any", "[any]"], ids=lambda named: named.replace(ID, "id")
)
def test_a_filter_is_applied_to_the_rules_that_it_refers_to(load, named):
    """Relative rules: "refers to one or multiple Sigma rules where to add the filter"."""
    rules = load(FAILED, LOGIN, FILTER.replace("[failed]", named))

    assert raised(rules, event(1), event(2, **SCANNER)) == {("failed", "192.0.2.1", 0): 1}


@pytest.mark.parametrize(
    ("filter_", "kept"),
    [
        ("selection: {source.ip: [192.0.2.9, 192.0.2.8]}\n  condition: not selection", {"192.0.2.1", "192.0.2.7"}),
        ("selection: [{source.ip: 192.0.2.9}, {user.name: bob}]\n  condition: not selection", {"192.0.2.1", "192.0.2.8"}),
        ("sel_a: {source.ip: 192.0.2.9}\n  sel_b: {user.name: bob}\n  condition: not 1 of sel_*", {"192.0.2.1", "192.0.2.8"}),
        ("sel_a: {source.ip: 192.0.2.9}\n  sel_b: {user.name: bob}\n  condition: not (sel_a or sel_b)", {"192.0.2.1", "192.0.2.8"}),
        ("sel_a: {source.ip: 192.0.2.7}\n  sel_b: {user.name: bob}\n  condition: not all of them", {"192.0.2.1", "192.0.2.8", "192.0.2.9"}),
        ("selection: {source.ip|cidr: 192.0.2.8/31}\n  condition: selection", {"192.0.2.8", "192.0.2.9"}),
        ("only: {source.ip|endswith: '.9'}\n  condition: only", {"192.0.2.9"}),
    ],
)
def test_a_filter_has_detections_and_a_condition_of_its_own_joined_with_and(load, filter_, kept):
    """Filter condition: read on in "Condition" of the rules; names and patterns are the filter's, not the rule's."""
    rule = FAILED.replace("condition: selection", "sel_c: {user.name: nobody}\n  condition: 1 of them")
    rules = load(rule, FILTER.replace("selection:\n    source.ip: 192.0.2.9\n  condition: not selection", filter_))
    events = [event(n, source_ip=f"192.0.2.{n}", **({"user_name": "bob"} if n == 7 else {})) for n in (1, 7, 8, 9)]

    assert {key[1] for key in raised(rules, *events)} == kept


@pytest.mark.parametrize(
    ("logsource", "filtered"),
    [
        ("{product: linux}", {"failed", "sudo"}),
        ("{product: linux, service: sshd}", {"failed"}),
        ("{service: sudo}", {"sudo"}),
        ("{product: windows}", set()),
        ("{product: linux, category: process_creation}", set()),
    ],
)
def test_a_filter_for_any_rule_is_for_those_whose_logsource_its_own_contains(load, logsource, filtered):
    rules = load(FAILED, SUDO, FILTER.replace("[failed]", "any").replace("{product: linux, service: sshd}", logsource))
    events = [event(1, **SCANNER), event(2, **SCANNER) | {"event.dataset": "sudo"}]

    assert {key[0] for key in raised(rules, *events)} == {"failed", "sudo"} - filtered


def test_several_filters_of_a_rule_all_hold(load):
    other = FILTER.replace(f"{ID}9", f"{ID}8").replace("192.0.2.9", "192.0.2.1")

    assert raised(load(FAILED, FILTER, other), event(1), event(2, **SCANNER)) == {}


def test_a_filter_holds_for_rules_that_correlations_count(load):
    events = [event(1), event(2), event(3), *(event(n, **SCANNER) for n in (4, 5, 6))]

    assert raised(load(MANY, FAILED, FILTER), *events) == {("many", "192.0.2.1", 0): 3}


def test_a_filters_names_are_mapped_as_those_of_its_rules(load):
    pipeline = """
transformations:
  - {type: field_name_mapping, mapping: {src: source.ip}, rule_conditions: [{type: logsource, service: sshd}]}
"""
    rules = load(FAILED, FILTER.replace("source.ip", "src").replace(", service: sshd}\nfilter", "}\nfilter"), pipelines=pipeline)

    assert raised(rules, event(1), event(2, **SCANNER)) == {("failed", "192.0.2.1", 0): 1}


REFUSED = [  # what stands instead in the filter, what is said of it
    ("rules: [failed]", "rules: [failed]\n  logsource: {}", "stands in the filter"),
    ("condition: not selection", "condition: not slection", "'slection', which is not defined"),
    ("condition: not selection", "condition: [not selection]", "the filter has no condition"),
    ("condition: not selection", "condtion: not selection", "the filter has no condition"),
    ("source.ip:", "source.ip|foo:", "foo"),
    ("source.ip:", "source.ip|expand: '%nobody%' #", "%nobody% has no list"),
    ("source.ip:", "source.ipp:", "did you mean 'source.ip'?"),
    ("source.ip:", "url.path:", "nothing supplies url.path for product linux, service sshd"),
    ("title: not the scanner", "titel: not the scanner", "did you mean 'title'?"),
    ("service: sshd", "services: sshd", "did you mean 'service'?"),
    ("logsource:", "logsuorce:", "did you mean 'logsource'?"),
    ("logsource: {product: linux, service: sshd}", "", "the filter has no logsource"),
]


@pytest.mark.parametrize(("before", "after", "says"), REFUSED, ids=[row[1] for row in REFUSED])
def test_where_a_filter_cannot_be_applied_its_rules_are_refused_with_it(load, before, after, says):
    rules = load(FILTER.replace(before, after, 1), FAILED, LOGIN, MANY)

    assert set(rules.rules) == {f"{ID}2"}
    assert any(says in str(one) for one in rules.refused), rules.refused
    assert any("its filter" in one.what and "cannot be applied" in one.what for one in rules.refused)


@pytest.mark.parametrize("named", ["[]", "''"])
def test_a_filter_that_names_no_rules_is_refused(load, named):
    rules = load(FILTER.replace("[failed]", named), FAILED)

    assert ["names no rules" in one.what for one in rules.refused] == [True]


def test_a_filter_that_names_a_correlation_is_refused_with_it(load):
    rules = load(FILTER.replace("[failed]", "[many]"), FAILED, MANY)

    assert ["names a correlation" in one.what for one in rules.refused] == [True] and set(rules.rules) == {f"{ID}1"}


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("[failed]", "[failed, faild]", "no rule has the id or name faild"),
        ("service: sshd", "service: sudo", "does not contain that of 'failed'"),
    ],
)
def test_a_filter_that_would_reach_no_rule_is_named(load, before, after, says):
    [error] = load(FILTER.replace(before, after), FAILED).errors

    assert says in str(error) and "a.yml:2: " in str(error)


def test_a_filter_for_any_rule_refuses_those_that_it_could_only_silence(load):
    every = FILTER.replace("[failed]", "any").replace("source.ip: 192.0.2.9", "url.path: /x")

    assert set(load(every, FAILED).rules) == {f"{ID}1"}


def test_a_filter_for_any_rule_that_wants_what_is_never_there_refuses_the_rule(load):
    every = FILTER.replace("[failed]", "any").replace("source.ip: 192.0.2.9", "url.path: /x").replace("not selection", "selection")

    [refusal] = load(every, FAILED).refused

    assert "it wants url.path, which nothing supplies" in str(refusal)


def test_filters_of_others_are_for_the_rules_of_others(tmp_path):
    for folder, text in (("site/rules", FAILED), ("others", f"{LOGIN}\n---{FILTER.replace('[failed]', 'any')}")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.yml").write_text(text)
    rules = load_rules([tmp_path / "site"], catalogue=base_catalogue(), datasets=DATASETS, imported=[tmp_path / "others"])

    assert {key[0] for key in raised(rules, event(1, **SCANNER), event(2, "success", **SCANNER))} == {"failed"}


def test_a_filter_comes_from_the_cache_as_it_was_compiled(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yml").write_text(f"{FAILED}\n---{FILTER}")
    first, again = (load_rules([tmp_path], catalogue=base_catalogue(), datasets=DATASETS, cache_dir=tmp_path / "cache") for _ in range(2))

    assert first.hash == again.hash
    assert raised(again, event(1), event(2, **SCANNER)) == {("failed", "192.0.2.1", 0): 1}
