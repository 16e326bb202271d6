"""The words of a call. Bytes that are not UTF-8 reach Python as surrogates, which no store, desk or answer can hold.

A log file may have any name, and is read. Everything else is refused by the name of its argument, option or variable.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from soc.errors import UsageError
from soc.text import system_text

_VARIABLES = ("SOC_", "SUDO_USER")


class LogFile(click.Path):
    """The path of a log, whose name may be of any bytes, or `-`. Whoever reads it says what is wrong with it."""

    def __init__(self) -> None:
        super().__init__(readable=False)


def check_words(context: click.Context) -> None:
    """Raises UsageError that names the first word of this command that is not UTF-8."""
    for parameter in context.command.params:
        if not isinstance(parameter.type, LogFile):
            for word in _texts(context.params.get(parameter.name or "")):
                check_text(word, parameter.get_error_hint(context))


def check_text(text: str, where: str) -> None:
    """Raises UsageError for text that is not UTF-8; `where` names it."""
    if not _is_utf8(text):
        raise _refused(where, f"'{system_text(text)}'")


def check_environment() -> None:
    """Raises UsageError that names a variable of ours that is not UTF-8; its text may be a secret."""
    for name, value in os.environ.items():
        if name.startswith(_VARIABLES) and not _is_utf8(value):
            raise _refused(name, "its value")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Path):
        yield str(value.absolute())  # the current folder may be the one whose name is not
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _is_utf8(text: str) -> bool:
    return text.isascii() or system_text(text) == text


def _refused(where: str, what: str) -> UsageError:
    return UsageError(f"{where}: {what} is not UTF-8\n  write it in UTF-8")
