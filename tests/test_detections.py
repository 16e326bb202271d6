"""Our own rules: each proves itself on raw lines, can run, says something of its own, and names techniques that exist."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from soc.cli.main import cli
from soc.cli.rules.proof import FAILED, PROVED, UNPROVED, Prover, logs_of
from soc.condition.tree import And, Not, leaves
from soc.content import Content, load_content, shipped_root
from soc.detect.rules.rule import Correlation, Rule
from soc.times import iso
from tests.conftest import SHARED

RULES = shipped_root() / "detections" / "rules"
FILES = sorted(path.relative_to(RULES).with_suffix("").as_posix() for path in RULES.rglob("*.yml"))
COUNTS = ("event_count", "value_count")
DOCUMENTATION = re.compile(r"192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|10\.|127\.|172\.(1[6-9]|2\d|3[01])\.|192\.168\.|224\.|255\.|0\.")


@pytest.fixture(scope="module")
def content() -> Content:
    return load_content(())


@pytest.fixture(scope="module")
def prover(content) -> Prover:
    return Prover(content)


def of_file(content: Content, name: str) -> list[Rule]:
    return [rule for rule in content.rules.rules.values() if rule.path == RULES / f"{name}.yml"]


@pytest.mark.parametrize("name", FILES)
def test_a_rule_is_raised_by_its_hits_and_not_by_its_misses(content, prover, name):
    rules = of_file(content, name)

    assert rules, "no rule of this file was loaded; see: soc rule check"
    assert [(proof.state, proof.faults) for proof in map(prover.prove, rules)] == [(PROVED, ())] * len(rules)


def counts(content: Content) -> list[tuple[Rule, Correlation]]:
    return [(r, r.correlation) for r in content.rules.rules.values() if r.correlation is not None and r.correlation.type in COUNTS]


def test_misses_of_a_count_hold_what_lies_just_below_its_bound_just_outside_its_timespan_and_under_other_keys(content, prover):
    for rule, counted in counts(content):
        looser = {
            "bound": replace(counted, bound=counted.bound - 1),
            "timespan": replace(counted, timespan=counted.timespan * 3 // 2),
            **{f"key {name}": replace(counted, group_by=tuple(n for n in counted.group_by if n != name)) for name in counted.group_by},
        }
        for what, variant in looser.items():
            assert prover.raised(replace(rule, correlation=variant), logs_of(rule.path)[1]), (rule.path, what)


def test_misses_of_a_sequence_hold_it_under_other_keys_and_just_outside_its_timespan(content, prover):
    for rule in content.rules.rules.values():
        stated = rule.correlation
        if stated is not None and stated.type not in COUNTS:
            variants = [replace(stated, timespan=stated.timespan * 3 // 2)]
            variants += [replace(stated, group_by=tuple(n for n in stated.group_by if n != name)) for name in stated.group_by]
            for variant in variants:
                assert prover.raised(replace(rule, correlation=variant), logs_of(rule.path)[1]), (rule.path, variant)


def test_each_filter_keeps_back_a_look_alike_among_the_misses(content, prover):
    for rule in content.rules.rules.values():
        args = rule.condition.args if isinstance(rule.condition, And) else ()
        for kept_back in (arg for arg in args if isinstance(arg, Not)):
            without = And(tuple(arg for arg in args if arg is not kept_back))
            assert prover.raised(replace(rule, condition=without), logs_of(rule.path)[1]), (rule.path, kept_back)


def test_there_are_rules_for_each_format_and_correlations_of_each_kind(content):
    rules = content.rules.rules.values()
    seen = {dataset.name for dataset in content.datasets for rule in rules if any(rule.logsource.sees(one) for one in dataset.logsources)}
    kinds = [rule.correlation.type for rule in rules if rule.correlation is not None]

    assert len(rules) >= 30
    assert len(kinds) >= 10
    assert set(kinds) == {"event_count", "value_count", "temporal", "temporal_ordered"}
    assert {"openssh.auth", "sudo.log", "su.auth", "pam.auth", "iptables.log", "cisco_asa.log", "pfsense.log", "pfsense.auth"} <= seen
    assert {"suricata.alert", "suricata.dns", "zeek.conn", "zeek.dns", "zeek.http", "zeek.ssl", "zeek.ssh", "zeek.notice"} <= seen


def test_nothing_is_wrong_with_rules_lists_pipelines_and_tuning_and_no_rule_is_dormant(content):
    assert content.rules.refused == ()
    assert content.rules.errors == ()
    assert list(content.rules.dormant()) == []


def test_no_two_rules_look_at_the_same(content):
    said: dict[object, str] = {}
    for rule in content.rules.rules.values():
        known = said.setdefault(_substance(rule), rule.title)
        assert known == rule.title, "they read the same fields for the same values, or count the same in the same way"


def _substance(rule: Rule) -> object:
    if rule.correlation is None:
        return rule.logsource, frozenset(map(repr, leaves(rule.condition))) if rule.condition is not None else None
    counted = rule.correlation
    return counted.type, frozenset(counted.rules), frozenset(counted.group_by), frozenset(counted.fields)


def test_a_quiet_rule_is_counted_by_a_rule_that_is_not(content):
    rules, raising = content.rules.rules, set[str]()
    for rule in rules.values():
        if rule.id not in content.rules.quiet:
            raising |= set(_below(rule, content))

    assert content.rules.quiet <= raising


def _below(rule: Rule, content: Content) -> Iterator[str]:
    for part in rule.correlation.rules if rule.correlation is not None else ():
        yield part
        yield from _below(content.rules.rules[part], content)


def test_rules_say_who_wrote_them_what_they_rest_on_and_what_else_may_be_behind_it(content):
    for rule in content.rules.rules.values():
        assert rule.author == "soc founders", rule.path
        assert len(rule.description) > 40, rule.path
        assert rule.references, rule.path
        assert rule.falsepositives, rule.path


def test_rules_carry_a_technique_of_attack(content):
    for rule in content.rules.rules.values():
        assert any(re.fullmatch(r"attack\.t\d{4}(\.\d{3})?", tag) for tag in rule.tags), rule.path


@pytest.mark.shared
def test_the_tactics_and_techniques_of_rules_exist(content):
    with (SHARED / "reference" / "attack_techniques.csv").open() as source:
        rows = list(csv.DictReader(source))
    known = {f"attack.{row['id'].lower()}" for row in rows} | {f"attack.{tactic}" for row in rows for tactic in row["tactics"].split()}

    assert {tag for rule in content.rules.rules.values() for tag in rule.tags if tag.startswith("attack.")} <= known


def test_logs_lie_beside_rules_and_hold_addresses_for_documentation_alone():
    logs = {log for name in FILES for log in logs_of(RULES / f"{name}.yml")}
    address = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")

    assert set(RULES.rglob("*.log")) == logs
    for log in sorted(logs):
        strays = [found for found in address.findall(log.read_text()) if not DOCUMENTATION.match(found)]
        assert not strays, log


# --- what `soc rule test` says of rules that prove nothing -----------------------------------------------------------


@pytest.fixture
def site(tmp_path) -> Path:
    rules = tmp_path / "site" / "detections" / "rules"
    rules.mkdir(parents=True)
    for path in (RULES / "ssh").glob("failed_login.*"):
        shutil.copy(path, rules / path.name)
    return tmp_path / "site"


def outcome(site: Path, *names: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """The exit code of `soc rule test`, and the state and faults of each of the site's rules by its file."""
    words = ["--home", str(site / "home"), "--content", str(site), "rule", "test", *names, "--output", "csv"]
    done = CliRunner(env={"XDG_CACHE_HOME": str(site / "cache")}).invoke(cli, words, standalone_mode=False)
    if done.exception:
        raise done.exception
    rows = [row for row in csv.DictReader(done.stdout.splitlines()) if row["path"].startswith(str(site))]
    return done.return_value or 0, {Path(row["path"]).name: (row["state"], row["why"]) for row in rows}


