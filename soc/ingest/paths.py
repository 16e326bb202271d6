"""Which files are meant, and how rotation renames them."""

from __future__ import annotations

import os
import re
import stat as mode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from glob import glob, has_magic
from pathlib import Path

from soc.errors import SourceError
from soc.text import printable, system_text

_PACKED = re.compile(r"\.(gz|bz2|xz|zst)$", re.IGNORECASE)
_TURN = r"[-._]\d{1,14}(?:[-._T:]?\d+)*"  # auth.log.1, auth.log-20261011, auth.log.2026-10-11_03
_INSIDE = r"(?:\.\d{1,3}|[-._]\d[\d:._T-]{4,})"  # auth-20261011.log, auth.1.log, conn.10:00:00-11:00:00.log
_TURNED = re.compile(rf"(?P<name>.*?\D)(?:{_TURN}|{_INSIDE}(?P<extension>\.[A-Za-z]\w*))")


def path_text(path: Path | str) -> str:
    """The path as text that can be stored: bytes of a name that are not UTF-8 are escaped."""
    return system_text(str(path))


def shown(path: Path | str) -> str:
    """The path as it may be printed: whoever writes logs may choose names, too."""
    return printable(path_text(path))


def unturned(name: str) -> str:
    """A file's name before rotation and packing: `auth.log` of `auth.log.2.gz` and of `auth-20261011.log`."""
    bare = _PACKED.sub("", name)
    match = _TURNED.fullmatch(bare)
    return match["name"] + (match["extension"] or "") if match else bare


def is_copy(original: str, copy: str) -> bool:
    """Whether `copy` is what packing `original`, or rotating it by copying, would be called (both without folders)."""
    bare = _PACKED.sub("", copy)
    if bare == original:
        return bare != copy
    stem, extension = Path(original).stem, Path(original).suffix
    return not _PACKED.search(original) and bool(
        re.fullmatch(re.escape(original) + _TURN, bare) or re.fullmatch(re.escape(stem) + _INSIDE + re.escape(extension), bare)
    )


@dataclass(slots=True)
class Found:
    """Files in the order in which they are to be read, each file once however many names it has; and what is refused."""

    paths: dict[Path, os.stat_result] = field(default_factory=dict)
    refused: list[SourceError] = field(default_factory=list)


def find(patterns: Iterable[str], *, stated: bool = False) -> Found:
    """The regular files that the patterns name: files, folders (with all below), globs (`**` for any depth), in sorted order.

    Links count as what they lead to. `stated`: a person named them, so one that meets nothing, or no regular file, is refused.
    """
    found = Found()
    met: set[tuple[int, int]] = set()
    for pattern in patterns:
        names = sorted(glob(pattern, recursive=True)) if has_magic(pattern) and not os.path.lexists(pattern) else [pattern]  # noqa: PTH207 - absolute patterns
        if stated and not names:
            found.refused.append(SourceError(f"{shown(pattern)}: no such file\n  quote the pattern only when soc is to expand it"))
        for name in names:
            _take(Path(name), found, met, stated)
    return found


def _take(path: Path, found: Found, met: set[tuple[int, int]], stated: bool) -> None:
    try:
        status = path.stat()
    except OSError as error:
        if stated or not isinstance(error, FileNotFoundError):
            found.refused.append(SourceError(f"{shown(path)}: {error.strerror}\n  check that it exists, its owner and its mode"))
        return
    if mode.S_ISDIR(status.st_mode):
        for below in _below(path, found):
            _take(below, found, met, stated=False)
    elif (mode.S_ISREG(status.st_mode) or stated) and (inode := (status.st_dev, status.st_ino)) not in met:
        met.add(inode)
        found.paths[path] = status  # what is no regular file is refused, with its kind, when it is opened


def _below(folder: Path, found: Found) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        found.refused.append(SourceError(f"{shown(error.filename)}: {error.strerror}\n  check the folder's owner and mode"))

    for where, folders, names in os.walk(folder, onerror=refuse):
        folders.sort()
        yield from (Path(where, name) for name in sorted(names))


def siblings(patterns: Sequence[str], known: Iterable[str]) -> dict[Path, os.stat_result]:
    """Regular files that lie where `known` paths lie and may be rotated from them, if these belong to the patterns.

    So the last lines of a file are read that was renamed between two runs, though no pattern names its new name.
    """
    folders: dict[str, set[str]] = {}
    for path in known:
        folder, name = os.path.split(path)
        if belongs(path, patterns) or belongs(os.path.join(folder, unturned(name)), patterns):  # noqa: PTH118 - hot
            folders.setdefault(folder, set()).add(unturned(name))
    out: dict[Path, os.stat_result] = {}
    for folder, stems in folders.items():
        try:
            entries = sorted(os.scandir(folder or "."), key=lambda entry: entry.name)
        except OSError:  # the folder is gone, and with it whatever lay there: expected of old sources
            continue
        for entry in entries:
            if unturned(entry.name) in stems and entry.is_file():
                out[Path(entry.path)] = entry.stat()
    return out


def belongs(path: str, patterns: Sequence[str]) -> bool:
    return any(path == pattern or path.startswith(pattern.rstrip("/") + "/") or fnmatchcase(path, pattern) for pattern in patterns)
