"""The demo: its logs come from its generator, tell of five incidents and nothing else, and are read once."""

from __future__ import annotations

import gzip
import json
import os
import resource
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from soc.cli.begin.demo_folder import END, lay_out
from soc.errors import UsageError
from soc.times import SECOND

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "soc" / "data" / "demo" / "logs"
INSTITUTIONS = {  # where each incident of tools/demo/incidents.py happens, and a word of its case's title
    "uni-harbour": "brute force",
    "ministry-health": "scan",
    "library-national": "exploit",
    "institute-physics": "dns",
    "hospital-lake": "sudo",
}


def soc(*arguments: str, home: Path | None = None) -> str:
    """What a soc of its own prints; it must end well."""
    call = [sys.executable, "-c", "from soc.cli.main import main; main()", *(["--home", str(home)] if home else []), *arguments]
    ended = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def told(option: str, folder: Path) -> dict[str, bytes]:
    """The files that the generator writes."""
    subprocess.run([sys.executable, "-m", "tools.demo", option, str(folder)], cwd=ROOT, check=True)
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def rows(home: Path, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in soc(*arguments, "--output", "json", home=home).splitlines()]


class Demo(NamedTuple):
    """The folder of a demo that ran once, what it printed, and the seconds of CPU that it took."""

    home: Path
    printed: str
    seconds: float


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    home, before = tmp_path_factory.mktemp("demo") / "a [strange] 'place' $here", resource.getrusage(resource.RUSAGE_CHILDREN)
    printed, after = soc("demo", "--home", str(home)), resource.getrusage(resource.RUSAGE_CHILDREN)
    return Demo(home, printed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def test_the_shipped_logs_are_those_that_the_generator_tells(tmp_path: Path) -> None:
    shipped = {str(path.relative_to(SHIPPED)).removesuffix(".gz"): gzip.decompress(path.read_bytes()) for path in SHIPPED.rglob("*.gz")}
    assert told("--whole", tmp_path) == shipped


def test_five_thousand_lines_of_six_formats_are_nearly_all_ordinary(tmp_path: Path, demo: Demo) -> None:
    ordinary, whole = told("--ordinary", tmp_path / "ordinary"), told("--whole", tmp_path / "whole")
    counts = [sum(content.count(b"\n") for content in files.values()) for files in (ordinary, whole)]
    assert counts[0] >= 5000
    assert counts[0] > 0.8 * counts[1]
    status = json.loads(soc("status", "--output", "json", home=demo.home))
    assert status["batches"]["events"] == counts[1]
    assert len({feed["dataset"].split(".")[0] for feed in status["feeds"]} - {"syslog"}) >= 6


def test_each_incident_is_a_case_of_its_institution_and_waits_for_an_answer(demo: Demo) -> None:
    home, printed, _ = demo
    queue = rows(home, "case", "list")
    assert sorted(case["institution"] for case in queue) == sorted(INSTITUTIONS)
    for institution, word in INSTITUTIONS.items():
        cases = [rows(home, "case", "show", case["id"])[0] for case in queue if case["institution"] == institution]
        assert any(word in alert["title"].lower() for case in cases for alert in case["alerts"]), institution
        assert all(case["questions"] for case in cases), institution
        assert all(case["id"] in printed for case in cases)


def test_what_happened_is_told_by_the_time_of_the_logs(demo: Demo) -> None:
    alerts = rows(demo.home, "alert", "list")
    assert alerts
    assert all(alert["first"].startswith("2026-10-14T") and alert["last"].startswith("2026-10-14T") for alert in alerts)


def test_the_commands_to_try_next_can_be_pasted(tmp_path: Path) -> None:
    printed = soc("demo", "--home", str(tmp_path / "an other's"))
    commands = [line.strip() for line in printed.partition("Next, try")[2].splitlines() if line.strip()]
    assert len(commands) == 3
    python = shlex.join([sys.executable, "-c", "from soc.cli.main import main; main()"])
    for command in commands:  # they begin with what this soc was called by, which is no program here
        ended = subprocess.run(["bash", "-c", f"{python} {command.partition(' ')[2]}"], cwd=ROOT, capture_output=True, check=False)
        assert ended.returncode == 0, (command, ended.stderr)


def test_a_second_run_doubles_nothing(demo: Demo) -> None:
    home, printed, _ = demo

    def state() -> tuple[object, ...]:
        cases = [rows(home, "case", "show", case["id"])[0] for case in rows(home, "case", "list", "--status", "all")]
        return rows(home, "alert", "list"), cases, json.loads(soc("status", "--output", "json", home=home))["batches"]

    before = state()
    assert soc("demo", "--home", str(home)) == printed
    assert state() == before


def test_the_ordinary_day_raises_at_most_two_alerts(tmp_path: Path) -> None:
    lay_out(tmp_path / "home")
    for name, content in told("--ordinary", tmp_path / "ordinary").items():
        path = tmp_path / "home" / "logs" / name
        path.write_bytes(content)
        os.utime(path, (END // SECOND, END // SECOND))
    soc("init", home=tmp_path / "home")
    soc("ingest", home=tmp_path / "home")
    soc("detect", home=tmp_path / "home")
    alerts = rows(tmp_path / "home", "alert", "list")
    assert len(alerts) <= 2, [(alert["title"], alert["key"]) for alert in alerts]


def test_a_first_demo_takes_less_than_fifteen_seconds_of_cpu(demo: Demo) -> None:
    assert demo.seconds < 15


def test_a_day_that_was_laid_out_stays_as_it_is(tmp_path: Path) -> None:
    lay_out(tmp_path)
    log = next((tmp_path / "logs").rglob("auth.log"))
    log.write_text("of another version\n")
    lay_out(tmp_path)
    assert log.read_text() == "of another version\n"


def test_a_folder_of_somebody_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "soc.toml").write_text("content = []\n")
    with pytest.raises(UsageError, match="was not made by soc demo\n  name another folder"):
        lay_out(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["soc.toml"]
