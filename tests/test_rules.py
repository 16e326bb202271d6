"""Rule files become a rule set: who is refused, who is dormant, what tuning and exceptions say, what the cache keeps."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from soc.cli.cases.exception import selection, written
from soc.condition import predicate
from soc.condition.tree import And, Keyword, Not, Or, fields
from soc.detect.hits.keys import keys
from soc.detect.hits.scan import Scanner
from soc.detect.ruleset.exception import institution_faults, load_exceptions
from soc.detect.ruleset.load import load_rules
from soc.detect.ruleset.supply import can_fire
from soc.detect.runs.trial import attempt
from soc.document import parse_documents
from soc.errors import UsageError
from soc.fields import base_catalogue
from soc.parsing.parser import ANY, Dataset
from soc.text import canonical_json
from soc.times import DAY, HOUR, MINUTE, parse_iso
from tests.desk_kit import alert
from tests.strategies import CATALOGUE, events, trees

SSH = Dataset(
    "openssh.auth",
    logsources=[{"product": "linux", "service": "sshd"}],
    fields={"user.name": ANY, "source.ip": ANY, "event.outcome": {"success", "failure"}},
)
IDS = {name: f"00000000-0000-4000-8000-{number:012d}" for number, name in enumerate(("failed", "login", "many", "both", "other"))}
FAILED = f"""
title: Failed login
id: {IDS["failed"]}
name: failed
level: low
tags: [attack.t1110]
logsource: {{product: linux, service: sshd}}
detection:
  selection:
    event.outcome: failure
  condition: selection
"""
LOGIN = (
    FAILED.replace("Failed", "Good")
    .replace("failure", "success")
    .replace(IDS["failed"], IDS["login"])
    .replace("name: failed", "name: login")
)
MANY = f"""
title: Many failed logins
id: {IDS["many"]}
name: many
correlation:
  type: event_count
  rules: [failed]
  group-by: [source.ip]
  timespan: 5m
  condition: {{gte: 10}}
"""
BOTH = f"""
title: Guessed
id: {IDS["both"]}
correlation:
  type: temporal_ordered
  rules: [many, {IDS["login"]}]
  group-by: [source.ip]
  timespan: 10m
