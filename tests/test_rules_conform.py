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
    (MANY, "timespan: 5m", "timespan: 5m\n  aliases: {ip: {failed: [source.ip]}}", "write one field", 10),
    (MANY, "correlation:", "timespan: 5m\ncorrelation:", "write it under correlation", 5),
]


@pytest.mark.parametrize(("rule", "before", "after", "says", "line"), UNKNOWN, ids=[row[2] for row in UNKNOWN])
def test_what_nothing_reads_is_refused_with_its_line_and_the_right_words(load, rule, before, after, says, line):
    rules = load(rule.replace(before, after, 1), *([FAILED] if rule == MANY else []))

    [refusal] = rules.refused
    assert says in str(refusal)
    assert f"a.yml:{line}: " in str(refusal)


@pytest.mark.parametrize(("field", "says"), [("[]", "names no field"), ("[[user.name]]", "is no field"), ("[7]", "is no field")])
def test_what_value_count_counts_is_said_and_is_a_field(load, field, says):
    [refusal] = load(MANY.replace("event_count", "value_count").replace("gte: 3", f"gte: 3, field: {field}"), FAILED).refused

    assert says in str(refusal)


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


def test_operators_may_stand_in_capitals_in_a_correlation_too(load):
    both = MANY.replace("event_count", "temporal").replace("[failed]", "[failed, login]").replace("{gte: 3}", "failed AND login")

    assert raised(load(both, FAILED, LOGIN), event(1), event(2, "success")) == {("many", "192.0.2.1", 0): 2}


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


# --- correlations of correlations, generic names -----------------------------------------------------------------------

PIPELINE = """
transformations:
  - type: field_name_mapping
    mapping: {src_ip: source.ip, User: user.name, any_ip: [source.ip, destination.ip]}
    rule_conditions: [{type: logsource, service: sshd}]
  - type: field_name_mapping
    mapping: {src_ip: destination.ip, User: user.name}
    rule_conditions: [{type: logsource, service: sudo}]
"""
OFTEN = (
    MANY.replace(f"{ID}3", f"{ID}5").replace("many", "often").replace("[failed]", "[many]").replace("5m", "2h").replace("gte: 3", "gte: 2")
)


@pytest.mark.parametrize("hour", [0, 1, 6.5])
@pytest.mark.parametrize(
    ("minutes", "count"), [((5, 15), 6), ((55, 65), 6), ((5, 6), None), ((5, 9.9), None), ((5, 11), 6), ((5, 8, 14), 9)]
)
def test_event_count_over_a_child_counts_triggers_further_apart_than_its_timespan(load, hour, minutes, count):
    """Related rules: "Allowing the user to chain multiple correlations together"; two bursts are two, whatever the clock hour."""
    rules = load(OFTEN, MANY, FAILED)
    found = raised(rules, *(event(60 * hour + minute + n / 60) for minute in minutes for n in range(3)))

    assert list(found.values()) == ([] if count is None else [count])


BURST = """
title: burst
id: 00000000-0000-4000-8000-000000000006
correlation:
  type: temporal_ordered
  rules: [many, login]
  group-by: [user.name]
  timespan: 10m
"""


def test_a_correlation_only_uses_its_own_group_by_whatever_its_child_groups_by(load):
    """Ordered Temporal Proximity, note: "Even if the rule many_failed_logins groups by the "ComputerName" field, the correlation rule
    only uses its own `group-by` "User"."
    """
    rules = load(BURST, MANY.replace("source.ip", "host.name"), FAILED, LOGIN)
    failed = [event(n, user_name="alice", host_name="h1") for n in (1, 2, 3)]

    assert raised(rules, *failed, event(9, "success", user_name="alice", host_name="h2")) == {("burst", "alice", 0): 4}
    assert raised(rules, *failed, event(9, "success", user_name="bob", host_name="h1")) == {}


def test_a_trigger_is_of_the_user_whose_event_made_it(load):
    rules = load(BURST, MANY.replace("source.ip", "host.name"), FAILED, LOGIN)
    failed = [event(n, user_name=user, host_name="h1") for n, user in enumerate(("alice", "bob", "carol"))]

    found = [raised(rules, *failed, event(9, "success", user_name=user, host_name="h2")) for user in ("alice", "bob", "carol")]

    assert found == [{}, {}, {("burst", "carol", 0): 4}]


