"""`soc run` as cron and systemd call it: overlap, deadline, and the units and lines that soc writes."""

import gzip
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from soc.cli.call.context import Soc
from soc.cli.operate.run import run
from soc.desk.desk import open_desk
from soc.ingest.skew import skew_lines, skewed
from soc.times import HOUR, MINUTE
from tests.rule_kit import counted

SOC = [sys.executable, "-c", "from soc.cli.main import main; main()"]
LINE = "<38>1 2026-11-20T10:14:{second:02d}Z gw1 sshd 4721 - - Failed password for root from 203.0.113.7 port 52144 ssh2"
RULE = """
title: Root tried
id: 5f0f2f0e-6a3b-4b1a-9a53-0d7f5b0c9f11
status: test
level: high
logsource: {product: linux, service: sshd}
detection:
    selection: {event.outcome: failure, user.name: root}
    condition: selection
"""


class Site:
    """A state folder, a content root and a log that a feed names."""

    def __init__(self, folder):
        self.home, self.site, self.log = folder / "home", folder / "site", folder / "auth.log"
        (self.site / "detections/rules").mkdir(parents=True)
        (self.site / "ingest").mkdir()
        (self.site / "detections/rules/root.yml").write_text(RULE)
        (self.site / "ingest/gateways.yml").write_text(f"paths: [{self.log}]\nparsers: [openssh]\n")
        self.soc("init", "--site", str(self.site))
        config = self.home / "soc.toml"
        config.write_text(config.read_text().replace("days = 30", "days = 36500"))
        self.write(range(5))

    def write(self, seconds):
        with self.log.open("a") as log:
            log.writelines(LINE.format(second=second) + "\n" for second in seconds)

    def soc(self, *words, **more):
        return subprocess.run([*SOC, "--home", str(self.home), *words], capture_output=True, text=True, timeout=120, **more)

    def status(self):
        return json.loads(self.soc("status", "--output", "json").stdout)

    def alerts(self):
        return [json.loads(line) for line in self.soc("alert", "list", "--output", "json").stdout.splitlines()]


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_run_reads_detects_and_opens_a_case_and_a_second_run_doubles_nothing(site):
    first = site.soc("run")
    site.write(range(5, 7))
    second = site.soc("run")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert site.status()["batches"]["events"] == 7
    assert [alert["count"] for alert in site.alerts()] == [7]
    assert site.status()["queue"]["open"] == 1
    assert site.status()["coverage"]["uncovered"] == 0


def test_what_is_blind_is_listed_with_what_would_open_its_eyes(site):
    before = [row["title"] for row in listed(site.soc("rule", "list", "--blind", "--output", "json"))]
    site.soc("run")
    blind = {row["title"]: row["why"] for row in listed(site.soc("rule", "list", "--blind", "--output", "json"))}

    assert "Root tried" in before and "Root tried" not in blind
    assert blind["DNS tunnel"] == "all that it counts is blind"
    assert "no feed alive supplies suricata.alert" in blind.values()
    assert {one["title"]: one["why"] for one in site.status()["blind"]} == blind
    assert f"Blind     {len(blind)} rules" in site.soc("status", "--output", "table").stdout


def test_times_that_are_not_believed_are_counted_by_feed_with_the_likely_cause(site):
    ahead = datetime.now(UTC) + timedelta(hours=1)
    site.log.write_text(f"{LINE.replace('2026-11-20T10:14:{second:02d}Z', f'{ahead:%Y-%m-%dT%H:%M:%SZ}')}\n" * 3)
    said = "gateways: 3 events 1h ahead; is its zone right? They stand at their time of receipt"

    ran, status, doctor = site.soc("run"), site.status(), json.loads(site.soc("doctor", "--output", "json").stdout)

    assert said in ran.stderr.splitlines()
    assert status["doubted"] == [said]
    assert f"feed {said}" in doctor["faults"]
    assert f"Doubted   {said}" in site.soc("status", "--output", "table").stdout


