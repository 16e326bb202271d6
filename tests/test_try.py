"""`soc try` on a terminal, and interrupted: it shows how far it is, and ends at once with nothing left behind."""

import json
import os
import signal
import subprocess
from contextlib import contextmanager

import pytest

from bench.lines import write
from tests.servers.calls import CLEAN, SOC
from tests.servers.machine import wait_for

LINES = 6_000  # under brute force: their alerts are more than a pipe holds


@pytest.fixture(scope="module")
def brute(tmp_path_factory):
    return write(tmp_path_factory.mktemp("logs") / "brute.log", "brute", LINES)


def test_on_a_terminal_it_shows_how_much_was_searched(brute):
    master, slave = os.openpty()

    subprocess.run([*SOC, "try", "--output", "json", str(brute)], check=True, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)

    shown = until_closed(master)
    assert f"{LINES}/{LINES}" in shown.partition("events searched")[2].partition("alerts printed")[0]
    assert "alerts printed" in shown


def test_the_login_that_followed_the_failures_comes_first_in_the_evidence(tmp_path):
    """Twelve failures for others in front of it, and one in its second."""
    line = "<38>1 2026-11-20T10:14:{:02d}Z gw1 sshd 4721 - - {} password for {} from 203.0.113.200 port 52144 ssh2\n"
    failures = [line.format(second, "Failed", f"user{second}") for second in range(1, 13)]
    login = line.format(12, "Accepted", "m.huber")
    log = tmp_path / "auth.log"
    log.write_text("".join([*failures, login, *(line.format(second, "Failed", "root") for second in range(13, 30))]))

    done = subprocess.run([*SOC, "try", "--output", "json", str(log)], check=True, capture_output=True, text=True)

    found = json.loads(done.stdout)
    (alert,) = [one for one in found["alerts"] if one["title"] == "SSH brute force succeeded"]
    assert alert["events"][0]["user.name"] == "m.huber"
    assert [one["title"] for one in found["cases"]] == ["SSH brute force succeeded: m.huber"]


def test_in_a_pipe_it_shows_totals_alone(brute):
    done = subprocess.run([*SOC, "try", str(brute)], check=True, capture_output=True, text=True)

    assert done.stderr.splitlines() == [
        f"read {LINES} lines in 1 batches: {LINES} events, 0 of them unrecognised, 0 failed; 0 files refused"
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_while_it_reads_it_says_nothing_of_what_was_found(tmp_path, brute, number):
    with begun(tmp_path, str(brute), "-") as process:
        wait_for(lambda: bool(list(tmp_path.glob("*/store/lock"))), "reading")
        assert ended(process, number) == 130

        assert process.stdout.read() == b""
        assert process.stderr.read().endswith(b"\nsoc: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_interrupted_while_it_searches_it_says_nothing_of_what_was_found(tmp_path, brute):
    master, slave = os.openpty()

    with begun(tmp_path, str(brute), stderr=slave) as process:
        os.close(slave)
        begins = b""
        while b"events searched" not in begins:
            begins += os.read(master, 1 << 16)
        assert ended(process, signal.SIGINT) == 130

        said = process.stdout.read()
    shown = until_closed(master)
    assert "soc: interrupted" in shown
    assert said == b"" or "alerts printed" in shown  # it was faster than the signal
    assert list(tmp_path.iterdir()) == []


def test_interrupted_while_it_prints_to_somebody_who_does_not_read_on_it_ends(tmp_path, brute):
    with begun(tmp_path, str(brute)) as process:
        process.stdout.read(1)
        assert ended(process, signal.SIGINT) == 130

        assert process.stderr.read().endswith(b"\nsoc: interrupted\n")
    assert list(tmp_path.iterdir()) == []


@contextmanager
def begun(temporary, *paths, stderr=subprocess.PIPE):
    """A trial whose output nobody reads, so that it does not end before its alerts are printed."""
    called, given = [*SOC, "try", "--output", "json", *paths], {**CLEAN, "TMPDIR": str(temporary)}
    with subprocess.Popen(called, env=given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, bufsize=0) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process, number):
    """The exit code of a process that got a signal."""
    process.send_signal(number)
    return process.wait(timeout=60)


def until_closed(master):
    """What was written to the terminal until nobody had it open any more."""
    shown = b""
    try:
        while piece := os.read(master, 1 << 16):
            shown += piece
    except OSError:  # so says Linux that the other end is closed
        pass
    os.close(master)
    return shown.decode()
