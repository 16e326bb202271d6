"""What a program escaped is unescaped once, and what a user chose forges nothing beside it: laws of the parsers of sshd and sudo."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soc.parsing.parser import Clock, Stream
from soc.parsing.routes import Routes
from soc.text import decode_line
from soc.times import parse_iso
from tests.mutate import all_parsers

ROUTES = Routes(all_parsers())
RECEIVED = parse_iso("2026-10-11T22:15:00Z")
LETTERS = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 92: "\\"}
NAMES = st.lists(
    st.sampled_from([b"\\", b"n", b"303", b" from ", b" port 22", b"\xc3\xbc", b"\xff", b"\n", b"\x1b", b"bob", b" "]), min_size=1
)
KEYS = ("USER=nobody", "TTY=pts/9", "HOST=other", "GROUP=wheel", "TSID=9", "CHROOT=/x", "/srv", "x=y")


def event_of(line: str):
    return ROUTES.event(line.encode(), Stream(Clock(RECEIVED, UTC)))


def vis(text: bytes) -> bytes:
    """As OpenSSH's strnvis with VIS_CSTYLE, VIS_NL, VIS_TAB and VIS_OCTAL."""
    return b"".join(bytes([c]) if 32 <= c < 127 and c != 92 else f"\\{LETTERS.get(c) or f'{c:03o}'}".encode() for c in text)


@given(NAMES.map(b"".join))
def test_a_user_name_is_the_one_that_was_typed_however_often_it_was_escaped(typed):
    once, twice = vis(typed).decode(), vis(vis(typed)).decode()

    invalid = event_of(f"Oct 11 22:14:15 gw1 sshd[1]: Invalid user {once} from 203.0.113.7 port 52144")
    failed = event_of(f"Oct 11 22:14:15 gw1 sshd[1]: Failed password for invalid user {once} from 203.0.113.7 port 52144 ssh2")
    closed = event_of(f"Oct 11 22:14:15 gw1 sshd[1]: Connection closed by invalid user {twice} 203.0.113.7 port 52144 [preauth]")

    assert [event["user.name"] for event in (invalid, failed, closed)] == [decode_line(typed)] * 3
    assert {event["source.ip"] for event in (invalid, failed, closed)} == {"203.0.113.7"}


@given(st.lists(st.sampled_from(KEYS), min_size=1).map(" ; ".join))
def test_a_folder_forges_no_key_of_sudos(words):
    folder = f"/tmp/{words}"

    event = event_of(f"Oct 11 22:14:15 gw1 sudo:    alice : TTY=pts/0 ; PWD={folder} ; USER=root ; COMMAND=/bin/sh -i")

    assert event["process.working_directory"] == folder
    assert (event["user.effective.name"], event["sudo.tty"], event["event.outcome"]) == ("root", "pts/0", "success")
    assert event["process.command_line"] == "/bin/sh -i"


@given(st.lists(st.sampled_from([*KEYS, "COMMAND=/bin/true", "COMMAND=/bin/echo 'a", "'"]), min_size=1).map(" ; ".join))
def test_a_variable_forges_neither_command_nor_key(words):
    event = event_of(f"Oct 11 22:14:15 gw1 sudo:    alice : TTY=pts/0 ; PWD=/srv ; USER=root ; ENV=A={words} ; COMMAND=/bin/sh -i")

    assert event["sudo.environment"] == f"A={words}"
    assert (event["user.effective.name"], event["process.command_line"]) == ("root", "/bin/sh -i")


@pytest.mark.parametrize("argument", ["' ; COMMAND=/bin/true'", r"' ; COMMAND=/bin/\'true'", r"\' 'x ; COMMAND=/bin/true ; COMMAND=y'"])
def test_an_argument_that_sudo_quoted_is_no_command(argument):
    event = event_of(f"Oct 11 22:14:15 gw1 sudo:    alice : TTY=pts/0 ; PWD=/srv ; USER=root ; COMMAND=/usr/bin/grep {argument} f")

    assert event["process.command_line"] == f"/usr/bin/grep {argument} f"
    assert event["tags"] == ["ambiguous"]
