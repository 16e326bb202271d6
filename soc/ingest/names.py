"""A file's path as text that can be stored and shown."""

from __future__ import annotations

from pathlib import Path

from soc.text import printable


def path_text(path: Path | str) -> str:
    """The path as text that can be stored: bytes of a name that are not UTF-8 are escaped."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def shown(path: Path | str) -> str:
    """The path as it may be printed: whoever writes logs may choose names, too."""
    return printable(path_text(path))
