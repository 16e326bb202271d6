"""Parsers are loaded from files, and their samples are checked and accepted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from soc.cli.main import cli
from soc.errors import ContentError
from soc.fields import base_catalogue
from soc.parsing.accept import accepted
from soc.parsing.load import load_parsers
from soc.parsing.routes import Routes
from soc.parsing.samples import check_samples, load_samples
from tests.mutate import PARSERS, all_parsers, catalogue

CODE = """
from soc.parsing import ANY, Dataset, Parser
from ._shared import user

PARSER = Parser(name="door", programs={"door"}, parse=lambda record: user(record.message), supplies=[
    Dataset("door.log", logsources=[{"product": "door"}], fields={"user.name": ANY, "event.outcome": {"success"}})])
"""
SHARED = """
from soc.errors import ParseError

def user(message):
    if message == "broken":
        raise ParseError("no name")
    if message == "odd":
        return {"source.ip": "nowhere", "event.outcome": "failure"}
    return {"user.name": message[6:], "event.outcome": "success"} if message.startswith("enter ") else None
"""
LINE = "Oct 11 22:14:15 gw1 door: "


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "door.py").write_text(CODE)
    (tmp_path / "_shared.py").write_text(SHARED)
    return tmp_path


def door(folder: Path):
    (parser,), errors = load_parsers(folder, "root_a")
    assert errors == []
    return parser


def faults(folder: Path, text: str) -> list[str]:
    path = folder / "door.yml"
    path.write_text(text)
    return [str(fault).replace(f"{folder}/", "") for fault in check_samples(door(folder), path, base_catalogue())]


def test_a_parser_is_loaded_by_its_path_and_shares_modules_of_its_folder(folder: Path):
    assert (door(folder).name, door(folder).dataset) == ("door", "door.log")


def test_a_parser_is_loaded_anew_when_its_file_has_changed(folder: Path):
    door(folder)
    (folder / "_shared.py").write_text(SHARED.replace("enter ", "goes in "))

    assert faults(folder, f"- {{name: a, line: '{LINE}enter bob', unrecognised: true}}") == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x = (", "door.py:1: cannot be loaded: SyntaxError: '(' was never closed (door.py, line 1)"),
        ("import no_such_thing", "door.py:1: cannot be loaded: ModuleNotFoundError: No module named 'no_such_thing'"),
        ("\n1 / 0", "door.py:2: cannot be loaded: ZeroDivisionError: division by zero"),
        ("x = 1", "door.py: defines no PARSER"),
        (CODE.replace('name="door"', 'name="gate"'), "door.py: its parser is named 'gate'"),
        (CODE.replace('programs={"door"}', 'envelope="tcp"'), "door.py: parser 'door': envelope is 'tcp'"),
    ],
)
def test_a_file_that_is_no_parser_is_named_and_the_others_load(folder: Path, text: str, fault: str):
    (folder / "door.py").write_text(text)
    (folder / "gate.py").write_text(CODE.replace('"door"', '"gate"'))

    parsers, errors = load_parsers(folder, "root_b")

    assert [parser.name for parser in parsers] == ["gate"]
    assert [str(error).splitlines()[0].replace(f"{folder}/", "") for error in errors] == [fault]


def test_code_that_everybody_can_write_is_refused(folder: Path):
    (folder / "door.py").chmod(0o666)

    parsers, errors = load_parsers(folder, "root_c")

    assert parsers == []
    assert str(errors[0]).startswith(f"{folder}/door.py: everybody can write to it")


def test_a_folder_that_does_not_exist_has_no_parsers(tmp_path: Path):
    assert load_parsers(tmp_path / "none", "root_d") == ([], [])


@pytest.mark.parametrize(
    ("sample", "fault"),
    [
        ("line: 'LINEenter bob', event: {user.name: bob, event.reason: null}", None),
        ("line: 'LINEenter bob', event: {user.name: eve}", "user.name is 'bob', expected 'eve'"),
        ("line: 'LINEenter bob', event: {user.id: '1'}", "user.id is None, expected '1'"),
        ("line: 'LINEenter bob', event: {'@timestamp': 2026-10-11T22:14:15Z}", None),
        ("line: 'LINEenter bob', zone: Asia/Tokyo, event: {'@timestamp': '2026-10-11T13:14:15.000Z'}", None),
        ("line: 'LINEenter bob', as_of: 2020-01-01T00:00:00Z, event: {'@timestamp': '2019-10-11T22:14:15.000Z'}", None),
        ("line: 'LINEenter bob'", "states no expectation; soc parser accept writes the present one"),
        ("line: 'LINEenter bob', unrecognised: true", "is recognised"),
        ("line: 'LINEleave bob', event: {}", "is not recognised"),
        ("line: 'LINEleave bob', unrecognised: true", None),
        ("line: 'LINEbroken', error: no name", None),
        ("line: 'LINEbroken', event: {}", "fails: no name"),
        ("line: 'LINEbroken', error: no door", "expected the error 'no door', got 'no name'"),
        ("line: 'LINEodd', event: {}", "field 'source.ip' is not declared for dataset 'door.log'"),
        ("event: {}", "neither line nor lines"),
        ("line: 7, event: {}", "line is no text"),
        (
            "line: x, colour: red",
            "unknown key 'colour'; known: as_of, error, event, line, lines, name, preamble, stated, timeless, unrecognised, zone",
        ),
        ("line: x, zone: Nowhere/Land", "no such zone"),
    ],
)
def test_what_is_wrong_with_a_sample_is_said_with_its_place(folder: Path, sample: str, fault: str | None):
    found = faults(folder, f"# comment\n- {{name: a, {sample.replace('LINE', LINE)}}}\n")

    lines = [text for item in found for text in item.splitlines() if text.startswith("door.yml:2: a: ")]
    assert lines[:1] == ([f"door.yml:2: a: {fault}"] if fault else [])


def test_a_parser_without_samples_is_a_fault(folder: Path):
    assert faults(folder, "[]") == ["door.yml: parser 'door' has no samples\n  write at least one"]


def test_accept_writes_expectations_and_leaves_the_rest_as_it_is(folder: Path):
    path = folder / "door.yml"
    path.write_text(
        f"# of 2026\n- name: bob\n  line: '{LINE}enter bob'\n  event:  # old\n    user.name: eve\n  # after\n\n"
        f"- name: nobody\n  line: '{LINE}leave'\n  # end\n- name: broken\n  line: '{LINE}broken'\n  event: {{}}\n"
    )

    text, difference = accepted(door(folder), path, base_catalogue())
    path.write_text(text)

    assert check_samples(door(folder), path, base_catalogue()) == []
    assert accepted(door(folder), path, base_catalogue()) == (text, "")
    assert "-    user.name: eve\n" in difference and "+    user.name: bob\n" in difference
    kept = [line for line in text.splitlines() if "#" in line or "name: " in line[:8]]
    assert kept == ["# of 2026", "- name: bob", "  # after", "- name: nobody", "  # end", "- name: broken"]
    assert "  error: no name\n" in text and "  unrecognised: true\n" in text


def test_a_form_that_cannot_be_rewritten_is_named(folder: Path):
    path = folder / "door.yml"
    path.write_text(f"- {{name: a, line: '{LINE}enter bob'}}\n")

    with pytest.raises(ContentError, match=r"door.yml:1: a sample in this form cannot be rewritten"):
        accepted(door(folder), path, base_catalogue())


@pytest.mark.parametrize("parser", all_parsers(), ids=lambda parser: parser.name)
def test_what_accept_writes_is_what_check_wants(parser, tmp_path: Path):
    path = tmp_path / f"{parser.name}.yml"
    path.write_text((PARSERS / path.name).read_text("utf-8"), "utf-8")
    samples, _ = load_samples(path)

    text, _ = accepted(parser, path, catalogue())
    path.write_text(text, "utf-8")

    assert [str(fault) for fault in check_samples(parser, path, catalogue())] == []
    assert [(after.name, after.lines) for after in load_samples(path)[0]] == [(before.name, before.lines) for before in samples]


@given(st.text(max_size=200))
def test_no_sample_file_breaks_the_check(tmp_path_factory, text: str):
    path = tmp_path_factory.getbasetemp() / "hostile.yml"
    path.write_text(text, "utf-8")

    samples, errors = load_samples(path)

    assert all(isinstance(error, ContentError) for error in errors)
    assert all(sample.lines and sample.name is not None for sample in samples)


OTHER = """
from soc.parsing import ANY, Dataset, Parser