"""


@pytest.fixture
def root(tmp_path):
    for folder in ("rules", "tuning", "lists", "pipelines", "exceptions"):
        (tmp_path / "site" / folder).mkdir(parents=True)
    return tmp_path / "site"


def load(root: Path, *files: str, roots: tuple[Path, ...] = (), **more):
    for number, text in enumerate(files):
        (root / "rules" / f"rule{number}.yml").write_text(text)
    return load_rules([root, *roots], catalogue=base_catalogue(), datasets=[SSH], **more)


def only_refusal(rules) -> str:
    assert not rules.errors, rules.errors
    [refusal] = rules.refused
    return str(refusal)


def test_references_are_found_by_name_and_id_across_files_whatever_their_order(root):
    rules = load(root, BOTH, MANY, FAILED, LOGIN)

    assert rules.refused == ()
    assert [rule.title for rule in rules.correlations()] == ["Many failed logins", "Guessed"]
    many, both = rules.rules[IDS["many"]].correlation, rules.rules[IDS["both"]].correlation
    assert (many.rules, many.op, many.bound, many.timespan, many.monotone) == ((IDS["failed"],), "gte", 10, 5 * MINUTE, True)
    assert (both.rules, both.bound, both.expression) == ((IDS["many"], IDS["login"]), 2, None)
    assert rules.quiet == {IDS["failed"], IDS["many"], IDS["login"]}


def test_a_dataset_is_given_the_active_rules_whose_logsource_it_declares(root):
    rules = load(root, FAILED, LOGIN, MANY)

    assert [rule.id for rule in rules.for_dataset(SSH.logsources)] == [IDS["failed"], IDS["login"]]
    assert rules.for_dataset([{"product": "linux", "service": "cron"}]) == []


@pytest.mark.parametrize(
    ("change", "says", "line"),
    [
        (("event.outcome", "event.outcom"), "did you mean 'event.outcome'", 10),
        (("failure", "failed"), "it has: failure, success", 10),
        ((f"id: {IDS['failed']}", ""), "the rule has no id", 2),
        (("level: low", "level: lowest"), "lowest", 5),
        (("selection:", "selection"), "no valid YAML", 10),
        (("title", "titel"), "did you mean 'title'", 2),
    ],
)
def test_a_rule_of_ours_with_a_fault_is_refused_and_the_others_run(root, change, says, line):
    rules = load(root, FAILED.replace(*change), LOGIN)

    refusal = only_refusal(rules)
    assert says in refusal
    assert f"rule0.yml:{line}: " in refusal
    assert list(rules.rules) == [IDS["login"]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("[failed]", "[faild]"), "did you mean 'failed'"),
        (("[failed]", "[many]"), "refers to itself"),
        (("[source.ip]", "[source.ipp]"), "did you mean 'source.ip'"),
        (("5m", "5x"), "Timespan"),
        (("{gte: 10}", "{}"), "exactly one"),
        (("{gte: 10}", "{gte: 1, lt: many}"), "'many' is no valid"),
        (("5m", "99999999y"), "longer than 3653d"),
        (("gte: 10", "gte: 99999999999999999999"), "more than any store holds"),
        (("event_count", "event_sum"), "event_sum"),
        (("[failed]", "[failed, failed]"), "twice"),
        (("rules: [failed]", "rules: []"), "no rule"),
    ],
)
def test_a_correlation_that_leads_nowhere_is_refused(root, change, says):
    assert says in only_refusal(load(root, MANY.replace(*change), FAILED))


def test_correlations_that_refer_to_each_other_are_refused_and_the_others_run(root):
    rules = load(root, MANY.replace("[failed]", f"[{IDS['both']}]"), BOTH, FAILED, LOGIN)

    assert {refusal.path.name for refusal in rules.refused} == {"rule0.yml", "rule1.yml"}
    assert list(rules.rules) == [IDS["failed"], IDS["login"]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (MANY.replace("gte", "lt"), "needs sealed windows"),
        (MANY.replace("gte: 10", "eq: 10"), "needs sealed windows"),
        (MANY.replace("gte: 10", "gte: 5, lte: 10"), "event_count with gte 5 and lte 10 needs sealed windows"),
        (MANY.replace("event_count", "value_count").replace("gte: 10", "gt: 5, lt: 10, field: user.name"), "gt 5 and lt 10 needs sealed"),
        (MANY.replace("event_count", "value_avg").replace("{gte: 10}", "{gte: 10, field: source.ip}"), "value_avg needs sealed windows"),
        (
            MANY.replace("event_count", "temporal").replace("{gte: 10}", "failed and not login").replace("[failed]", "[failed, login]"),
            "sealed",
        ),
        (
            MANY.replace("event_count", "temporal_ordered").replace("{gte: 10}", "{gte: 1}").replace("[failed]", "[failed, login]"),
            "not evaluated",
        ),
        (
            FAILED.replace("sshd", "cron").replace("name: failed", "name: x").replace(IDS["failed"], IDS["other"]),
            "product linux, service cron",
        ),
    ],
)
def test_what_cannot_run_yet_is_dormant_and_says_why(root, text, says):
    rules = load(root, text, FAILED, LOGIN)

    [dormant] = rules.dormant()
    assert says in dormant.dormant
    assert {rule.id for rule in rules.active()} == {IDS["failed"], IDS["login"]}


def test_a_correlation_that_never_runs_silences_no_rule(root):
    assert load(root, MANY.replace("gte", "lt"), FAILED).quiet == frozenset()


def test_a_correlation_that_tuning_switches_off_silences_no_rule(root):
    (root / "tuning" / "off.yml").write_text(f"{{id: {IDS['many']}, enabled: false}}")

    assert load(root, MANY, FAILED).quiet == frozenset()
    assert load(root, MANY, BOTH, FAILED, LOGIN).quiet == frozenset()


def test_an_id_twice_in_a_root_is_refused_and_in_a_later_root_replaces_the_rule(root, tmp_path):
    (tmp_path / "later" / "rules").mkdir(parents=True)
    (tmp_path / "later" / "rules" / "mine.yml").write_text(FAILED.replace("Failed", "My failed"))

    rules = load(root, FAILED, FAILED, roots=(tmp_path / "later",))

    assert "stands twice" in only_refusal(rules)
    assert rules.rules[IDS["failed"]].title == "My failed login"
    assert [(old.name, new.name) for old, new in rules.shadowed] == [("rule0.yml", "mine.yml")]


def test_rules_of_others_are_dormant_only_when_they_cannot_fire_and_need_no_id(root, tmp_path):
    others = tmp_path / "others" / "deep"
    others.mkdir(parents=True)
    head = "title: {}\nlevel: huge\nlogsource: {{product: linux, service: sshd}}\n"
    body = head + "detection:\n  a: {{{}}}\n  b: {{user.name: x}}\n  condition: {}\n"
    (others / "never.yml").write_text(body.format("Never", "No.Such: 1", "a and b"))
    (others / "filter.yml").write_text(body.format("Filter", "No.Such: 2", "b and not a"))
    (others / "perhaps.yml").write_text(body.format("Perhaps", "No.Such: 1", "a or b"))
    (others / "copy.yml").write_text(body.format("Perhaps", "No.Such: 1", "a or b"))
    (others / "broken.yml").write_text("{")
    (others / "readme.yml").write_text("hello: world")

    rules = load(root, imported=[tmp_path / "others"])

    by_title = {rule.title: rule for rule in rules.rules.values()}
    assert by_title.keys() == {"Never", "Filter", "Perhaps"}
    assert by_title["Never"].dormant == by_title["Filter"].dormant == "nothing supplies No.Such for product linux, service sshd"
    assert (by_title["Perhaps"].dormant, by_title["Perhaps"].unsupplied) == (None, ("No.Such",))
    assert sorted(refusal.path.name for refusal in rules.refused) == ["broken.yml", "readme.yml"]


def known_truth(node, event, missing) -> bool | None:
    """Kleene's three values: None where the answer depends on a missing field."""
    if isinstance(node, Not):
        truth = known_truth(node.arg, event, missing)
        return None if truth is None else not truth
    if isinstance(node, (And, Or)):
        settles = isinstance(node, Or)
        truths = [known_truth(arg, event, missing) for arg in node.args]
        return settles if settles in truths else None if None in truths else not settles
    if not isinstance(node, Keyword) and fields(node) & missing:
        return None
    return predicate.compile(node, CATALOGUE)(event)


