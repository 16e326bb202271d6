"""What a relay says about a message is not the message: "message repeated n times" is undone for every program, and counted."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soc.event import Event
from soc.parsing import Clock, Stream
from soc.parsing.routes import Routes
from soc.times import parse_iso
from tests.mutate import all_parsers
from tests.servers.calls import SOC

CLOCK = Clock(parse_iso("2026-12-01T00:00:00Z"), UTC)
ROUTES = Routes(all_parsers())
ACCESS = "access-list in_1 denied tcp outside/203.0.113.7(44123) -> inside/192.0.2.10(22) hit-cnt {hits} 300-second interval [0x0, 0x0]"
HEADERS = [
    "<38>Oct 11 22:14:15 gw1 {tag}: {message}",
    "Oct 11 22:14:15 gw1 {tag}: {message}",
    "2026-10-11T22:14:15+00:00 gw1 {tag}: {message}",
    "<38>{tag}: {message}",
    "<38>1 2026-10-11T22:14:15Z gw1 {tag} 7 - - {message}",
    "<38>1 2026-10-11T22:14:15Z gw1 {tag} 7 - - \ufeff{message}",
]
MESSAGES = {
    "sshd": "Failed password for root from 203.0.113.7 port 52144 ssh2",
    "sudo": "alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id -u",
    "su": "FAILED SU (to root) alice on pts/0",
    "kernel": "DROP IN=eth0 OUT= SRC=203.0.113.7 DST=192.0.2.10 LEN=60 TTL=51 ID=17 DF PROTO=TCP SPT=36051 DPT=22 SYN URGP=0",
    "named": "client @0x7f1 203.0.113.7#35959 (www.example.org): query: www.example.org IN A",
}


def read(line: str) -> Event:
    return ROUTES.event(line.encode(), Stream(CLOCK))


def meaning(line: str) -> Event:
    event = read(line)
    return {**event, "message": event["message"].lstrip(" "), "event.original": "", "soc.repeated": 0}


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("tag", MESSAGES)
def test_a_repeated_message_means_what_it_means_once(header: str, tag: str):
    line = header.format(tag=tag, message="message repeated 5 times: [ {}]")

    assert meaning(line.format(MESSAGES[tag])) == meaning(header.format(tag=tag, message=MESSAGES[tag]))
    assert read(line.format(MESSAGES[tag]))["soc.repeated"] == 5


def test_a_message_that_two_relays_reduced_is_undone_twice_and_no_more():
    once, twice = "message repeated 3 times: [ {}]", "message repeated 2 times: [ message repeated 3 times: [ {}]]"
    head, said = "<38>Oct 11 22:14:15 gw1 sshd[7]: ", MESSAGES["sshd"]

    assert meaning(head + twice.format(said)) == meaning(head + said)
    assert read(head + twice.format(said))["soc.repeated"] == 6
    assert read(head + twice.format(once.format(said)))["message"] == once.format(said)


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_the_count_is_written_when_it_is_more_than_one_and_fits_whatever_was_claimed(outer: int, inner: int):
    event = read(f"<13>Oct 11 22:14:15 gw1 app: message repeated {outer} times: [ message repeated {inner} times: [ x]]")

    assert 1 < event.get("soc.repeated", 2) < 1 << 63
    if 0 < outer < 10**9 and 0 < inner < 10**9:
        assert (event.get("soc.repeated", 1), event["message"]) == (outer * inner, "x")


def test_what_a_relay_cut_while_it_repeated_it_is_not_read_as_if_it_were_whole():
    """rsyslog writes the first 800 bytes of it (runtime/ratelimit.c, "[%.800s]")."""
    cut = (" x" + "é" * 400 + MESSAGES["sshd"]).encode()[:800].decode()

    event = read(f"<38>Oct 11 22:14:15 gw1 sshd[7]: message repeated 4 times: [{cut}]")

    assert event["soc.repeated"] == 4
    assert event["message"].startswith("message repeated 4 times: [ xé")
    assert "source.ip" not in event


@pytest.mark.parametrize(
    "message",
    ["last message repeated 3 times", *(f"message repeated {rest}" for rest in ("many times: [ x]", "3 times: [ x", "0 times: [ x]"))],
)
def test_what_does_not_tell_the_message_and_a_count_stays_as_it_is(message: str):
    event = read(f"<13>Oct 11 22:14:15 gw1 app: {message}")

    assert event["message"] == message
    assert "soc.repeated" not in event


@pytest.mark.parametrize(("hits", "times"), [(1, None), (4, 4), (10**17, 10**17)])
def test_a_firewall_that_counts_hits_tells_of_so_many(hits: int, times: int | None):
    event = read(f"<164>Oct 11 2026 22:14:15 asa1 : %ASA-4-106100: {ACCESS.format(hits=hits)}")

    assert (event["cisco.asa.hit_count"], event.get("soc.repeated")) == (hits, times)


@pytest.mark.parametrize("header", ["<164>Oct 11 22:14:15 asa1 ", "Oct 11 22:14:15 asa1 ", "<164>Oct 11 2026 22:14:15 asa1 : "])
@pytest.mark.parametrize("repeated", ["%ASA-4-106100: message repeated 3 times: [ {}]", "message repeated 3 times: [ %ASA-4-106100: {}]"])
def test_hits_that_a_relay_saw_repeated_are_so_many_times_as_many(header: str, repeated: str):
    said = ACCESS.format(hits=4)

    assert meaning(header + repeated.format(said)) == meaning(f"{header}%ASA-4-106100: {said}")
    assert read(header + repeated.format(said))["soc.repeated"] == 12


def failures(reduced: bool) -> list[str]:
    """Five connections with six failed passwords each, and a login: as sshd writes them, or as a relay reduces them."""
    lines = []
    for minute in range(5):
        said = f"Failed password for root from 203.0.113.7 port {50000 + minute} ssh2"
        head = f"Nov 23 11:{minute:02}:{{:02}} srv2 sshd[{700 + minute}]: "
        written = [said, f"message repeated 5 times: [ {said}]"] if reduced else [said] * 6
        seconds = (2, 19) if reduced else range(2, 20, 3)
        lines += [head.format(second) + one for second, one in zip(seconds, written, strict=True)]
    return [*lines, "Nov 23 11:05:10 srv2 sshd[710]: Accepted password for root from 203.0.113.7 port 50010 ssh2"]


def alerts_of(path, lines: list[str]) -> list[tuple[str, dict[str, str], int]]:
    path.write_text("\n".join([*lines, ""]))
    done = subprocess.run([*SOC, "try", "--output", "json", str(path)], check=True, capture_output=True)
    return [(alert["title"], alert["key"], alert["count"]) for alert in json.loads(done.stdout)["alerts"]]


def test_what_a_relay_reduced_raises_the_same_alerts_with_the_same_counts(tmp_path):
    raised = alerts_of(tmp_path / "plain.log", failures(reduced=False))

    assert ("SSH brute force", {"source.ip": "203.0.113.7"}, 30) in raised
    assert alerts_of(tmp_path / "reduced.log", failures(reduced=True)) == raised
