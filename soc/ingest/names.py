"""A file's path as text that can be stored and shown."""

from __future__ import annotations

from pathlib import Path

from soc.text import printable, system_text


def path_text(path: Path | str) -> str:
    """The path as text that can be stored: bytes of a name that are not UTF-8 are escaped."""
    return system_text(str(path))


def shown(path: Path | str) -> str:
    """The path as it may be printed: whoever writes logs may choose names, too."""
    return printable(path_text(path))