@given(trees, events)
def test_a_rule_that_fires_whatever_the_missing_fields_may_hold_can_fire_without_them(tree, event):
    missing = {"user.name", "source.ip", "labels.a"}

    assert can_fire(tree, missing) or known_truth(tree, event, missing) is not True


def test_tuning_is_laid_over_rules_by_id_path_and_tag_and_later_entries_win(root):
    (root / "tuning" / "a.yml").write_text(
        f"- {{tag: attack.t1110, level: high, cell: 4h, key: [user.name], reason: x}}\n- {{path: 'rule0.*', side: source, lookback: 7d}}\n"
        f"- {{id: {IDS['failed']}, level: critical}}\n- {{id: {IDS['login']}, enabled: false}}\n"
    )
    plain, tuned = load_rules([], catalogue=base_catalogue(), datasets=[SSH]), load(root, FAILED, LOGIN)

    rule = tuned.rules[IDS["failed"]]
    assert (rule.severity, rule.level, rule.tuning.cell, rule.tuning.side) == ("critical", "low", 4 * HOUR, "source")
    assert (rule.tuning.key, rule.tuning.lookback) == (("user.name",), 7 * DAY)
    assert [rule.id for rule in tuned.active()] == [IDS["failed"]]
    assert tuned.hash != plain.hash


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{id: x, level: huge}", "none of informational"),
        ("{id: x, lvl: high}", "unknown key 'lvl'"),
        ("{level: high}", "write id, path or tag"),
        ("{id: x, cell: 1 fortnight}", "no duration"),
        (f"{{id: {IDS['failed'][:-1]}9, level: low}}", "did you mean 00000000-0000-4000-8000-"),
        ("7", "no mapping"),
        (f"{{id: {IDS['failed']}, key: [user.name, source.ipp]}}", "did you mean 'source.ip'"),
        (f"{{id: {IDS['failed']}, key: labels}}", "labels.KEY"),
        (f"{{id: {IDS['many']}, key: [source.ip]}}", "group-by"),
        ("{path: rule1.yml, key: [source.ip]}", "group-by"),
        (f"{{id: {IDS['many']}, cell: 4m}}", "'Many failed logins' looks back 5m"),
        ("{path: '*.yml', cell: 4m}", "'Many failed logins' looks back 5m"),
        ("{path: 'rule.yml', level: low}", "did you mean rule1.yml"),
        (f"{{id: {IDS['failed']}, cell: 99999999999999999w}}", "longer than"),
    ],
)
def test_a_tuning_entry_that_means_nothing_is_named_and_the_rules_run(root, entry, says):
    (root / "tuning" / "a.yml").write_text(f"- {entry}\n")

    rules = load(root, FAILED, MANY)

    assert any(says in str(error) and "a.yml:1: " in str(error) for error in rules.errors), rules.errors
    assert len(list(rules.active())) == 2
    assert (rules.rules[IDS["failed"]].tuning.key, rules.rules[IDS["many"]].tuning.cell) == (None, None)