def test_an_event_of_several_groups_makes_triggers_in_those_of_the_childs_group_alone(tmp_path):
    dataset = Dataset("openssh.auth", logsources=DATASETS[0].logsources, fields=FIELDS | {"related.ip": ANY})
    (tmp_path / "rules").mkdir()
    wide = OFTEN.replace("[source.ip]", "[related.ip, user.name]").replace("gte: 2", "gte: 1")
    (tmp_path / "rules" / "a.yml").write_text("\n---\n".join((wide, MANY.replace("source.ip", "related.ip"), FAILED)))
    rules = load_rules([tmp_path], catalogue=base_catalogue(), datasets=[dataset])
    events = [event(1, user_name="a") | {"related.ip": ["192.0.2.1"]}, event(2, user_name="a") | {"related.ip": ["192.0.2.1"]}]
    both = event(3, user_name="a") | {"related.ip": ["192.0.2.1", "192.0.2.2"]}

    cells = attempt([*events, both], rules, Scanner(rules, [dataset], (), base_catalogue()), base_catalogue()).cells

    assert [dict(cell.key) for cell in cells] == [{"related.ip": "192.0.2.1", "user.name": "a"}]


def test_a_generic_name_is_mapped_as_in_the_rules_that_are_counted(load):
    rules = load(MANY.replace("source.ip", "src_ip"), FAILED, pipelines=PIPELINE)

    assert rules.rules[f"{ID}3"].correlation.group_by == ("source.ip",)
    assert raised(rules, *(event(n) for n in (1, 2, 3))) == {("many", "192.0.2.1", 0): 3}


def test_a_generic_name_may_mean_another_field_in_each_rule(load):
    rules = load(MANY.replace("source.ip", "src_ip").replace("[failed]", "[failed, sudo]"), FAILED, SUDO, pipelines=PIPELINE)
    other = event(3, source_ip="198.51.100.1", destination_ip="192.0.2.1") | {"event.dataset": "sudo"}

    assert raised(rules, event(1), event(2), other) == {("many", "192.0.2.1", 0): 3}


def test_a_generic_name_is_mapped_where_values_are_counted_and_in_aliases(load):
    counted = MANY.replace("event_count", "value_count").replace("gte: 3", "gte: 2, field: User").replace("source.ip", "src_ip")
    aliased = (
        MANY.replace(f"{ID}3", f"{ID}7")
        .replace("many", "aliased")
        .replace("source.ip", "who")
        .replace("5m", "5m\n  aliases: {who: {failed: User}}")
    )
    rules = load(counted, aliased, FAILED, pipelines=PIPELINE)

    assert raised(rules, event(1, user_name="a"), event(2, user_name="b")) == {("many", "192.0.2.1", 0): 2}
    assert raised(rules, *(event(n, user_name="a") for n in (1, 2, 3))) == {("aliased", "a", 0): 3}


@pytest.mark.parametrize("by", ["src_ip", "User", "source.ip", "user.name"])
def test_a_generic_name_is_mapped_through_chains_whatever_the_child_groups_by(load, by):
    rules = load(OFTEN.replace("source.ip", by), MANY.replace("source.ip", "src_ip"), FAILED, pipelines=PIPELINE)
    value = "a" if "ser" in by else "192.0.2.1"

    assert raised(rules, *(event(minute + n / 60, user_name="a") for minute in (5, 25) for n in range(3))) == {("often", value, 0): 6}


def test_a_name_that_means_several_fields_cannot_be_grouped_by(load):
    [refusal] = load(MANY.replace("source.ip", "any_ip"), FAILED, pipelines=PIPELINE).refused

    assert "'any_ip' is mapped to destination.ip and source.ip for product linux, service sshd" in str(refusal)


def test_a_name_that_no_rule_below_has_is_refused_with_the_one_that_is_meant(load):
    refused = load(OFTEN.replace("source.ip", "usr.name"), MANY, FAILED).refused

    assert [("did you mean 'user.name'" in str(one)) for one in refused] == [True]
