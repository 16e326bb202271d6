"""Disks that are full and folders that cannot be written: said with place and repair, and nothing is lost by it."""

from __future__ import annotations

import ctypes
import json
import os
import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SOC = [sys.executable, "-c", "from soc.cli.main import main; main()"]
LINE = "<38>1 2026-11-20T10:{minute:02d}:{second:02d}Z gw1 sshd {pid} - - Failed password for root from 203.0.113.{host} port {port} ssh2\n"
LINES = 4_000
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
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2  # linux/prctl.h, linux/capability.h


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a content root, a log that its feed names, and an empty state folder."""
    chance = random.Random(7)
    for folder in ("detections/rules", "ingest"):
        (tmp_path / "site" / folder).mkdir(parents=True)
    (tmp_path / "site/detections/rules/root.yml").write_text(RULE)
    (tmp_path / "site/ingest/gateways.yml").write_text(f"paths: [{tmp_path}/auth.log]\n")
    some = [dict(pid=chance.randrange(60_000), host=chance.randrange(1, 9), port=chance.randrange(60_000)) for _ in range(LINES)]
    (tmp_path / "auth.log").write_text("".join(LINE.format(minute=at // 100, second=at % 60, **one) for at, one in enumerate(some)))
    soc(tmp_path, "init", "--site", str(tmp_path / "site"))
    config = tmp_path / "home/soc.toml"
    config.write_text(config.read_text().replace("days = 30", "days = 19000"))
    return tmp_path


def soc(folder: Path, *words: str, before: Callable[[], object] | None = None) -> subprocess.CompletedProcess[str]:
    command = [*SOC, "--home", str(folder / "home"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, preexec_fn=before, check=False)


def refused(done: subprocess.CompletedProcess[str], place: Path) -> str:
    """What was said by a soc that could not write there."""
    assert "Traceback" not in done.stderr, done.stderr
    assert (done.returncode, str(place) in done.stderr) == (3, True), done.stderr
    return done.stderr


def state(folder: Path) -> tuple[int, list[tuple[str, int]]]:
    """How many events there are, and what the alerts of the site's rule count, by key."""
    batches = json.loads(soc(folder, "status", "--output", "json").stdout)["batches"]
    alerts = [json.loads(row) for row in soc(folder, "alert", "list", "--limit", "1000", "--output", "json").stdout.splitlines()]
    return batches["events"], sorted((json.dumps(alert["key"]), alert["count"]) for alert in alerts if alert["title"] == "Root tried")


@pytest.mark.parametrize("most", [20_000, 150_000, 400_000])  # bytes that no file can exceed: met by the desk, by ingest, by respond
def test_where_files_cannot_grow_soc_says_so_and_the_next_run_completes_the_work(site, most):
    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    ended = soc(site, "run", before=full)

    assert "Traceback" not in ended.stderr, ended.stderr
    assert ended.returncode in (3, 4), ended.stderr
    assert f"{site / 'home'}" in ended.stderr
    said = soc(site, "run")
    assert said.returncode == 0, said.stderr
    events, alerts = state(site)
    assert (events, sum(count for _, count in alerts)) == (LINES, LINES)
    assert soc(site, "doctor").returncode == 0


def as_nobody_special() -> None:
    """A process that modes of files hold for, also when root runs the tests."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
                raise OSError(ctypes.get_errno(), "cannot drop a capability")


@pytest.mark.parametrize("place", ["home", "home/store", "home/store/segments"])
def test_a_folder_that_cannot_be_written_is_named_and_its_log_is_read_later(site, place):
    folder = site / place
    folder.chmod(0o500)
    try:
        ended = soc(site, "run", before=as_nobody_special)
    finally:
        folder.chmod(0o700)

    refused(ended, site / "home")
    assert soc(site, "run").returncode == 0
    assert state(site)[0] == LINES


def test_a_log_that_cannot_be_read_is_named_and_read_later(site):
    (site / "auth.log").chmod(0)

    ended = soc(site, "ingest", str(site / "auth.log"), before=as_nobody_special)
    (site / "auth.log").chmod(0o600)

    assert (ended.returncode, f"{site}/auth.log: cannot be opened: Permission denied" in ended.stderr) == (4, True), ended.stderr
    assert soc(site, "run").returncode == 0
    assert state(site)[0] == LINES