@pytest.mark.parametrize(
    "entry",
    [
        f"{{id: {IDS['failed']}, key: [labels.tenant]}}",
        "{path: '*.yml', key: [user.name]}",  # of the single-event rules among them
        f"{{id: {IDS['many']}, cell: 5m}}",
        f"{{id: {IDS['many']}, cell: 4m}}\n- {{id: {IDS['many']}, cell: 1h}}",  # the later one counts
        "{path: rule2.yml, enabled: false}\n- {id: refused, level: low}",  # rules that are refused, and said to be
    ],
)
def test_a_tuning_entry_that_means_something_is_no_error(root, entry):
    (root / "tuning" / "a.yml").write_text(f"- {entry}\n")

    assert load(root, FAILED, MANY, FAILED.replace(IDS["failed"], "refused").replace("outcome:", "outcome|foo:")).errors == ()


def test_a_rule_has_a_new_hash_when_it_could_find_something_else_and_only_then(root):
    before = load(root, FAILED, MANY)
    texts = [
        FAILED.replace("Failed login", "Another title"),
        FAILED.replace("failure", "success"),
        FAILED.replace("service: sshd", "category: x"),
    ]
    hashes = [load(root, text, MANY) for text in texts]
    (root / "tuning" / "a.yml").write_text(f"{{id: {IDS['failed']}, cell: 2h}}")
    tuned = load(root, FAILED, MANY)

    same, changed, elsewhere = [rules.rules[IDS["failed"]].hash == before.rules[IDS["failed"]].hash for rules in hashes]
    assert (same, changed, elsewhere) == (True, False, False)
    assert hashes[1].rules[IDS["many"]].hash != before.rules[IDS["many"]].hash
    assert tuned.rules[IDS["failed"]].hash != before.rules[IDS["failed"]].hash
    assert (hashes[0].hash == before.hash, hashes[1].hash == before.hash) == (True, False)


def test_a_list_and_a_pipeline_are_part_of_what_rules_mean_and_of_the_caches_key(root, tmp_path):
    text = FAILED.replace("event.outcome: failure", "usr|expand: '%admins%'")
    (root / "pipelines" / "names.yml").write_text("transformations: [{type: field_name_mapping, mapping: {usr: user.name}}]")
    found = []
    for admins in ("root\n", "admin\n"):
        (root / "lists" / "admins.txt").write_text(admins)
        rules = load(root, text, cache_dir=tmp_path / "cache")
        found.append(predicate.compile(rules.rules[IDS["failed"]].condition, base_catalogue())({"user.name": "ROOT"}))

    assert found == [True, False]


def test_a_wrong_pipeline_is_named_also_when_the_rules_come_from_the_cache(root, tmp_path):
    (root / "pipelines" / "bad.yml").write_text("transformations: [{type: no_such}]")

    for _ in range(2):
        rules = load(root, FAILED, cache_dir=tmp_path / "cache")
        assert ["bad.yml" in str(error) for error in rules.errors] == [True]
        assert list(rules.rules) == [IDS["failed"]]