@pytest.mark.parametrize(
    ("log", "lines", "fault"),
    [
        ("hit", "Oct 14 09:00:00 gw1 sshd[1]: Accepted password for alice from 192.0.2.44 port 1 ssh2\n", "raises no alert of this rule"),
        ("miss", "Oct 14 09:00:00 gw1 sshd[1]: Failed password for alice from 192.0.2.44 port 1 ssh2\n", "raises an alert of this rule"),
        ("miss", "Oct 14 09:00:00 gw1 sshd[1]: Faild password for alice\n", "failed_login.miss.log:1: no parser understands this line"),
        ("miss", "Oct 14 09:00:00 gw1 su: BAD SU alice to root on /dev/pts/0\n", "looks at none of these lines"),
        ("miss", "", "is empty"),
    ],
)
def test_a_log_that_proves_nothing_fails_with_the_reason(site, log, lines, fault):
    (site / "detections" / "rules" / f"failed_login.{log}.log").write_text(lines)
    code, found = outcome(site, "failed_login.yml")
    state, why = found["failed_login.yml"]

    assert (code, state) == (2, FAILED)
    assert fault in why


def test_a_rule_without_logs_is_unproved_and_a_rule_that_is_off_is_proved_all_the_same(site):
    for log in (site / "detections" / "rules").glob("*.log"):
        log.unlink()
    assert outcome(site, "failed_login.yml")[1]["failed_login.yml"][0] == UNPROVED

    for log in (RULES / "ssh").glob("failed_login.*.log"):
        shutil.copy(log, site / "detections" / "rules" / log.name)
    (site / "detections" / "tuning").mkdir()
    (site / "detections" / "tuning" / "off.yml").write_text("path: failed_login.yml\nenabled: false\n")

    assert outcome(site, "failed_login.yml")[1]["failed_login.yml"] == (PROVED, "")


def test_a_line_that_states_its_date_is_never_moved(tmp_path):
    log = tmp_path / "x.hit.log"
    log.write_text("<38>1 2031-03-01T10:14:15Z gw1 sshd 4721 - - Failed password for root from 203.0.113.7 port 52144 ssh2\n")

    (event,) = Prover(load_content(())).events(log)

    assert (iso(event["@timestamp"]), event.get("soc.claimed")) == ("2031-03-01T10:14:15.000Z", None)
