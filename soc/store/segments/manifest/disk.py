"""How much of the disk is soc's own. When others fill it, soc stops writing and deletes nothing."""

from __future__ import annotations

import os
from pathlib import Path

from soc.errors import StoreError
from soc.store.segments.manifest.layout import storage_errors
from soc.store.segments.manifest.manifest import Manifest

RESERVE = 256 << 20  # bytes left free, so that the desk and the journal can still be written
SHARE = 0.8  # of its own bytes and the free space, when the store is made


def free_bytes(folder: Path) -> int:
    """What an ordinary process may still write to the folder's file system."""
    with storage_errors(folder):
        found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def crowded(folder: Path, reserve: int) -> list[str]:
    """What is wrong when less than `reserve` bytes are free; nothing otherwise."""
    free = free_bytes(folder)
    if free >= reserve:
        return []
    return [
        f"{folder}: {free >> 20} MiB are free, {reserve >> 20} MiB are kept free; nothing is written and nothing was deleted\n"
        "  free space on this disk, or lower [retention] max_disk and run soc retain, now and ten minutes later"
    ]


def check_reserve(folder: Path, reserve: int) -> None:
    """Raises StoreError when less than `reserve` bytes are free."""
    for fault in crowded(folder, reserve):
        raise StoreError(fault)


def default_max_disk(manifest: Manifest, folder: Path) -> int:
    """The bound made with the store: 80 % of its bytes and the free space at that time."""
    kept = manifest.number("max_disk")
    if kept is None:
        with manifest.transaction():
            kept = manifest.number("max_disk")  # another may have made it meanwhile
            if kept is None:
                kept = int((own_bytes(manifest) + free_bytes(folder)) * SHARE)
                manifest.set_meta("max_disk", str(kept))
    return kept


def own_bytes(manifest: Manifest) -> int:
    """Bytes of the store's files, those of the manifest and those that wait to be unlinked included."""
    files = manifest.value("SELECT coalesce((SELECT sum(bytes) FROM segments), 0) + coalesce((SELECT sum(bytes) FROM hit_files), 0)")
    beside = [manifest.path.with_name(manifest.path.name + end) for end in ("", "-wal")]
    return int(files) + sum(path.stat().st_size for path in beside if path.exists())