def test_the_cache_gives_the_same_rules_and_a_damaged_one_is_made_anew(root, tmp_path, caplog):
    cache = tmp_path / "cache"
    cold = load(root, FAILED, MANY, LOGIN, BOTH, "{", cache_dir=cache)
    warm = load(root, cache_dir=cache)
    [file] = cache.iterdir()
    file.write_bytes(file.read_bytes()[:-9] + b"123456789")
    rebuilt = load(root, cache_dir=cache)

    assert warm.rules == cold.rules == rebuilt.rules
    assert [str(r) for r in warm.refused] == [str(r) for r in cold.refused] == [str(r) for r in rebuilt.refused]
    assert "damaged" in caplog.text


def test_a_folder_that_cannot_be_written_costs_time_and_no_rules(root, tmp_path):
    (tmp_path / "file").write_text("")

    assert list(load(root, FAILED, cache_dir=tmp_path / "file").rules) == [IDS["failed"]]


def test_a_warm_load_does_not_import_pysigma(root, tmp_path):
    load(root, FAILED, MANY, cache_dir=tmp_path / "cache")
    script = (
        "import sys; from pathlib import Path; from soc.detect.ruleset.load import load_rules; from soc.fields import base_catalogue\n"
        f"rules = load_rules([Path({str(root)!r})], catalogue=base_catalogue(), datasets=[], cache_dir=Path({str(tmp_path / 'cache')!r}))\n"
        "print(len(rules.rules), 'sigma' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["2", "False"]


EXCEPTION = f"""
id: scanner
title: The scanner
rules: [{IDS["failed"]}]
selection: {{source.ip|cidr: 192.0.2.0/28}}
institutions: [example-university]
owner: ops
reason: scans every night
created: 2026-10-01
expires: 2027-04-01
"""


def test_an_exception_holds_for_its_rules_institutions_and_time(root):
    (root / "exceptions" / "a.yml").write_text(EXCEPTION)

    [exception], errors = load_exceptions([root / "exceptions"], base_catalogue())

    met = predicate.compile(exception.condition, base_catalogue())
    assert errors == []
    assert (met({"source.ip": "192.0.2.15"}), met({"source.ip": "192.0.2.16"})) == (True, False)
    assert (exception.concerns([IDS["failed"]]), exception.concerns([IDS["login"]])) == (True, False)
    last = parse_iso("2027-04-01T00:00:00Z") - 1
    assert exception.in_force(last, "example-university")
    assert not exception.in_force(last + 1, "example-university")
    assert not exception.in_force(last, "other")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("owner: ops", ""), "no owner"),
        (("expires: 2027-04-01", "expires: soon"), "'soon'"),
        (("/28", "/99"), "CIDR"),
        (("cidr", "cdir"), "cdir"),
        (("owner", "ownr"), "unknown key 'ownr'"),
        ((f"[{IDS['failed']}]", "[]"), "for nothing"),
        (("source.ip|", "source.ipp|"), "did you mean 'source.ip'"),
        (("source.ip|cidr: 192.0.2.0/28", "user.name|expand: '%nobody%'"), "lists/nobody.txt"),
    ],
)
def test_a_wrong_exception_is_named_with_its_line_and_left_out(root, change, says):
    (root / "exceptions" / "a.yml").write_text(EXCEPTION.replace(*change))

    found, [error] = load_exceptions([root / "exceptions"], base_catalogue())

    assert found == []
    assert says in str(error) and "a.yml:" in str(error)


def test_an_exception_may_name_a_list_and_labels(root):
    (root / "lists" / "scanners.txt").write_text("192.0.2.0/28  \n")
    (root / "exceptions" / "a.yml").write_text(EXCEPTION.replace("cidr: 192.0.2.0/28", "expand: '%scanners%', labels.tenant: a"))

    [exception], errors = load_exceptions([root / "exceptions"], base_catalogue())

    met = predicate.compile(exception.condition, base_catalogue())
    assert errors == []
    assert met({"source.ip": "192.0.2.15", "labels": {"tenant": "A"}}) and not met({"source.ip": "192.0.2.16", "labels": {"tenant": "A"}})


