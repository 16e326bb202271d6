"""`soc rule` tells what runs, what does not, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from soc.cli.main import cli
from soc.errors import UsageError
from tests.test_rules import BOTH, FAILED, IDS, LOGIN, MANY


@pytest.fixture
def site(tmp_path) -> Path:
    rules = tmp_path / "site" / "detections" / "rules"
    rules.mkdir(parents=True)
    for name, text in (("failed", FAILED), ("login", LOGIN), ("many", MANY), ("both", BOTH)):
        (rules / f"{name}.yml").write_text(text)
    return tmp_path / "site"


def soc(site: Path, *words: str, code: int = 0) -> list[dict]:
    """The JSON lines that the command prints."""
    done = CliRunner(env={"XDG_CACHE_HOME": str(site / "cache")}).invoke(
        cli, ["--home", str(site / "home"), "--content", str(site), "rule", *words, "--output", "json"], standalone_mode=False
    )
    if done.exception:
        raise done.exception
    assert (done.return_value or 0) == code, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_rules_are_listed_with_their_state(site):
    states = {row["id"]: row["state"] for row in soc(site, "list", "0000-4000")}

    assert states == {IDS["failed"]: "quiet", IDS["login"]: "quiet", IDS["many"]: "quiet", IDS["both"]: "active"}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["Guessed", "0000-4000"], {"both"}),
        (["--level", "low", "failed", "LOGIN", "0000-4000"], {"failed"}),
        (["--tag", "attack.t1110", "0000-4000"], {"failed", "login"}),
        (["--dataset", "openssh.auth", "0000-4000"], {"failed", "login", "many", "both"}),
        (["--state", "dormant", "0000-4000"], set()),
    ],
)
def test_a_list_is_narrowed_by_words_and_filters(site, words, found):
    assert {row["id"] for row in soc(site, "list", *words)} == {IDS[name] for name in found}


def test_a_rule_is_shown_by_the_beginning_of_its_id_or_by_its_name(site):
    [by_id], [by_name] = soc(site, "show", IDS["both"]), soc(site, "show", "failed")

    assert by_id["correlation"] == "temporal_ordered of 'Many failed logins', 'Good login' within 10m, per source.ip"
    assert by_name["condition"] == ["equals", "event.outcome", "failure", False]
    assert "openssh.auth" in by_name["sees"]


def test_an_id_that_no_rule_has_or_several_begin_with_is_an_error_that_names_the_way(site):
    with pytest.raises(UsageError, match="soc rule list"):
        soc(site, "show", "nothing")
    with pytest.raises(UsageError, match="4 rules begin with"):
        soc(site, "show", "00000000-0000-4000")


def test_a_rule_that_never_runs_fails_the_check_when_it_is_ours_and_is_listed_when_it_is_not(site, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "cron.yml").write_text(FAILED.replace("sshd", "no-such").replace(IDS["failed"], IDS["other"]).replace("name: failed", ""))
    (theirs / "broken.yml").write_text("{")
    before = soc(site, "check", code=soc_check_code(site))
    rows = soc(site, "check", "--rules", str(theirs), code=soc_check_code(site))
    (site / "detections" / "rules" / "cron.yml").write_text((theirs / "cron.yml").read_text())
    ours = soc(site, "check", code=2)

    told = [row for row in rows if row not in before]
    assert sorted((row["state"], Path(row["path"]).name) for row in told) == [("dormant", "cron.yml"), ("refused", "broken.yml")]
    assert [Path(row["path"]).name for row in ours if row not in before] == ["cron.yml"]


def soc_check_code(site: Path) -> int:
    """0, unless the shipped rules themselves have faults; those are for `soc check` of the shipped content to tell."""
    done = CliRunner(env={"XDG_CACHE_HOME": str(site / "cache")}).invoke(
        cli, ["--home", str(site / "home"), "rule", "check", "--output", "json"], standalone_mode=False
    )
    return int(done.return_value or 0)


def test_words_that_other_tools_read_as_something_else_are_listed_with_their_line(site):
    odd = LOGIN.replace(IDS["login"], IDS["other"]).replace("name: login", "name: odd").replace("success", "success\n    user.name: no")
    (site / "detections" / "rules" / "odd.yml").write_text(odd)

    [row] = soc(site, "check")

    assert (row["state"], Path(row["path"]).name, row["line"]) == ("word", "odd.yml", odd.splitlines().index("    user.name: no") + 1)
    assert row["why"] == "'no' is this text, as in YAML 1.2; by YAML 1.1 it is something else"
