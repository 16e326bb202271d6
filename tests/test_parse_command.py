"""`soc parse` and `soc parser`, as they are called."""

from __future__ import annotations

import bz2
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soc.parsing.printed import nested
from tests.mutate import sample_lines

AS_OF = ("--as-of", "2027-01-01T00:00:00Z")


def soc(*arguments: str, given: bytes = b"", home: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", "from soc.cli.main import main; main()", *arguments]
    return subprocess.run(
        command, input=given, capture_output=True, env={**os.environ, "SOC_HOME": str(home or "/nonexistent")}, check=False
    )


def parsed(*arguments: str, given: bytes = b"") -> list[dict[str, Any]]:
    done = soc("parse", *AS_OF, *arguments, given=given)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_on_a_terminal_no_character_of_a_line_steers_it():
    master, slave = os.openpty()
    command = [sys.executable, "-c", "from soc.cli.main import main; main()", "parse", "--format", "syslog"]
    line = "<38>Oct 11 22:14:15 gw1 sshd[1]: \x9b2J\u202egnp\n"
    subprocess.run(command, input=line.encode(), stdout=slave, env={**os.environ, "SOC_HOME": "/nonexistent"}, check=True)
    shown = os.read(master, 1 << 16).decode()
    os.close(master)
    os.close(slave)

    assert json.loads(shown)["message"] == "\x9b2J\u202egnp"
    assert not set("\x9b\u202e") & set(shown)


@settings(max_examples=4, deadline=None)
@given(
    st.lists(st.one_of(st.binary(max_size=80), st.sampled_from(sample_lines())), max_size=20), st.sampled_from(["syslog", "openssh", ""])
)
def test_each_line_gives_one_object_in_order_whatever_it_is(lines: list[bytes], stated: str):
    lines = [line.replace(b"\n", b"").removesuffix(b"\r") for line in lines]

    events = parsed(*(["--format", stated] if stated else []), "-", given=b"".join(line + b"\n" for line in lines))

    originals = [line.decode("utf-8", errors="backslashreplace") for line in lines]
    assert [event["event.original"] for event in events] == originals
    assert all(not {"soc.batch", "soc.feed", "event.ingested"} & event.keys() for event in events)
    assert len({event["event.id"] for event in events}) == len(events)


def test_a_file_is_read_packed_or_not_with_its_time_of_change_as_the_clock(tmp_path: Path):
    plain, packed = tmp_path / "auth.log", tmp_path / "auth.log.bz2"
    plain.write_bytes(b"Oct 11 22:14:15 gw1 sshd[1]: Server listening on :: port 22.\n\nlast")
    packed.write_bytes(bz2.compress(plain.read_bytes()))
    for path in (plain, packed):
        os.utime(path, (1_700_000_000, 1_700_000_000))

    first, second = (soc("parse", str(path)).stdout.splitlines() for path in (plain, packed))

    assert [json.loads(line)["@timestamp"][:10] for line in first] == ["2023-10-11", "2023-11-14", "2023-11-14"]
    without_ids = [[{**json.loads(line), "event.id": ""} for line in lines] for lines in (first, second)]
    assert without_ids[0] == without_ids[1]


def test_a_time_of_change_in_the_future_makes_no_undated_line_of_the_future(tmp_path: Path):
    path = tmp_path / "auth.log"
    path.write_bytes(b"Oct 11 22:14:15 gw1 sshd[1]: Server listening on :: port 22.\n")
    os.utime(path, (4_000_000_000, 4_000_000_000))

    (line,) = soc("parse", str(path)).stdout.splitlines()

    assert json.loads(line)["@timestamp"] < "2095"


def test_nested_objects_say_the_same_and_the_zone_is_the_one_stated():
    line = b"Oct 11 22:14:15 gw1 sshd[1]: Failed password for root from 203.0.113.7 port 4 ssh2\n"

    (flat,), (deep,) = parsed("--zone", "Asia/Tokyo", given=line), parsed("--zone", "Asia/Tokyo", "--nested", given=line)

    assert flat["@timestamp"] == "2026-10-11T13:14:15.000Z"
    assert deep == nested(flat)
    assert deep["source"] == {"ip": "203.0.113.7", "port": 4}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("parse", "--format", "opensssh"), "parser 'opensssh' is not in parsers/; known: "),
        (("parse", "--zone", "Mars"), "'Mars' is no time zone"),
        (("parse", "--as-of", "soon"), "'soon' is no time"),
        (("parser", "show", "opensssh"), "parser 'opensssh' is not in parsers/; known: "),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_ones_and_exit_code_2(arguments: tuple[str, ...], text: str):
    done = soc(*arguments)

    assert (done.returncode, done.stdout) == (2, b"")
    assert text in done.stderr.decode()


def test_parsers_are_listed_and_shown_with_what_they_supply():
    listed = [json.loads(line) for line in soc("parser", "list").stdout.splitlines()]
    shown = json.loads(soc("parser", "show", "openssh").stdout)

    assert {"openssh", "pam", "su", "sudo"} <= {row["name"] for row in listed}
    assert {"product": "linux", "service": "sshd"} in shown["datasets"]["openssh.auth"]["logsources"]


def test_samples_of_a_site_are_checked_and_accepted(tmp_path: Path):
    parsers = tmp_path / "site" / "parsers"
    parsers.mkdir(parents=True)
    (parsers / "door.py").write_text(
        "from soc.parsing import ANY, Dataset, Parser\n"
        "PARSER = Parser(name='door', programs={'door'}, parse=lambda record: {'user.name': record.message},\n"
        "    supplies=[Dataset('door.log', [], {'user.name': ANY})])\n"
    )
    (parsers / "door.yml").write_text("- name: bob comes in\n  line: 'Oct 11 22:14:15 gw1 door: bob'\n")
    site = ("--content", str(tmp_path / "site"))

    before = soc(*site, "parser", "check", "door")
    accepted = soc(*site, "parser", "accept", "door")
    after = soc(*site, "parser", "check", "door")

    assert (before.returncode, after.returncode) == (2, 0)
    assert b"states no expectation" in before.stderr
    assert b"+    user.name: bob" in accepted.stdout
