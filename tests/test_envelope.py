"""The syslog header: what is written into it is read out of it, in every dialect."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from soc.parsing import Clock
from soc.parsing.envelope import read_header
from soc.parsing.header import FACILITIES, SEVERITIES
from soc.times import parse_iso, to_datetime

CLOCK = Clock(parse_iso("2026-12-01T00:00:00Z"), UTC)
MOMENTS = st.integers(parse_iso("2025-12-31T00:00:00Z") // 10**6, CLOCK.received // 10**6).map(lambda seconds: seconds * 10**6)
HOSTS = st.sampled_from(["gw1", "gw1.example.org", "192.0.2.1", "2001:db8::1", "_host-7"])
TAGS = st.sampled_from(["sshd", "sshd-session", "postfix/smtpd", "CRON", "(systemd)", "dhcpd3.0", "a@b"])
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=40)
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='=]"'), min_size=1, max_size=10)


def header(line: str) -> dict[str, Any]:
    record = read_header(line, CLOCK)
    assert record is not None
    said = record.fields
    return {
        "time": said["@timestamp"],
        "priority": said.get("log.syslog.priority"),
        "host": said.get("host.name"),
        "tag": said.get("log.syslog.appname"),
        "pid": said.get("process.pid"),
        "message": said["message"],
    }


@given(st.none() | st.integers(0, 191), MOMENTS, HOSTS, TAGS, st.none() | st.integers(0, 2**31), WORDS)
def test_an_rfc_3164_header_is_read_back(priority: int | None, moment: int, host: str, tag: str, pid: int | None, message: str):
    start = "" if priority is None else f"<{priority}>"
    number = "" if pid is None else f"[{pid}]"
    line = f"{start}{to_datetime(moment).strftime('%b %e %H:%M:%S')} {host} {tag}{number}: {message}"

    assert header(line) == {"time": moment, "priority": priority, "host": host, "tag": tag, "pid": pid, "message": message}


@given(MOMENTS, HOSTS, TAGS, st.integers(0, 2**31), WORDS, st.booleans())
def test_an_iso_stamp_tells_the_same(moment: int, host: str, tag: str, pid: int, message: str, zoned: bool):
    stamp = to_datetime(moment).isoformat() if zoned else to_datetime(moment).replace(tzinfo=None).isoformat()

    got = header(f"{stamp} {host} {tag}[{pid}]: {message}")

    assert got == {"time": moment, "priority": None, "host": host, "tag": tag, "pid": pid, "message": message}


@given(st.integers(0, 191), MOMENTS, NAMES, st.dictionaries(NAMES, st.dictionaries(NAMES, WORDS, max_size=3), max_size=3), WORDS)
def test_rfc_5424_is_read_back_with_its_structured_data(
    priority: int, moment: int, app: str, data: dict[str, dict[str, str]], message: str
):
    assume(app != "-" and not message.startswith("\ufeff"))
    elements = "".join(f"[{name}{''.join(f' {key}={_quoted(value)}' for key, value in params.items())}]" for name, params in data.items())
    line = f"<{priority}>1 {to_datetime(moment).isoformat()} gw1 {app} 77 - {elements or '-'} \ufeff{message}"

    record = read_header(line, CLOCK)

    assert record is not None
    assert (record.fields["@timestamp"], record.program, record.message) == (moment, app, message)
    wanted = {f"{name}.{key}": value for name, params in data.items() for key, value in params.items()}
    assert record.fields.get("labels", {}) == wanted


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]") + '"'


@pytest.mark.parametrize("code", [0, 38, 165, 191])
def test_a_priority_is_a_facility_and_a_severity(code: int):
    record = read_header(f"<{code}>Oct 11 22:14:15 gw1 a: b", CLOCK)

    assert record is not None
    assert record.fields["log.syslog.facility.name"] == FACILITIES[code // 8]
    assert record.fields["log.syslog.severity.name"] == SEVERITIES[code % 8]


T = parse_iso("2026-10-11T22:14:15Z")
DIALECTS = [  # line, time, host, tag, pid, message
    ("113 <38>Oct 11 22:14:15 gw1 sshd[7]: text", T, "gw1", "sshd", 7, "text"),
    ("<38> Oct 11 22:14:15 gw1 /usr/sbin/cron[7]: text", T, "gw1", "/usr/sbin/cron", 7, "text"),
    ("<134>Oct 11 22:14:15 filterlog[7]: 4,,,", T, None, "filterlog", 7, "4,,,"),
    ("Oct 11 22:14:15 sudo: text", T, None, "sudo", None, "text"),
    ("Oct 11 22:14:15 gw1 last message repeated 3 times", T, "gw1", None, None, "last message repeated 3 times"),
    ("Oct 11 22:14:15 last message repeated 3 times", T, None, None, None, "last message repeated 3 times"),
    ("Oct 11 22:14:15 gw1 User Profile[7]: text", T, "gw1", "User Profile", 7, "text"),
    ("<166>Oct 11 2026 22:14:15 fw1 : %ASA-6-302013: Built", T, "fw1", None, None, "%ASA-6-302013: Built"),
    ("<166>Oct 11 2026 22:14:15: %ASA-6-302013: Built", T, None, None, None, "%ASA-6-302013: Built"),
    ("<166>Oct 11 22:14:15 fw1 %ASA-6-302013: Built", T, "fw1", None, None, "%ASA-6-302013: Built"),
    ("<166>Oct 11 22:14:15 fw1: %ASA-6-302013: Built", T, "fw1", None, None, "%ASA-6-302013: Built"),
    ("<166>%ASA-6-302013: Built", CLOCK.received, None, None, None, "%ASA-6-302013: Built"),
    ("<189>123: sw1: *Oct 11 22:14:15.000 UTC: %SYS-5-CONFIG_I: x", T, "sw1", None, None, "%SYS-5-CONFIG_I: x"),
    ("<189>123: Oct 11 22:14:15: %SYS-5-CONFIG_I: x", T, None, None, None, "%SYS-5-CONFIG_I: x"),
    ("<189>Oct 11 22:14:15 192.0.2.1 123: *Mar  1 00:00:07.123: %SYS-5-CONFIG_I: x", T, "192.0.2.1", None, None, "%SYS-5-CONFIG_I: x"),
    ("<13>sshd[7]: text", CLOCK.received, None, "sshd", 7, "text"),
    ("<13>gw1 sshd[7]: text", CLOCK.received, "gw1", "sshd", 7, "text"),
    ("<13>free text", CLOCK.received, None, None, None, "free text"),
    ('Oct 11 22:14:15 gw1 {"a": "b"}', T, "gw1", None, None, '{"a": "b"}'),
    ("Oct 11 22:14:15 gw1 @cee: {}", T, "gw1", "@cee", None, "{}"),
    # a relay keeps the device's own time behind its own
    ("Oct 11 22:14:15 192.0.2.1 Oct 11 2026 20:14:15: %ASA-6-605005: x", T, "192.0.2.1", None, None, "%ASA-6-605005: x"),
    ("Oct 11 22:14:15 192.0.2.1 Oct 11 2026 20:14:15 fw1 : %ASA-6-605005: x", T, "fw1", None, None, "%ASA-6-605005: x"),
    ("Oct 11 22:14:15 192.0.2.1 Oct 11 2026 20:14:15 2001:db8::1 : %ASA-6-605005: x", T, "2001:db8::1", None, None, "%ASA-6-605005: x"),
    ("Oct 11 22:14:15 192.0.2.1 : Oct 11 20:14:15 UTC: %ASA-6-605005: x", T, "192.0.2.1", None, None, "%ASA-6-605005: x"),
    ("2026-10-12T00:14:15+02:00 192.0.2.1 <166>Oct 11 2026 22:14:15: %ASA-6-605005: x", T, "192.0.2.1", None, None, "%ASA-6-605005: x"),
    ("Oct 11 22:14:15 192.0.2.1 <189>7: sw1: *Mar  1 00:00:07.123: %SYS-5-CONFIG_I: x", T, "sw1", None, None, "%SYS-5-CONFIG_I: x"),
    ("Oct 11 22:14:15 192.0.2.1 Feb 30 2026 20:14:15: %ASA-6-605005: x", T, "192.0.2.1", None, None, "%ASA-6-605005: x"),
    ("Oct 11 22:14:15 gw1 Oct 11 2026 20:14:15: text", T, "gw1", None, None, "Oct 11 2026 20:14:15: text"),
    # NX-OS puts the year first
    ("<189>: 2026 Oct 11 22:14:15 UTC: %ETHPORT-5-IF_UP: x", T, None, None, None, "%ETHPORT-5-IF_UP: x"),
    ("2026 Oct 11 22:14:15 sw1 %ETHPORT-5-IF_UP: x", T, "sw1", None, None, "%ETHPORT-5-IF_UP: x"),
    # something between host and tag: the host behind a relay, the host again, busybox's facility and level
    ("Oct 11 22:14:15 relay 192.0.2.7 sshd[7]: text", T, "192.0.2.7", "sshd", 7, "text"),
    ("Oct 11 22:14:15 relay 192.0.2.7 : %ASA-6-605005: x", T, "192.0.2.7", None, None, "%ASA-6-605005: x"),
    ("Oct 11 22:14:15 relay 2001:db8::7 kernel: text", T, "2001:db8::7", "kernel", None, "text"),
    ("2026-10-11T22:14:15Z web1 web1 sshd[7]: text", T, "web1", "sshd", 7, "text"),
    ("Oct 11 22:14:15 web1 auth.info sshd[7]: text", T, "web1", "sshd", 7, "text"),
    ("Oct 11 22:14:15 gw1 192.0.2.7 is up", T, "gw1", None, None, "192.0.2.7 is up"),
    ("2026-10-12 00:14:15.000 +0200 web1 sshd[7]: text", T, "web1", "sshd", 7, "text"),
    ("<38>1 2026-10-11T22:14:15Z gw1 sshd[7] - - - text", T, "gw1", "sshd", 7, "text"),
    ("<38>1 2026-10-11T22:14:15Z gw1 sshd[7] 8 - - text", T, "gw1", "sshd", 8, "text"),
    ("<38>Oct 11 22:14:15 gw1 sshd[7]: [ID 800047 auth.info] text", T, "gw1", "sshd", 7, "text"),
    ("Oct 11 22:14:15 gw1 sshd[7]: [ID is no number] text", T, "gw1", "sshd", 7, "[ID is no number] text"),
    ("\ufeffOct 11 22:14:15 gw1 sshd[7]: text", T, "gw1", "sshd", 7, "text"),
    ("\ufeff<38>1 2026-10-11T22:14:15Z gw1 sshd 7 - - text", T, "gw1", "sshd", 7, "text"),
]


@pytest.mark.parametrize("case", DIALECTS, ids=lambda case: case[0])
def test_a_dialect_is_understood(case: tuple[Any, ...]):
    line, time, host, tag, pid, message = case

    got = header(line)

    assert (got["time"], got["host"], got["tag"], got["pid"], got["message"]) == (time, host, tag, pid, message)


@pytest.mark.parametrize(
    "line",
    ["", "\ufeff", "<38>", "<38>Oct 11 22:1", "<38>2026-10-11T22", "Oct 11 22:14:15", "text", '{"a": 1}', "<x>Oct 11 22:14:15 gw1 a: b"],
)
def test_what_has_no_header_or_half_of_one_has_none(line: str):
    assert read_header(line, CLOCK) is None


def test_a_program_is_what_routes_go_by():
    tags = {"/usr/sbin/cron[7]: x": "cron", "su(pam_unix)[7]: x": "su", "postfix/smtpd[7]: x": "postfix/smtpd", "sshd: x": "sshd"}

    assert [read_header(f"Oct 11 22:14:15 gw1 {tag}", CLOCK).program for tag in tags] == list(tags.values())


def test_a_tag_of_two_words_keeps_its_name_and_is_routed_by_the_last():
    record = read_header("Oct 11 22:14:15 relay web1 sshd[7]: text", CLOCK)

    assert record is not None
    assert (record.program, record.fields["process.name"]) == ("sshd", "web1 sshd")


def test_facility_and_level_in_words_are_the_priority_where_no_number_told_it():
    lines = ["gw1 auth.info sshd[7]: x", "gw1 kern.warn kernel: x", "gw1 sshd[7]: [ID 800047 auth.info] x", "gw1 <38>Oct 11 22:14:15: %x"]

    told = [header(f"Oct 11 22:14:15 {line}")["priority"] for line in lines]

    assert told == [38, 4, 38, 38]
    assert header("<13>Oct 11 22:14:15 gw1 auth.info sshd[7]: x")["priority"] == 13


def test_a_record_keeps_the_line_that_it_was_read_from():
    line = "\ufeffOct 11 22:14:15 gw1 sshd[7]: text"

    assert read_header(line, CLOCK).line == line


def test_a_host_that_is_an_address_is_one():
    record = read_header("Oct 11 22:14:15 2001:0db8::1 sshd[7]: text", CLOCK)

    assert record is not None
    assert (record.fields["host.name"], record.fields["host.ip"]) == ("2001:db8::1", ["2001:db8::1"])
    assert "host.hostname" not in record.fields
