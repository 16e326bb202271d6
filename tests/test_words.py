"""Arguments that are not UTF-8: a log of any name is read, everything else is refused by the name of its place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from soc.cli.call.context import Soc
from soc.cli.call.words import LogFile
from soc.cli.main import cli, main
from tests.servers.calls import CLEAN, SOC, Site

BYTE = os.fsdecode(b"\xff")
LINE = b"<38>1 2026-11-20T10:14:01Z gw1 sshd 4721 - - Failed password for root from 203.0.113.7 port 52144 ssh2\n"


def commands(command, words=()):
    """All commands with the words that call them, groups among them."""
    yield command, words
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*words, name))


def filled(command, tested, word):
    """Words that give this parameter the word, and every other one that is required something."""

    def given(parameter):
        return word if parameter is tested else parameter.type.choices[0] if isinstance(parameter.type, click.Choice) else "1"

    named = [one for one in command.params if isinstance(one, click.Option) and (one is tested or one.required)]
    placed = [one for one in command.params if isinstance(one, click.Argument)]
    last = placed.index(tested) if tested in placed else -1
    options = [text for one in named for text in (one.opts[-1], given(one))]
    return options + [given(one) for place, one in enumerate(placed) if one.required or place <= last]


PLACES = [
    pytest.param(words, command, parameter, id=" ".join((*words, parameter.opts[-1])))
    for command, words in commands(cli)
    for parameter in command.params
    if not getattr(parameter, "is_flag", False) and not isinstance(parameter.type, LogFile)
]


@pytest.mark.parametrize(("words", "command", "parameter"), PLACES)
def test_every_argument_and_option_of_every_command_refuses_bytes_by_its_name(tmp_path, monkeypatch, capsys, words, command, parameter):
    word = BYTE
    if isinstance(parameter.type, click.Path):  # one that is there
        word = str(tmp_path / BYTE)
        Path(word).mkdir()
    called = ["--home", str(tmp_path / "home"), *words] if words else []
    monkeypatch.setattr(sys, "argv", ["soc", *called, *filled(command, parameter, word), *([] if words else ["status"])])

    with pytest.raises(SystemExit) as left:
        main()

    said = capsys.readouterr().err
    name = parameter.opts[-1] if isinstance(parameter, click.Option) else parameter.make_metavar(click.Context(command))
    assert left.value.code == 2, said
    assert name in said
    assert "\\xff' is not UTF-8" in said or "udcff' is not" in said  # the latter: click, of words out of a list and of numbers
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("words", [(BYTE,), ("hunt", BYTE), ("hunt", "events", f"--{BYTE}")], ids=["command", "verb", "option"])
def test_a_command_that_is_no_text_is_refused_as_any_other(words):
    ended = subprocess.run([*SOC, *words], capture_output=True, text=True, timeout=60, env=CLEAN)

    assert ended.returncode == 2
    assert "No such" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path, {})
    site.done("init")
    return site


def test_a_log_whose_name_is_no_text_is_read_by_every_command_that_reads_logs(site, tmp_path):
    log = tmp_path / os.fsdecode(b"auth\xff.log")
    log.write_bytes(LINE)

    tried, parsed = json.loads(site.done("try", str(log))), json.loads(site.done("parse", str(log)))
    site.done("ingest", str(log))
    again, missing = site.soc("ingest", str(log)), site.soc("ingest", str(log.with_name(f"{BYTE}none")))

    assert (tried["events"], parsed["event.outcome"]) == (1, "failure")
    assert site.lines() == [LINE.decode().rstrip("\n")]
    assert "read 0 lines" in again.stderr
    assert (missing.returncode, r"\xffnone: No such file" in missing.stderr) == (4, True), missing.stderr


def test_in_a_folder_whose_name_is_no_text_logs_are_read_and_state_is_refused(site, tmp_path):
    folder = tmp_path / os.fsdecode(b"\xff")
    folder.mkdir()
    (folder / "auth.log").write_bytes(LINE)

    def here(*words):
        return subprocess.run([*SOC, *words], capture_output=True, text=True, timeout=60, env=CLEAN, cwd=folder)

    read, state = here("--home", str(site.home), "ingest", "auth.log"), here("--home", "state", "init")
    placed = here("--home", str(site.home), "init", "--site", "content")

    assert read.returncode == 0, read.stderr
    assert len(site.lines()) == 1
    for refused, name in ((state, "--home"), (placed, "--site")):
        assert refused.returncode == 2
        assert name in refused.stderr
        assert r"\xff" in refused.stderr
        assert "is not UTF-8" in refused.stderr
    assert [path.name for path in folder.iterdir()] == ["auth.log"]


@pytest.mark.parametrize("name", ["SUDO_USER", "SOC_HOME", "SOC_STORE_PASSWORD", "SOC_DESK_PASSWORD"])
def test_a_variable_that_is_no_text_is_refused_by_name_and_not_repeated(site, name):
    ended = site.soc("status", **{name: f"hush{BYTE}"})

    assert (ended.returncode, name.removeprefix("SOC_").lower() in ended.stderr.lower()) == (2, True), ended.stderr
    assert "is not UTF-8" in ended.stderr
    assert "hush" not in ended.stderr or name == "SOC_HOME"


def test_an_account_whose_name_is_no_text_acts_under_its_escapes(monkeypatch, tmp_path):
    monkeypatch.setenv("SUDO_USER", BYTE)

    assert Soc(tmp_path, None, ()).actor == r"\xff"


PLACES_OF_CONTENT = (
    *("parsers/{}.py", "ingest/{}.yml", "playbooks/{}.yml", "detections/rules/{}.yml", "detections/lists/{}.txt"),
    *("detections/tuning/{}.yml", "detections/pipelines/{}.yml", "detections/exceptions/{}.yml"),
)


def test_content_whose_name_is_no_text_is_named_and_stops_nothing_else(site, tmp_path):
    for place in PLACES_OF_CONTENT:
        path = tmp_path / "content" / place.format(BYTE)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "auth.log").write_bytes(LINE)
    (tmp_path / "content/ingest/gateways.yml").write_text(f"paths: [{tmp_path / 'auth.log'}]\n")
    content = ("--content", str(tmp_path / "content"))

    checked, ran = site.soc(*content, "check"), site.soc(*content, "run")

    assert checked.returncode == 2
    for place in PLACES_OF_CONTENT:
        assert place.format(r"\xff") + ": its name is not UTF-8\n  give it another name" in checked.stdout + checked.stderr
    assert "8 faults" in checked.stdout + checked.stderr
    assert ran.returncode == 4, ran.stderr
    assert len(site.lines()) == 1