@pytest.mark.parametrize(
    ("skews", "said"),
    [
        ([HOUR, HOUR + 2 * MINUTE], "gw: 2 events 1h ahead; is its zone right?"),
        ([5 * HOUR + 30 * MINUTE], "gw: 1 event 5h30m ahead; is its zone right?"),
        ([47 * MINUTE], "gw: 1 event 47m ahead; is its clock right?"),
        ([40 * 24 * HOUR], "gw: 1 event 40d ahead; is its clock right?"),
        ([HOUR, HOUR, 7 * MINUTE], "gw: 3 events ahead, most of them 1h; is its zone right?"),
    ],
)
def test_how_far_a_feed_is_ahead_says_what_is_likely_wrong(skews, said):
    events = [{"soc.feed": "gw", "soc.claimed": 1, "soc.skew_ms": skew // 1000} for skew in skews]

    assert skew_lines(skewed([*events, {"soc.feed": "other"}])) == [f"{said} They stand at their time of receipt"]


def test_a_first_run_over_old_logs_says_so_and_keeps_them_until_a_person_lets_them_go(site):
    config = site.home / "soc.toml"
    config.write_text(config.read_text().replace("days = 36500", "days = 30"))
    site.log.write_text(site.log.read_text().replace("2026-", "2024-"))

    read, first, second = site.soc("ingest"), site.soc("run"), site.soc("run")

    assert "5 of the events are older than the retention, which lets them go" in read.stderr
    said = "retention waits: 5 events were older than 30 days when they were read"
    assert [said in run.stderr for run in (first, second)] == [True, True]
    assert (first.returncode, second.returncode, site.status()["batches"]["events"]) == (4, 4, 5)
    assert said in site.status()["retention_waits"]
    config.write_text(config.read_text().replace("days = 30", "days = 36500"))
    assert (site.soc("run").returncode, site.status()["retention_waits"]) == (0, None)


def test_old_logs_that_a_person_lets_go_go_and_later_ones_wait_no_more(site):
    config = site.home / "soc.toml"
    config.write_text(config.read_text().replace("days = 36500", "days = 30"))
    site.log.write_text(site.log.read_text().replace("2026-", "2024-"))
    site.soc("run")

    assert site.soc("retain").returncode == 0
    assert site.status()["batches"]["events"] == 0
    with site.log.open("a") as log:
        log.write(LINE.replace("2026-", "2023-").format(second=50) + "\n")
    assert site.soc("run").returncode == 0
    assert site.status()["batches"]["events"] == 0


def test_the_dates_of_an_old_file_count_whatever_its_time_of_change_says(site):
    os.utime(site.log, (0, 0))

    ran = site.soc("run")

    assert "ahead" not in ran.stderr
    assert [alert["first"] for alert in site.alerts()] == ["2026-11-20T10:14:00.000Z"]


def listed(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_run_that_overlaps_names_the_holder_and_does_nothing(site):
    desk = open_desk(f"sqlite:///{site.home / 'desk.db'}")
    with desk.lock("soc run", owner="somebody", now=0, lease=HOUR):
        late = site.soc("run")
    desk.close()

    assert late.returncode == 3
    assert "somebody" in late.stderr
    assert str(os.getpid()) in late.stderr
    assert site.status()["batches"]["events"] == 0


def test_a_run_older_than_its_lease_is_named_by_status_and_doctor(site):
    site.soc("run")
    desk = open_desk(f"sqlite:///{site.home / 'desk.db'}")
    with desk.lock("soc run", owner="somebody", now=0, lease=HOUR):
        status, doctor = site.soc("status", "--output", "table"), site.soc("doctor", "--output", "json")
    desk.close()

    said = f"soc run: somebody, process {os.getpid()} on {socket.gethostname()}, runs since 1970-01-01T00:00:00.000Z"
    assert (status.returncode, said in status.stdout) == (4, True), status.stdout
    assert (doctor.returncode, said in doctor.stdout) == (4, True), doctor.stdout
    assert site.soc("status").returncode == 0


def test_a_run_without_time_leaves_everything_to_the_next(site):
    hurried = site.soc("run", "--deadline", "0s")
    calm = site.soc("run")

    assert (hurried.returncode, calm.returncode) == (0, 0), hurried.stderr + calm.stderr
    assert [alert["count"] for alert in site.alerts()] == [5]


def test_the_crontab_line_runs(site):
    line = site.soc("init", "--crontab").stdout.strip()
    minute, *_, command = line.split(maxsplit=5)

    done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=120)

    assert minute == "*/5"
    assert done.returncode == 0, done.stderr
    assert site.status()["batches"]["events"] == 5


def test_the_systemd_units_are_valid_and_their_command_runs(site, tmp_path):
    units = tmp_path / "units"
    units.mkdir()
    site.soc("init", "--systemd", str(units))
    service = (units / "soc-run.service").read_text()
    (command,) = [line.partition("=")[2] for line in service.splitlines() if line.startswith("ExecStart=")]

    if analyze := shutil.which("systemd-analyze"):
        verdict = subprocess.run([analyze, "verify", *map(str, sorted(units.iterdir()))], capture_output=True, text=True, timeout=60)
        said = [line for line in verdict.stderr.splitlines() if "soc-run" in line]
        assert (verdict.returncode, said) == (0, []), verdict.stderr
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    assert Path(command.split()[0]).is_absolute()
    assert f'ReadWritePaths="{site.home}"' in service


def test_a_feeds_file_that_cannot_be_read_is_a_failure_of_the_run(site):
    site.log.write_bytes(gzip.compress(site.log.read_bytes() * 50)[:-8])

    done = site.soc("run")

    assert done.returncode == 4
    assert "damaged or cut off" in done.stderr


def test_what_is_older_than_the_retention_is_searched_before_it_goes(site):
    config = site.home / "soc.toml"
    config.write_text(config.read_text().replace("days = 36500", "days = 1"))
    site.log.write_text("".join(LINE.format(second=second).replace("2026-11", "2026-01") + "\n" for second in range(3)))

    done = site.soc("run")

    assert "dropped 3 events" in done.stderr
    assert site.status()["batches"]["events"] == 0
    (alert,) = site.alerts()
    shown = json.loads(site.soc("alert", "show", alert["id"], "--output", "json").stdout)
    assert len(shown["events"]) == 3


@pytest.mark.parametrize(("searched", "expired"), [(True, 0), (False, 1)], ids=["searched", "never searched"])
def test_retention_after_a_rule_was_edited_calls_unseen_what_no_rule_set_has_searched_and_nothing_else(site, searched, expired):
    site.log.write_text(LINE.format(second=1).replace("2026-11", "2026-01") + "\n")
    site.soc("ingest")
    if searched:
        site.soc("detect")
    rule = site.site / "detections/rules/root.yml"
    rule.write_text(rule.read_text().replace("user.name: root", "user.name: admin"))

    done = site.soc("retain", "--days", "1")

    assert (done.returncode, "dropped 1 events" in done.stderr) == (0, True), done.stderr
    assert site.status()["coverage"]["gaps"].get("expired", 0) == expired
    assert ("no rule has seen" in done.stderr) == bool(expired)


class Hurried(Soc):
    """A call whose clock runs: half a minute goes by at each look."""

    seconds = 0.0

    def monotonic(self):
        self.seconds += 30
        return self.seconds


def test_with_a_backlog_reading_leaves_half_of_the_deadline_to_the_search(site):
    (site.home / "soc.toml").write_text((site.home / "soc.toml").read_text() + "\n[ingest]\nbatch = 1\n")
    (site.site / "ingest/gateways.yml").write_text(f"paths: ['{site.log.parent}/*.log']\n")
    for second in range(40):
        site.log.with_name(f"{second}.log").write_text(LINE.format(second=second) + "\n")

    done = CliRunner().invoke(run, ["--deadline", "10m"], obj=Hurried(site.home, None, ()), standalone_mode=False)

    assert done.return_value == 0, repr(done.exception)
    assert 0 < site.status()["batches"]["events"] < 45
    assert site.status()["coverage"]["uncovered"] < site.status()["coverage"]["batches"]


NO_KEY = counted("Many for one user", "5f0f2f0e-6a3b-4b1a-9a53-0d7f5b0c9f12", 2, by="source.domain", within="1h")


@pytest.mark.parametrize("command", ["run", "detect"])
def test_hits_without_a_value_to_group_by_are_told_with_their_rule(site, command):
    (site.site / "detections/rules/many.yml").write_text(NO_KEY)
    site.soc("ingest")

    done = site.soc(command)

    assert done.returncode == 0, done.stderr
    assert "rule 5f0f2f0e-6a3b-4b1a-9a53-0d7f5b0c9f12: 5 hits have no value to group by" in done.stderr


def test_detect_prints_its_totals_in_every_form(site):
    site.soc("ingest")

    forms = {form: site.soc("detect", "--output", form).stdout for form in ("csv", "table", "json")}

    assert forms["csv"].startswith("batches,events,hits,new,left\n1,5,")
    assert forms["table"].split() == ["batches", "events", "hits", "new", "left", *"00000"]
    assert json.loads(forms["json"]) == {"batches": 0, "events": 0, "hits": 0, "new": 0, "left": 0}
