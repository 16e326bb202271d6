"""The reference says what the code does: `make docs` writes docs/reference anew."""

from __future__ import annotations

import click
import pytest

from soc.cli.main import COMMANDS, cli
from tools.make_docs import FOLDER, PAGES, page


def words_of(command: click.Command) -> set[str]:
    """The subcommands of a group; none for another command."""
    return set(command.commands) if isinstance(command, click.Group) else set()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_reference_says_what_the_code_declares(name: str):
    assert (FOLDER / name).read_text("utf-8") == page(name), f"docs/reference/{name} is out of date; run `make docs` and commit it"


def test_the_reference_has_no_page_that_nobody_makes():
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_found_under_its_name_and_says_what_it_does(name: str):
    command = cli.get_command(click.Context(cli), name)

    assert command is not None
    assert command.name == name
    assert (command.help or "").strip()


@pytest.mark.parametrize("name", COMMANDS)
def test_what_soc_help_lists_behind_a_noun_are_its_subcommands(name: str):
    command = cli.get_command(click.Context(cli), name)
    assert command is not None

    _, _, listed = COMMANDS[name][1].rstrip(".").rpartition(": ")

    if words_of(command):
        assert set(listed.split(", ")) == words_of(command), f"adapt the text of {name!r} in COMMANDS of soc/cli/main.py"
