"""A damaged segment for which there is no backup: it is put aside, never deleted, and what is lost with it stays on record."""

from __future__ import annotations

from pathlib import Path

from soc.errors import UsageError
from soc.store.segments import register
from soc.store.segments.core import Core
from soc.store.segments.damage import faults
from soc.store.segments.layout import PRIVATE, storage_errors


def give_up(core: Core, name: str, *, now: int) -> Path:
    """See `soc.store.segments.writer.SegmentWriter.give_up`."""
    found = [segment for segment in register.live(core.manifest) if segment.name == Path(name).name]
    if not found:
        raise UsageError(f"{name!r} is no segment of this store\n  damaged ones are listed by: soc doctor")
    (segment,) = found
    if not faults(core.layout.segments, [segment], deep=True):
        raise UsageError(f"{name!r} is not damaged\n  damaged segments are listed by: soc doctor")
    aside = core.layout.root / "damaged"
    with core.manifest.transaction():
        core.manifest.run("INSERT INTO drops VALUES (?, 'damaged', NULL, ?, ?)", now, segment.name, segment.rows)
        core.manifest.run("DELETE FROM segments WHERE id = ?", segment.id)
        with storage_errors(aside):
            aside.mkdir(mode=PRIVATE, exist_ok=True)
            if (core.layout.segments / segment.name).exists():
                (core.layout.segments / segment.name).rename(aside / segment.name)
    return aside / segment.name