PARSER = Parser(name="gate", programs={"door"}, marks=["enter"], parse=lambda record: {"user.name": "gate"}, supplies=[
    Dataset("gate.log", logsources=[{"product": "gate"}], fields={"user.name": ANY})])
"""


def ingest_faults(folder: Path, samples: str) -> list[str]:
    """What `soc parser check` says of the door's samples, where every parser of the folder is there."""
    path = folder / "door.yml"
    path.write_text(samples)
    parsers, errors = load_parsers(folder, "test")
    assert not errors
    known = {parser.name: parser for parser in parsers}
    return [str(fault).partition(": ")[2] for fault in check_samples(known["door"], path, base_catalogue(), Routes(parsers))]


@pytest.mark.parametrize(
    ("line", "words", "fault"),
    [
        (f"{LINE}enter alice", "", ""),
        (f"{LINE}enter alice", "stated: true", "needs no feed that states the format; leave stated out"),
        (f"{LINE}enter alice", "timeless: true", "has a time of its own; leave timeless out"),
        ("enter alice", "stated: true", "has no time of its own; write timeless: true if it has none"),
        ("enter alice", "stated: true, timeless: true", ""),
        ("Oct 11 22:14:15 gw1 window: enter alice", "", "where no feed states the format nothing reads it: it is left as syslog"),
        ("Oct 11 22:14:15 gw1 window: enter alice", "stated: true", ""),
        (f"{LINE}enter alice", "stated: maybe", "stated is neither true nor false"),
    ],
)
def test_a_sample_is_read_as_ingest_reads_it_too(folder, line, words, fault):
    event = "event: {user.name: alice}"
    found = ingest_faults(folder, f"- {{name: one, line: {line!r}, {words + ', ' if words else ''}{event}}}\n")

    assert (found == []) if not fault else (len(found) == 1 and fault in found[0]), found


