"""A storm: one rule, 100,000 hits, 5,000 keys of one institution within one cell."""

import json
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.peak import MEASURED, peak

HITS, KEYS, GIGABYTE = 100_000, 5_000, 1 << 30
RULE_ID = "5f0f2f0e-6a3b-4b1a-9a53-0d7f5b0c9f11"
RULE = f"""
title: A failed login
id: {RULE_ID}
status: test
level: high
logsource: {{product: linux, service: sshd}}
detection:
    selection: {{event.outcome: failure}}
    condition: selection
"""
TUNING = f"- path: '*'\n  enabled: false\n- id: {RULE_ID}\n  enabled: true\n  key: [user.name]\n"


def line(number: int) -> str:
    at = f"2026-11-20T10:{number * 59 // HITS:02d}:{number % 60:02d}Z"
    return f"<38>1 {at} gw1 sshd 4721 - - Failed password for u{number % KEYS} from 203.0.113.{130 + number % 100} port 4000 ssh2\n"


def soc(home: Path, *words: str) -> str:
    return subprocess.run([*MEASURED, "--home", str(home), *words], check=True, capture_output=True, text=True, timeout=300).stdout


@pytest.mark.slow
def test_a_storm_is_an_alert_per_key_and_one_case(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    site, home, log = tmp_path / "site", tmp_path / "home", tmp_path / "auth.log"
    for folder, name, text in (("rules", "r.yml", RULE), ("tuning", "zz.yml", TUNING)):
        (site / "detections" / folder).mkdir(parents=True)
        (site / "detections" / folder / name).write_text(text)
    (site / "ingest").mkdir()
    (site / "ingest/gateways.yml").write_text(f"paths: [{log}]\ninstitution: uni-north\n")
    log.write_text("".join(map(line, range(HITS))))
    soc(home, "init", "--site", str(site))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)

    soc(home, "run", "--deadline", "1h")

    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    most = peak(home)
    alerts = [json.loads(row) for row in soc(home, "alert", "list", "--limit", "100000", "--output", "json").splitlines()]
    cases = [json.loads(row) for row in soc(home, "case", "list", "--output", "json").splitlines()]
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    record_property("table", f"storm of {HITS:,} hits: {len(alerts):,} alerts, {used:.0f} s of CPU, {most >> 20} MB at most")
    assert len(alerts) == KEYS
    assert sum(alert["count"] for alert in alerts) == HITS
    assert [(case["institution"], case["alerts"]) for case in cases] == [("uni-north", KEYS)]
    assert most < GIGABYTE