def test_an_exception_for_a_rule_that_there_is_not_is_named_with_place_and_repair(root):
    (root / "exceptions" / "a.yml").write_text(
        EXCEPTION.replace("rules: [", "rules:\n- ").replace("\n- ", f"\n- {IDS['failed'][:-1]}9\n- ", 1).replace("]\nsel", "\nsel")
    )

    [error] = load(root, FAILED).errors

    assert "a.yml:5: no rule has the id" in str(error) and f"did you mean {IDS['failed']}" in str(error)


def test_an_exception_for_an_institution_that_there_is_not_is_named_with_place_and_repair(root):
    (root / "exceptions" / "a.yml").write_text(EXCEPTION.replace("example-university", "uni-harbor, unknown"))

    [error] = institution_faults([root / "exceptions"], ["uni-harbour"])

    assert "no institution has the id uni-harbor\n  did you mean uni-harbour?" in str(error)


CHAIN = f"""
title: Again and again
id: {IDS["both"]}
name: both
correlation:
  type: event_count
  rules: [many]
  group-by: [attacker]
  timespan: 1d
  condition: {{gte: 2}}
  aliases: {{attacker: {{many: from}}}}
"""
FROM = MANY.replace("[source.ip]", "[from]").replace("10}", "2}").replace("}\n", "}\n  aliases: {from: {failed: source.ip}}\n")
HOURLY = [event for hour in (0, 1) for event in ((60 * hour, 60 * hour + 1))]


def test_an_exception_for_a_correlation_of_correlations_removes_the_hits_that_it_alone_rests_on(root):
    events = [event(minute, **{"source.ip": ip}) for minute in HOURLY for ip in ("192.0.2.1", "203.0.113.7")]
    (root / "exceptions" / "a.yml").write_text(
        EXCEPTION.replace(IDS["failed"], IDS["both"]).replace("institutions: [example-university]", "")
    )
    [exception], _ = load_exceptions([root / "exceptions"], base_catalogue())
    rules = load(root, CHAIN, FROM, FAILED)

    assert rules.errors == () == rules.refused
    assert alerts_of(rules, events) == {("Again and again", "192.0.2.1"): 4, ("Again and again", "203.0.113.7"): 4}
    assert alerts_of(rules, events, [exception]) == {("Again and again", "203.0.113.7"): 4}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ((CHAIN.replace("timespan", "generate: true\n  timespan"), FROM), "'Many failed logins', which raises alerts of its own"),
        (
            (CHAIN, FROM, CHAIN.replace(IDS["both"], IDS["other"]).replace("Again", "Time").replace("name: both", "")),
            "which 'Time and again' counts",
        ),
    ],
)
def test_an_exception_that_would_hide_alerts_of_others_too_is_refused_with_the_reason(root, more, says):
    (root / "exceptions" / "a.yml").write_text(
        EXCEPTION.replace(IDS["failed"], IDS["both"]).replace("institutions: [example-university]", "")
    )
    [exception], _ = load_exceptions([root / "exceptions"], base_catalogue())
    rules = load(root, FAILED, *more)

    [error] = rules.errors
    assert "a.yml:4: " in str(error) and says in str(error) and f"add {IDS['many']}" in str(error)
    events = [event(minute, **{"source.ip": "192.0.2.1"}) for minute in HOURLY]
    assert alerts_of(rules, events, [exception]) == alerts_of(rules, events) != {}


def test_an_exception_from_an_alert_names_the_fields_of_the_leaves(root):
    found = alert(rule=IDS["both"], key={"attacker": "192.0.2.*"})

    assert selection(load(root, CHAIN, FROM, FAILED), found) == {"source.ip": "192.0.2.\\*"}


def test_an_exception_from_an_alert_that_would_hide_others_too_is_refused_with_the_repair(root):
    rules = load(root, CHAIN.replace("timespan", "generate: true\n  timespan"), FROM, FAILED)

    with pytest.raises(UsageError, match=f"raises alerts of its own\\n.*{IDS['both']}, {IDS['many']}"):
        selection(rules, alert(rule=IDS["both"], key={"attacker": "192.0.2.1"}))


@given(st.dictionaries(st.text(), st.text(), min_size=1), st.text())
@example({"user.name": "a\x85b"}, "\u2028\ufeff")
def test_an_exception_is_written_so_that_it_reads_back_letter_by_letter(selection, reason):
    entry = {"id": "x", "selection": selection, "institutions": [reason], "reason": reason}

    [document] = parse_documents(written(entry), Path())

    assert document.value == entry