def test_what_another_parser_takes_is_named(folder):
    (folder / "aaa.py").write_text(OTHER.replace("gate", "aaa"))

    assert (
        "it is taken for aaa.log"
        in ingest_faults(folder, f"- {{name: one, line: {LINE + 'enter alice'!r}, event: {{user.name: alice}}}}\n")[0]
    )


def test_a_file_is_tried_as_ingest_reads_it_and_what_the_parser_does_not_read_is_named(folder, tmp_path):
    root = tmp_path / "root"
    (root / "parsers").mkdir(parents=True)
    for name in ("door.py", "_shared.py"):
        (root / "parsers" / name).write_text((folder / name).read_text())
    log = tmp_path / "door.log"
    lines = [
        f"{LINE}enter alice",
        "enter bob",
        f"{LINE}broken",
        "Oct 11 22:14:15 gw1 sshd[1]: Failed password for x from 192.0.2.1 port 1 ssh2",
    ]
    log.write_text("".join(f"{line}\n" for line in lines))
    words = ["--home", str(tmp_path / "home"), "--content", str(root), "parser", "try", str(log), "door", "--output", "json"]

    done = CliRunner().invoke(cli, words, standalone_mode=False)

    assert [(row["line"], row["finding"]) for row in map(json.loads, done.stdout.splitlines())] == [
        (2, "nothing reads it: it is left as raw"),
        (3, "it fails as door.log: no name"),
        (4, "it is taken for openssh.auth"),
    ]
    assert done.return_value == 2
    assert done.stderr.endswith("4 lines, 1 read by door; 3 findings\n")
    log.write_text(f"{LINE}enter alice\n")
    assert CliRunner().invoke(cli, words, standalone_mode=False).return_value == 0


def test_an_event_without_a_time_of_its_own_is_found(tmp_path):
    log = tmp_path / "asa.log"
    log.write_text('%ASA-6-605005: Login permitted from 192.0.2.1/40000 to inside:192.0.2.9/ssh for user "alice"\n')

    done = CliRunner().invoke(cli, ["--home", str(tmp_path / "home"), "parser", "try", str(log), "cisco_asa"], standalone_mode=False)

    assert json.loads(done.stdout)["finding"] == "it has no time of its own: its time of receipt stands for it"
