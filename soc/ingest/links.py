"""What is not read although paths name it: soc's own state, and what links lead to that somebody may have put there for us to read.

A link is followed where root or this account owns it and it stays in its folder. One of theirs that leads elsewhere is followed
only as a folder that a pattern writes out, or as the very path that a person names on the command line; other links only for a feed
with `follow_links: true`. What belongs to the state is read for nobody.
"""

from __future__ import annotations

import os
import pwd
import re
import stat as mode
from collections.abc import Callable
from dataclasses import dataclass, field
from glob import has_magic
from itertools import takewhile
from pathlib import Path

from soc.errors import SourceError
from soc.ingest.names import shown

OWN = frozenset({"store", "spool", "cache"})  # in the state folder; they hold no logs, whoever names them
_ROOT = 0
_ESCAPED = re.compile(r"\[([*?[])\]")  # as glob.escape writes them


@dataclass(frozen=True, slots=True)
class Bounds:
    """`state`: the real path of the state folder; "" when nothing is to be kept out. `account`: whose links are trusted as root's are.

    `follows`: whether the feed that a pattern is read for follows all links.
    """

    state: str = ""
    follows: Callable[[str], bool] = lambda pattern: False
    account: int = field(default_factory=os.geteuid)

    def of(self, pattern: str, *, stated: bool) -> Judge:
        """What holds of the files that an absolute pattern meets. `stated`: on the command line."""
        fixed, is_whole = _fixed_part(pattern)
        written = str(Path(fixed).parent) if is_whole and not stated else fixed
        return Judge(self, written, self._entered(fixed), self.follows(pattern))

    def steps(self, real: str) -> list[str] | None:
        """From the state folder to there; None when it lies elsewhere."""
        state = self.state
        return real[len(state) + 1 :].split("/") if state and f"{real}/".startswith(f"{state}/") else None

    def _entered(self, fixed: str) -> str:
        """The folder of the state folder that a pattern names: logs may lie in it, as those of `soc demo` do."""
        steps = self.steps(os.path.realpath(fixed)) if self.state else None
        return steps[0] if steps and steps[0] not in OWN and Path(self.state, steps[0]).is_dir() else ""


class Judge:
    """Of the files that one pattern meets. Each folder on the way is looked at once."""

    def __init__(self, bounds: Bounds, written: str, entered: str, follows: bool) -> None:
        """`written`: the path that a person wrote out; `entered`: the folder in the state folder that may be read."""
        self._bounds, self._written, self._entered, self._follows = bounds, written, entered, follows
        self._folders: dict[str, tuple[str, SourceError | None]] = {"/": ("/", None)}

    def look(self, path: str) -> tuple[os.stat_result, SourceError | None]:
        """What lies there, links followed, and why it is not to be read, if so. Raises OSError when nothing lies there."""
        folder, name = os.path.split(path)
        (real, fault), status = self._folder(folder), os.lstat(path)
        if not mode.S_ISLNK(status.st_mode):
            return status, fault or self._own(path, os.path.join(real, name))  # noqa: PTH118 - hot
        return os.stat(path), fault or self._link(path, status, real) or self._own(path, os.path.realpath(path))  # noqa: PTH116 - as above

    def is_own(self, folder: str) -> bool:
        """Whether a folder belongs to the state. One that is gone meanwhile does not."""
        try:
            return self._own(folder, self._folder(folder)[0]) is not None
        except OSError:
            return False

    def _folder(self, folder: str) -> tuple[str, SourceError | None]:
        """Where it really lies, and why nothing in it is to be read, if so."""
        if folder not in self._folders:
            above, name = os.path.split(folder)
            (real, fault), status = self._folder(above), os.lstat(folder)
            if mode.S_ISLNK(status.st_mode):
                self._folders[folder] = os.path.realpath(folder), fault or self._link(folder, status, real)
            else:
                self._folders[folder] = os.path.join(real, name), fault  # noqa: PTH118 - as above
        return self._folders[folder]

    def _own(self, path: str, real: str) -> SourceError | None:
        steps = self._bounds.steps(real)
        if steps is None or (self._entered and steps[0] == self._entered):
            return None
        return Own(f"{shown(path)}: belongs to the state of soc itself\n  name files and folders that hold logs")

    def _link(self, link: str, status: os.stat_result, folder: str) -> SourceError | None:
        """`folder`: where the link really lies."""
        if self._follows:
            return None
        if status.st_uid not in (_ROOT, self._bounds.account):
            return SourceError(f"{shown(link)}: is a link of {_user(status.st_uid)}, and not followed\n  {_repair(link)}")
        if f"{self._written}/".startswith(f"{link}/") or os.path.realpath(link).startswith(f"{folder.rstrip('/')}/"):
            return None
        return SourceError(f"{shown(link)}: is a link that leaves its folder, and not followed\n  {_repair(link)}")


class Own(SourceError):
    """What belongs to the state: no loss where a wildcard or a folder met it."""


def _fixed_part(pattern: str) -> tuple[str, bool]:
    """The path that it writes out before the first wildcard, and whether that is all of it."""
    if not has_magic(pattern) or os.path.lexists(pattern):
        return pattern, True
    parts = pattern.split("/")
    fixed = list(takewhile(lambda part: not has_magic(_ESCAPED.sub("", part)), parts))
    return _ESCAPED.sub(r"\1", "/".join(fixed)) or "/", len(fixed) == len(parts)


def _repair(link: str) -> str:
    return f"name {shown(os.path.realpath(link))} itself, or write follow_links: true into its feed"


def _user(number: int) -> str:
    try:
        return f"user {pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"user {number}"
