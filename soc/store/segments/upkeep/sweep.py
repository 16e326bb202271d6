"""What processes that died have left behind goes when the next writer comes."""

from __future__ import annotations

from pathlib import Path

from soc.store.segments.hits.hits import hits_lock
from soc.store.segments.manifest.layout import discard, storage_errors
from soc.store.segments.questions.core import Core


def sweep(core: Core) -> int:
    """Removes what the manifest does not name; returns how many files went. The caller holds the writer's lock.

    A commit that failed may have left in the log what names such a file, and would come true when this process died: a new generation
    takes its place there first. Where a file that counts is missing nothing goes: what lies there may be it.
    """
    folders = (("segments", core.layout.segments), ("hit_files", core.layout.hits))
    with hits_lock(core), storage_errors(core.layout.root):
        if not any(_strangers(core, *folder) for folder in folders):
            return 0
        core.manifest.next_generation()
        gone = [path for folder in folders for path in _strangers(core, *folder)]
        for path in gone:
            discard(path)
    return len(gone)


def _strangers(core: Core, table: str, folder: Path) -> list[Path]:
    found = {path.name for path in folder.iterdir()}
    named = {name: deleted_at is None for name, deleted_at in core.manifest.rows(f"SELECT name, deleted_at FROM {table}")}
    if any(counts and name not in found for name, counts in named.items()):
        return []
    return [folder / name for name in sorted(found - named.keys())]
