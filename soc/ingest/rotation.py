"""How rotation and packing rename files: what a name was before, and whose copy a name can be of."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

_PACKED = re.compile(r"\.(gz|bz2|xz|zst)$", re.IGNORECASE)
# each piece of digits needs a separator of its own: whoever names files could else make the match take for ever
_TURN = re.compile(r"[-._]\d+(?:[-._T:]\d+)*")  # auth.log.1, auth.log-20261011, auth.log.2026-10-11_03
_INSIDE = re.compile(r"\.\d{1,3}|[-._]\d[\d:._T-]{4,}")  # auth-20261011.log, auth.1.log, conn.10:00:00-11:00:00.log
_TURNED = re.compile(rf"(?P<name>.*?\D)(?:{_TURN.pattern}|(?:{_INSIDE.pattern})(?P<extension>\.[A-Za-z]\w*))")
_BEFORE_DIGIT = re.compile(r"[-._](?=\d)")

Stem = tuple[str, str]


def unturned(name: str) -> str:
    """A file's name before rotation and packing: `auth.log` of `auth.log.2.gz` and of `auth-20261011.log`."""
    bare = _PACKED.sub("", name)
    match = _TURNED.fullmatch(bare)
    return match["name"] + (match["extension"] or "") if match else bare


def stem_of(path: str) -> Stem:
    """The folder and the name before rotation: files rotated from each other have them in common."""
    folder, name = os.path.split(path)
    return folder, unturned(name)


def originals_of(copy: str) -> set[str]:
    """The names of which packing, or rotation by copying, makes this one (all without folders)."""
    bare = _PACKED.sub("", copy)
    return {bare, *(name for name in _before(bare) if not _PACKED.search(name))} - {copy}


def is_copy(original: str, copy: str) -> bool:
    """Whether `copy` is what packing `original`, or rotating it by copying, would be called (both without folders)."""
    return original in originals_of(copy)


def _before(bare: str) -> Iterator[str]:
    for start in (match.start() for match in _BEFORE_DIGIT.finditer(bare)):
        if _TURN.fullmatch(bare, start):
            yield bare[:start]
        for end in (*(dot for dot in range(start + 1, len(bare)) if bare[dot] == "."), len(bare)):
            stem, extension = bare[:start], bare[end:]
            if _INSIDE.fullmatch(bare, start, end) and (Path(stem + extension).stem, Path(stem + extension).suffix) == (stem, extension):
                yield stem + extension
