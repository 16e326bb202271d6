"""The words of a command: the program is written out, and no word of a log is one of its options, or a program to what reads programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

INTERPRETERS = re.compile(r"(?:ba|da|k|z|c|tc|fi|a)?sh|python[\d.]*|perl[\d.]*|ruby[\d.]*|node(?:js)?|php[\d.]*|lua[\d.]*|tclsh[\d.]*")
STARTERS = frozenset("busybox chroot doas env ionice nice nohup runuser setsid stdbuf sudo timeout xargs".split())
READERS = frozenset("awk duckdb gawk mariadb mawk mysql psql redis-cli sed sqlite3 ssh su".split())  # each of their words may be a program


class Word(NamedTuple):
    """`text` None: it is known when the step begins. `log`: it comes from a log."""

    text: str | None
    log: bool


def command_fault(words: Sequence[Word]) -> str:
    """What is wrong with a command; empty when nothing is."""
    if not words or words[0].log or words[0].text is None:
        return "the program is a variable\n  write the first word out"
    if not words[0].text.startswith("/"):
        return f"the program {words[0].text!r} has no full path\n  begin with /"
    if any(word.log and word.text is not None and word.text.startswith("-") for word in words):
        return "a value of a log begins with a dash: the program could take it for an option"
    return _reading_fault(words)


def _reading_fault(words: Sequence[Word]) -> str:
    """A word of a log must not stand where the program would read it as a program, or as the name of one."""
    logs = [at for at, word in enumerate(words) if word.log]
    program = str(words[0].text).rpartition("/")[2]
    if not logs:
        return ""
    if program in READERS:
        return _said(program)
    if program in STARTERS:
        started = next((at for at, word in enumerate(words[1:], 1) if _is_written(word) and str(word.text).startswith("/")), len(words))
        return _said(program) if logs[0] < started else _reading_fault(words[started:])
    if INTERPRETERS.fullmatch(program):
        script = next((at for at, word in enumerate(words[1:], 1) if _is_written(word) and not str(word.text).startswith("-")), len(words))
        return _said(program) if logs[0] < script else ""
    return ""


def _is_written(word: Word) -> bool:
    return word.text is not None and not word.log


def _said(program: str) -> str:
    return f"{program} would read a value of a log as a program\n  write the program out, and give the value to it as a word behind it"