def test_an_exception_is_written_for_people():
    assert "Universität Köln" in written({"title": "Universität Köln"})


@given(st.text("{}[]:-ab\n %|", max_size=40))
def test_whatever_a_content_file_holds_loading_goes_on(text):
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name:
        root = Path(name)
        for folder, file in (("rules", "a.yml"), ("tuning", "a.yml"), ("pipelines", "a.yml"), ("lists", "a.txt"), ("exceptions", "a.yml")):
            (root / folder).mkdir()
            (root / folder / file).write_text(text)
        (root / "rules" / "good.yml").write_text(FAILED)

        rules = load_rules([root], catalogue=base_catalogue(), datasets=[SSH])
        load_exceptions([root / "exceptions"], base_catalogue())

    assert IDS["failed"] in rules.rules


def event(number, **more):
    named = {"event.id": f"event {number}", "event.dataset": "openssh.auth", "@timestamp": number * MINUTE, "event.outcome": "failure"}
    return named | more


def alerts_of(rules, events, exceptions=()):
    """The count of each alert by the title of its rule and its key's values."""
    scanner = Scanner(rules, [SSH], exceptions, base_catalogue())
    return {(cell.rule.title, *cell.key.values()): cell.count for cell in attempt(events, rules, scanner, base_catalogue()).cells}


def test_all_values_of_a_field_are_counted_however_many_one_event_has(root):
    wide = MANY.replace("event_count", "value_count").replace("gte: 10", "gte: 40, field: related.ip")
    dataset = Dataset("openssh.auth", logsources=SSH.logsources, fields=dict(SSH.fields) | {"related.ip": ANY})
    for number, text in enumerate((wide, FAILED)):
        (root / "rules" / f"rule{number}.yml").write_text(text)
    rules = load_rules([root], catalogue=base_catalogue(), datasets=[dataset])
    addresses = [f"192.0.2.{number}" for number in range(40)]

    assert rules.refused == ()
    assert alerts_of(rules, [event(1, **{"source.ip": "203.0.113.7", "related.ip": addresses})]) == {
        ("Many failed logins", "203.0.113.7"): 1
    }
    assert alerts_of(rules, [event(1, **{"source.ip": "203.0.113.7", "related.ip": addresses[1:]})]) == {}


@given(st.lists(st.lists(st.integers(0, 30).map(str), max_size=20), min_size=1, max_size=3))
def test_an_event_joins_the_first_sixteen_groups_of_its_values(values):
    names = [f"labels.{number}" for number in range(len(values))]
    held = dict(zip(names, values, strict=True))

    joined = keys(held.get, names, {})

    every = product(*(dict.fromkeys(one) for one in values))
    assert joined == [canonical_json(dict(zip(names, one, strict=True))) for one in every][:16]


def test_groups_are_not_made_before_they_are_counted():
    many = [str(number) for number in range(3_000)]

    assert len(keys(lambda name: many, ["a", "b", "c"], {})) == 16  # of 27 billions


def test_the_shipped_pipelines_name_only_fields_that_the_catalogue_knows():
    from soc.content import load_content
    from soc.document import load_document

    content = load_content(())
    unknown = []
    for path in sorted((content.roots[0] / "detections" / "pipelines").glob("*.yml")):
        for step in load_document(path).value["transformations"]:
            if step["type"] == "field_name_mapping":
                targets = [name for one in step["mapping"].values() for name in (one if isinstance(one, list) else [one])]
                unknown += [name for name in targets if name not in content.catalogue]

    assert unknown == []


def test_the_caches_key_holds_the_text_of_every_module_that_compiles_rules():
    import soc
    from soc.detect.ruleset.compiler import COMPILER

    package = Path(soc.__file__).parent
    text = "".join((package / f"{name}.py").read_text() for name in COMPILER)
    used = {f"detect/{room}/{name}" for room, name in re.findall(r"^from soc\.detect\.(\w+)\.(\w+) import", text, re.MULTILINE)}

    assert used - set(COMPILER) == {"detect/rules/rule"}  # levels and shapes, no meaning
