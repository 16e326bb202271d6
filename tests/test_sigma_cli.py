"""soc is a plug-in of pySigma: those who know sigma-cli see with it what soc makes of a rule."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from soc.condition import codec
from soc.condition.tree import Equals
from tests.test_rules import BOTH, FAILED, LOGIN, MANY

SIGMA = Path(sys.executable).with_name("sigma")
FIREWALL = """
title: Web
logsource: {category: firewall}
detection:
  selection:
    dst_port: 80
  condition: selection
"""


def convert(target: str, *rules: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "rules.yml").write_text("\n---\n".join(rules))
    return subprocess.run(
        [SIGMA, "convert", "-t", target, "-p", "soc_ecs", folder / "rules.yml"], capture_output=True, text=True, check=False
    )


def test_sigma_converts_a_rule_to_socs_tree_with_its_field_mappings(tmp_path):
    done = convert("soc_tree", FIREWALL, folder=tmp_path)

    assert codec.load(json.loads(done.stdout)) == Equals("destination.port", 80)


def test_sigma_converts_a_rule_to_a_select_that_runs(tmp_path):
    done = convert("soc_sql", FIREWALL, folder=tmp_path)

    with duckdb.connect() as database:
        database.execute('CREATE TABLE events AS SELECT 80::BIGINT AS "destination.port", 1 AS id UNION ALL SELECT 81, 2')
        assert database.execute(done.stdout).fetchall() == [(80, 1)]


@pytest.mark.parametrize(
    ("rules", "says"), [([FIREWALL.replace("80", "http")], "destination.port"), ([FAILED, LOGIN, MANY, BOTH], "correlations")]
)
def test_what_soc_would_refuse_sigma_refuses_with_the_reason(tmp_path, rules, says):
    done = convert("soc_tree", *rules, folder=tmp_path)

    assert done.returncode != 0
    assert says in done.stderr


@pytest.mark.parametrize(("kind", "names"), [("targets", ["soc_sql", "soc_tree"]), ("pipelines", ["soc_ecs"])])
def test_sigma_lists_what_soc_brings(kind, names):
    done = subprocess.run([SIGMA, "list", kind], capture_output=True, text=True, check=True)

    assert all(name in done.stdout for name in names)
