"""Whether all of a content root is ours alone: each file and folder in it, what its links lead to, and what leads to it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from soc.errors import ContentError
from soc.owners import account, fault_of, way_to, word

MOST = 1_000  # faults that are counted; any is enough
NAMED = 3  # of these, besides the first


def check_root(root: Path, folders: Iterable[str], *, above: bool = True) -> None:
    """Raises ContentError that names what others can write to in these folders of the root, in the root itself or above it.

    `above` False: what leads to the root is left out, where this program lies there itself.
    """
    look = _Look()
    faults = list(islice(look.root(root, folders, above), MOST))
    if not faults:
        return
    first, *more = faults
    if not more:
        raise first
    named = ", ".join(str(fault.path) for fault in more[:NAMED]) + (", …" if len(more) > NAMED else "")
    all_of_it = f"for all that lies there: chmod -R go-w {word(root)}; chown -R -h {account()} {word(root)}"
    raise ContentError(f"{first.what}; and so with {len(more)} more: {named}", path=first.path, repair=f"{first.repair}\n  {all_of_it}")


class _Look:
    """One look at a root; nothing is looked at twice."""

    def __init__(self) -> None:
        self._known: set[Path] = set()
        self._walked: set[tuple[int, int]] = set()

    def root(self, root: Path, folders: Iterable[str], above: bool) -> Iterator[ContentError]:
        if above:
            yield from self._led_to(root)
        else:
            yield from filter(None, [fault_of(root, root.stat())])
        for folder in folders:
            try:
                yield from self._inside(root / folder, (root / folder).lstat())
            except FileNotFoundError:
                continue

    def _led_to(self, path: Path) -> Iterator[ContentError]:
        """A root or the end of a link, and what leads there: only what it ends at is in the root."""
        way = list(way_to(path))
        for place, found in way[:-1]:
            if place not in self._known:
                self._known.add(place)
                yield from filter(None, [fault_of(place, found, above=True)])
        yield from filter(None, [fault_of(*way[-1])])

    def _inside(self, path: Path, found: os.stat_result) -> Iterator[ContentError]:
        if stat.S_ISLNK(found.st_mode):
            yield from self._led_to(path)
            if path.is_dir():
                yield from self._entries(path.resolve(), path.stat())
            return
        yield from filter(None, [fault_of(path, found)])
        if stat.S_ISDIR(found.st_mode):
            yield from self._entries(path, found)

    def _entries(self, folder: Path, found: os.stat_result) -> Iterator[ContentError]:
        if (found.st_dev, found.st_ino) in self._walked:
            return
        self._walked.add((found.st_dev, found.st_ino))
        try:
            with os.scandir(folder) as entries:
                held = sorted((entry.name, entry.stat(follow_symlinks=False)) for entry in entries)
        except OSError as error:
            yield ContentError(f"cannot be looked into: {error.strerror}", path=folder, repair="check its owner and mode")
            return
        for name, each in held:
            yield from self._inside(folder / name, each)
