"""Whether a manifest is the newest that these files have had: one put back from a backup names too little, and would have the rest swept.

A file's name says when it was made: a batch's number, or the manifest's generation, which rises before each other file is made. Both
are durable before the file is there.

    b0000000042-9f3ac1d20b5e77d0.parquet     events of batch 42
    c0000000007-77d0e1b2a4c89f3a.parquet     merged (c), written again (r), hits (h): of generation 7
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from soc.errors import StoreError
from soc.store.segments.manifest.layout import Layout, storage_errors
from soc.store.segments.manifest.manifest import Manifest
from soc.store.segments.questions.core import Core

BATCH, MERGED, REWRITTEN, HITS = "bcrh"  # what a name begins with
_NAME = re.compile(r"([a-z])([0-9]{10})-[0-9a-f]+\.parquet(?:\.tmp)?").fullmatch
SHOWN = 3


def of_batch(number: int) -> str:
    """What the name of a batch's file begins with."""
    return f"{BATCH}{number:010d}"


def next_of(manifest: Manifest, kind: str) -> str:
    """What the name of the next file of this kind begins with. Raises StoreError."""
    return f"{kind}{manifest.next_generation():010d}"


def older(manifest: Manifest, layout: Layout) -> str | None:
    """What is wrong when files lie beside the manifest that are newer than it; None otherwise."""
    newer = sorted(_newer(manifest, layout))
    if not newer:
        return None
    shown = ", ".join(newer[:SHOWN]) + (" …" if len(newer) > SHOWN else "")
    return (
        f"{manifest.path}: is older than {len(newer)} files beside it, {shown}; they would be lost, so nothing is written or removed\n"
        "  put the newest manifest back; if there is none, put the folders of the same backup in place of these, and keep these:\n"
        "  soc run then reads again what logs still hold of their events"
    )


def check_newest(core: Core) -> None:
    """Raises StoreError when the manifest is older than what lies beside it."""
    if fault := older(core.manifest, core.layout):
        raise StoreError(fault)


def _newer(manifest: Manifest, layout: Layout) -> Iterator[str]:
    generation, last = manifest.generation(), int(manifest.value("SELECT coalesce(max(number), 0) FROM batches"))
    for folder in (layout.segments, layout.hits):
        with storage_errors(folder):
            for path in folder.iterdir():
                found = _NAME(path.name)
                if found and int(found[2]) > (last if found[1] == BATCH else generation):
                    yield path.name
