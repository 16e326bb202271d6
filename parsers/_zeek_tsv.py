"""Zeek's logs as tables: a header names fields and types, each line holds one record.

    #separator \\x09
    #set_separator  ,
    #empty_field    (empty)
    #unset_field    -
    #path   conn
    #fields ts      uid     id.orig_h …
    #types  time    string  addr …

Zeek documentation, "Zeek Log Formats and Inspection"; escapes as its ASCII writer writes them: \\xNN a byte, \\\\ a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from soc.errors import ParseError

HEADER = ("#separator", "#set_separator", "#empty_field", "#unset_field", "#path", "#open", "#fields", "#types", "#close")
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|\\)")
_MOST = 12  # header lines kept


def preamble(before: tuple[str, ...], line: str) -> tuple[str, ...] | None:
    """The header in force after this line, or None when it is no header line. `#separator` begins a new one."""
    if not line.startswith("#"):
        return None
    word = re.split(r"[\s]", line, maxsplit=1)[0]
    if word not in HEADER:
        return None
    if word == "#separator":
        return (line,)
    if word == "#close":
        return ()
    kept = tuple(held for held in before if not held.startswith(word))
    return (*kept, line)[-_MOST:] if before else None


@dataclass(frozen=True, slots=True)
class Table:
    """What a header says. `readers`: per column, its name and what reads its text."""

    path: str
    separator: str
    unset: str
    readers: tuple[tuple[str, Callable[[str], Any]], ...]

    def record(self, line: str) -> dict[str, Any]:
        """The record of a line, unset fields left out. Raises ParseError when the line has another number of columns."""
        cells = line.split(self.separator)
        if len(cells) != len(self.readers):
            raise ParseError(f"{len(cells)} columns where the header names {len(self.readers)}")
        unset = self.unset
        return {name: read(cell) for (name, read), cell in zip(self.readers, cells, strict=True) if cell != unset}


@lru_cache(maxsize=16)  # few: a header may be as long as a line
def table(header: tuple[str, ...]) -> Table:
    """Raises ParseError when the header names no fields."""
    separator = "\t"
    for line in header:
        if line.startswith("#separator "):
            separator = unescaped(line.partition(" ")[2]) or "\t"
    said = {word: rest for line in header for word, _, rest in (line.partition(separator),)}
    if "#fields" not in said:
        raise ParseError("no Zeek header before this line; expected '#fields' (keep the first lines of the file)")
    names = said["#fields"].split(separator)
    types = said.get("#types", "").split(separator)
    sets, empty = said.get("#set_separator", ","), said.get("#empty_field", "(empty)")
    kinds = types if len(types) == len(names) else ["string"] * len(names)
    readers = tuple((name, _reader(kind, sets, empty)) for name, kind in zip(names, kinds, strict=True))
    return Table(said.get("#path", ""), separator, said.get("#unset_field", "-"), readers)


def _reader(kind: str, sets: str, empty: str) -> Callable[[str], Any]:
    inner = re.fullmatch(r"(?:set|vector)\[(\w+)\]", kind)
    if inner:
        one = _SCALARS.get(inner[1], unescaped)
        return lambda cell: [] if cell == empty else [one(item) for item in cell.split(sets)]
    read = _SCALARS.get(kind, unescaped)
    return lambda cell: "" if cell == empty else read(cell)


def unescaped(cell: str) -> str:
    """The text without escapes. Bytes that form no UTF-8 stay escaped."""
    if "\\" not in cell:
        return cell
    raw = _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)) if match[1] else b"\\", cell.encode())
    return raw.decode("utf-8", "backslashreplace")


def _number(cell: str) -> int | float | str:
    try:
        return int(cell) if cell.isdecimal() and len(cell) < 19 else float(cell)
    except ValueError:
        return cell


def _bool(cell: str) -> bool | str:
    return cell == "T" if cell in ("T", "F") else cell


def _time(cell: str) -> str:
    return cell  # read exactly, by `epoch`


_SCALARS: dict[str, Callable[[str], Any]] = {
    "count": _number,
    "int": _number,
    "port": _number,
    "double": _number,
    "interval": _number,
    "bool": _bool,
    "time": _time,
}
