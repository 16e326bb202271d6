"""Which files are meant."""

from __future__ import annotations

import os
import stat as mode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from glob import glob, has_magic
from pathlib import Path

from soc.errors import SourceError
from soc.ingest.links import Bounds, Judge, Own
from soc.ingest.names import shown
from soc.ingest.rotation import stem_of

Inode = tuple[int, int]


@dataclass(slots=True)
class Found:
    """Files in the order in which they are to be read, each file once however many names it has; and what is refused."""

    paths: dict[Path, os.stat_result] = field(default_factory=dict)
    refused: list[SourceError] = field(default_factory=list)


def find(patterns: Iterable[str], *, stated: bool = False, bounds: Bounds | None = None) -> Found:
    """The regular files that the patterns name: files, folders (with all below), globs (`**` for any depth), in sorted order.

    Links count as what they lead to. What `bounds` do not allow is refused, unless it is read by another name; soc's own is only
    where a person named it. `stated`: a person named the patterns, so one that meets nothing, or no regular file, is refused.
    """
    search = _Search(stated)
    for pattern in patterns:
        search.add(pattern, (bounds or Bounds()).of(pattern, stated=stated))
    return search.found()


class _Search:
    def __init__(self, stated: bool) -> None:
        self._stated, self._found = stated, Found()
        self._met: set[Inode] = set()
        self._barred: list[tuple[Inode, SourceError]] = []

    def add(self, pattern: str, judge: Judge) -> None:
        names = sorted(glob(pattern, recursive=True)) if has_magic(pattern) and not os.path.lexists(pattern) else [pattern]  # noqa: PTH207 - absolute patterns
        if self._stated and not names:
            self._refuse(f"{shown(pattern)}: no such file\n  quote the pattern only when soc is to expand it")
        for name in names:
            self._take(Path(name), judge, self._stated)

    def found(self) -> Found:
        self._found.refused += dict.fromkeys(error for inode, error in self._barred if inode not in self._met)
        return self._found

    def _take(self, path: Path, judge: Judge, stated: bool) -> None:
        try:
            status, fault = judge.look(str(path))
        except OSError as error:
            if stated or not isinstance(error, FileNotFoundError):
                self._refuse(f"{shown(path)}: {error.strerror}\n  check that it exists, its owner and its mode")
            return
        inode = (status.st_dev, status.st_ino)
        if fault:
            if stated or not isinstance(fault, Own):
                self._barred.append((inode, fault))
        elif mode.S_ISDIR(status.st_mode):
            for below in self._below(path, judge):
                self._take(below, judge, stated=False)
        elif (mode.S_ISREG(status.st_mode) or stated) and inode not in self._met:
            self._met.add(inode)
            self._found.paths[path] = status  # what is no regular file is refused, with its kind, when it is opened

    def _below(self, folder: Path, judge: Judge) -> Iterator[Path]:
        def refuse(error: OSError) -> None:
            self._refuse(f"{shown(error.filename)}: {error.strerror}\n  check the folder's owner and mode")

        for where, folders, names in os.walk(folder, onerror=refuse):
            folders[:] = sorted(name for name in folders if not judge.is_own(f"{where}/{name}"))
            yield from (Path(where, name) for name in sorted(names))

    def _refuse(self, what: str) -> None:
        self._found.refused.append(SourceError(what))


class Patterns:
    """What is asked for: absolute files, folders, globs."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._plain: set[str] = set()
        self._globs: list[str] = []
        for pattern in patterns:
            self._plain.add(pattern.rstrip("/"))
            if has_magic(pattern):
                self._globs.append(pattern)

    def hold(self, path: str) -> bool:
        """Whether a file is asked for: by its name, by a folder that it lies in, or by a glob."""
        above = path
        while above:
            if above in self._plain:
                return True
            above = above.rpartition("/")[0]
        return "" in self._plain or any(fnmatchcase(path, pattern) for pattern in self._globs)


def siblings(patterns: Sequence[str], known: Iterable[str], bounds: Bounds | None = None) -> dict[Path, os.stat_result]:
    """Regular files that lie where `known` paths lie and may be rotated from them, if these belong to the patterns.

    So the last lines of a file are read that was renamed between two runs, though no pattern names its new name. Links are none of
    them: rotation makes none.
    """
    asked = Patterns(patterns)
    folders: dict[str, set[str]] = {}
    for path in known:
        folder, name = stem_of(path)
        if asked.hold(path) or asked.hold(f"{folder}/{name}"):
            folders.setdefault(folder, set()).add(name)
    out: dict[Path, os.stat_result] = {}
    for folder, names in folders.items():
        judge = (bounds or Bounds()).of(folder, stated=True)
        for path in _entries(folder):
            if stem_of(path)[1] in names and (status := _regular(path, judge)):
                out[Path(path)] = status
    return out


def _entries(folder: str) -> list[str]:
    try:
        return sorted(map(str, Path(folder).iterdir()))
    except OSError:  # the folder is gone, and with it whatever lay there: expected of old sources
        return []


def _regular(path: str, judge: Judge) -> os.stat_result | None:
    try:
        status, fault = judge.look(path)
        return None if fault or Path(path).is_symlink() or not mode.S_ISREG(status.st_mode) else status
    except OSError:  # gone meanwhile
        return None
