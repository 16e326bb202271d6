"""Who may write what runs as us. Content is code: parsers are loaded, playbooks start programs, lists and rules decide what is seen.

A path is ours when it, and every folder and link that leads to it, belongs to root, to the account that runs soc or to
whoever owns soc's own files, and nobody else can write to it. Above a content root a sticky folder such as /tmp will do:
nobody but its owner can put another in the place of what lies in it.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from shlex import quote

from soc.errors import ContentError

MOST_LINKS = 40  # in one path, as the kernel has it
_ACCESS_LIST = "system.posix_acl_access"
_RUNS = "and content runs as code"


def fault_of(path: Path, found: os.stat_result | None = None, *, above: bool = False) -> ContentError | None:
    """What is wrong with who can write to one file, folder or link; None when nothing is. `above`: it leads to what is ours."""
    found = found or path.lstat()
    if found.st_uid not in trusted():
        return ContentError(f"belongs to {_user(found.st_uid)}, {_RUNS}", path=path, repair=f"chown -h {account()} {word(path)}")
    if stat.S_ISLNK(found.st_mode) or (above and found.st_mode & stat.S_ISVTX):
        return None
    others, group = found.st_mode & stat.S_IWOTH, found.st_mode & stat.S_IWGRP
    listed = group and _has_access_list(path)  # its mask stands where the group's bits do
    group = group and not listed and not is_private(found.st_gid)
    if others or group:
        who = "everybody" if others else f"the group {_group(found.st_gid)}"
        return ContentError(
            f"{who} can write to it, {_RUNS}", path=path, repair=f"chmod {'g' * bool(group)}{'o' * bool(others)}-w {word(path)}"
        )
    return (
        ContentError(f"its access list lets others write to it, {_RUNS}", path=path, repair=f"setfacl -b {word(path)}") if listed else None
    )


def way_to(path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Every folder and link that the kernel meets on the way to a path, the last of them what it ends at, as far as they exist."""
    here, links = Path("/"), 0
    yield here, here.lstat()
    todo = list(reversed(path.absolute().parts[1:]))
    while todo:
        name = todo.pop()
        if name == "..":
            here = here.parent
            continue
        met = here / name
        try:
            found = met.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise ContentError(f"cannot be looked at: {error.strerror}", path=met, repair="check its owner and mode") from error
        yield met, found
        if not stat.S_ISLNK(found.st_mode):
            here = met
            continue
        links += 1
        if links > MOST_LINKS:
            raise ContentError("the links on the way to it lead round in a circle", path=path, repair="take the link away")
        target = met.readlink()
        here = Path("/") if target.is_absolute() else here
        todo += reversed(target.parts[target.is_absolute() :])


def trusted() -> frozenset[int]:
    """The users who may own content: root, the account, and who owns this program, for theirs is the code already."""
    return _trusted(os.geteuid())


@cache
def _trusted(account: int) -> frozenset[int]:
    return frozenset((0, account, Path(__file__).stat().st_uid))


def make_folder(path: Path) -> None:
    """Makes a folder, and those above it that are not there, so that others cannot write to them, whatever the umask says."""
    for folder in reversed([path, *path.parents]):
        if not folder.is_dir():
            folder.mkdir(mode=0o755, exist_ok=True)  # another process may be at it


@cache
def is_private(group: int) -> bool:
    """Whether nobody but a trusted user is in the group: the user's own, of the same name, as many systems give everybody one.

    Where accounts lie in a directory that cannot be listed, the name alone tells it from a group of many.
    """
    try:
        found = grp.getgrgid(group)
        members = {pwd.getpwnam(name).pw_uid for name in found.gr_mem}
    except KeyError:
        return False
    users = pwd.getpwall()
    named = any(user.pw_gid == group and user.pw_name == found.gr_name and user.pw_uid in trusted() for user in users)
    return named and members | {user.pw_uid for user in users if user.pw_gid == group} <= trusted()


def _has_access_list(path: Path) -> bool:
    if not hasattr(os, "getxattr"):
        return False
    try:
        return bool(os.getxattr(path, _ACCESS_LIST, follow_symlinks=False))
    except OSError:  # it has none, or the file system knows none
        return False


def account() -> str:
    """The name of the account that runs soc."""
    return _user(os.geteuid())


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def word(path: Path) -> str:
    """The path as a word of a command line that can be pasted."""
    return quote(os.fsencode(path).decode(errors="backslashreplace"))
