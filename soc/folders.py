"""Folders of one's own, and being alone in one. Who holds a folder has a lock on it, which the system takes back however a process ends:
one that was killed sweeps nothing, and the next one sees that nobody is there.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

_NAME = "soc-{}-{}"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else makes anything in this folder meanwhile; who comes second waits. Not to be entered twice by one process."""
    handle = _opened(folder)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def scratch(parent: Path, kind: str, *, sweep: Callable[[Path], object] = shutil.rmtree) -> Iterator[Path]:
    """A folder of one's own under `parent`, for this account alone, removed at the end. Raises OSError.

    Those of this kind that killed processes of this account have left there go first, once in a process; `sweep` takes one away.
    """
    _sweep_all(parent, kind, sweep)
    folder, handle = _made(parent, kind)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # what cannot be removed is the next one's to sweep
        os.close(handle)


def _made(parent: Path, kind: str) -> tuple[Path, int]:
    while True:
        folder = parent / _NAME.format(kind, secrets.token_hex(8))
        folder.mkdir(mode=0o700)
        with suppress(FileNotFoundError):
            handle = _locked(folder)
            if handle is not None and folder.exists():  # nobody took it for one that was left, before it was locked
                return folder, handle


@cache
def _sweep_all(parent: Path, kind: str, sweep: Callable[[Path], object]) -> None:
    known = re.compile(_NAME.format(re.escape(kind), "[0-9a-f]{16}"))
    with os.scandir(parent) as entries:
        left = [Path(entry.path) for entry in entries if known.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)]
    for folder in left:
        with suppress(FileNotFoundError, PermissionError):  # another has swept it, or it is another account's
            _take_away(folder, sweep)


def _take_away(folder: Path, sweep: Callable[[Path], object]) -> None:
    if folder.stat().st_uid == os.geteuid() and (handle := _locked(folder)) is not None:
        try:
            sweep(folder)
        finally:
            os.close(handle)


def _locked(folder: Path) -> int | None:
    """The lock on it; None while somebody lives who has it."""
    handle = _opened(folder, os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _opened(folder: Path, more: int = 0) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | more)
