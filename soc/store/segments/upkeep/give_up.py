"""A damaged file for which there is no backup is put aside, never deleted.

What is lost with a segment stays on record. Hits are made anew from events: the batches that they came from have to be searched again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from soc.errors import UsageError
from soc.store.segments.manifest import register
from soc.store.segments.manifest.damage import faults, file_fault
from soc.store.segments.manifest.layout import PRIVATE, storage_errors, sync_folder
from soc.store.segments.manifest.rows import typed
from soc.store.segments.questions.core import Core

Again = Callable[[list[int]], object]
"""Has batches searched again. It is called before the hits go: killed between the two, they are made once too often, never too seldom."""


def give_up(core: Core, name: str, *, now: int, again: Again) -> Path:
    """See `soc.store.segments.writer.SegmentWriter.give_up`."""
    hits = core.manifest.rows("SELECT id, name, rows, bytes, digest FROM hit_files WHERE deleted_at IS NULL AND name = ?", Path(name).name)
    typed(core.manifest, "hit_files", (int, str, int, int, str), hits)
    return _hits(core, again, *hits[0]) if hits else _segment(core, name, now)


def _hits(core: Core, again: Again, number: int, name: str, rows: int, size: int, digest: str) -> Path:
    path = core.layout.hits / name
    if file_fault(path, rows, size, digest) is None:
        raise UsageError(f"{name!r} is not damaged\n  damaged files are listed by: soc doctor --deep")
    tags = [tag for (tag,) in core.manifest.rows("SELECT tag FROM hit_tags WHERE file = ?", number)]
    again(sorted({int(batch) for tag in tags if (batch := tag.partition("-")[0]).isdecimal()}))
    with core.manifest.transaction():
        core.manifest.run("DELETE FROM hit_tags WHERE file = ?", number)
        core.manifest.run("DELETE FROM hit_files WHERE id = ?", number)
        _put_aside(core, path)
    return core.layout.damaged / name


def _segment(core: Core, name: str, now: int) -> Path:
    found = [segment for segment in register.live(core.manifest) if segment.name == Path(name).name]
    if not found:
        raise UsageError(f"{name!r} is no file of this store\n  damaged ones are listed by: soc doctor")
    (segment,) = found
    if not faults(core.layout.segments, [segment], deep=True):
        raise UsageError(f"{name!r} is not damaged\n  damaged segments are listed by: soc doctor")
    with core.manifest.transaction():
        core.manifest.run("INSERT INTO drops VALUES (?, 'damaged', NULL, ?, ?)", now, segment.name, segment.rows)
        core.manifest.run("DELETE FROM segments WHERE id = ?", segment.id)
        _put_aside(core, core.layout.segments / segment.name)
    return core.layout.damaged / segment.name


def _put_aside(core: Core, path: Path) -> None:
    """Durable before the manifest lets go of it: it would be swept where it was."""
    aside = core.layout.damaged
    with storage_errors(aside):
        aside.mkdir(mode=PRIVATE, exist_ok=True)
        sync_folder(core.layout.root)
        if path.exists():
            path.rename(aside / path.name)
            sync_folder(aside)
            sync_folder(path.parent)
