"""Where a store's files lie, and how one becomes durable.

    store/manifest.db      what is true: segments, batches, positions (SQLite, WAL)
    store/lock             held by the one writer
    store/segments/*.parquet
    store/hits/*.parquet

A file that the manifest does not name means nothing: it is the rest of a process that died, and the next writer sweeps it (`sweep`).
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from soc.errors import StoreError

TMP = ".tmp"
PRIVATE = 0o700
NO_ROOM = ("no space", "file too large", "quota", "disk is full", "disk i/o error")  # the last: SQLite, when a limit stops its log


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one store."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.db"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def segments(self) -> Path:
        return self.root / "segments"

    @property
    def hits(self) -> Path:
        return self.root / "hits"

    @property
    def damaged(self) -> Path:
        return self.root / "damaged"

    @property
    def hits_lock(self) -> Path:
        return self.root / "hits.lock"

    def make(self) -> None:
        """The folders. Raises StoreError."""
        try:
            for folder in (self.root, self.segments, self.hits):
                folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, self.root) from error


class Written(NamedTuple):
    """A durable file."""

    name: str
    bytes: int
    digest: str


def durable(folder: Path, prefix: str, write: Callable[[Path], None]) -> Written:
    """A new file: written beside its name, synced, renamed, the folder synced. Raises StoreError and leaves nothing."""
    name = f"{prefix}-{secrets.token_hex(8)}.parquet"
    temporary = folder / f"{name}{TMP}"
    try:
        write(temporary)
        handle = os.open(temporary, os.O_RDONLY)
        try:
            os.fsync(handle)
            size = os.fstat(handle).st_size
        finally:
            os.close(handle)
        written = Written(name, size, digest(temporary))
        temporary.rename(folder / name)
        sync_folder(folder)
    except (OSError, pa.ArrowException) as error:
        discard(temporary)
        raise storage_error(error, temporary) from error
    except BaseException:
        discard(temporary)
        raise
    return written


def digest(path: Path) -> str:
    """BLAKE2b of a file's bytes, 16 of them in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def sync_folder(folder: Path) -> None:
    """Makes the folder's entries durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def discard(path: Path) -> None:
    """Removes the file when it is there. Where it cannot be removed it is left for the next sweep."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def lost_manifest(layout: Layout) -> str | None:
    """What is wrong when there are segments and no manifest that says what they mean; None otherwise."""
    manifest = layout.manifest
    log = manifest.with_name(f"{manifest.name}-wal")
    if manifest.exists() and (manifest.stat().st_size or log.exists()):
        return None
    count = len(list(layout.segments.glob("*.parquet"))) if layout.segments.is_dir() else 0
    if not count:
        return None
    return (
        f"{manifest}: is missing, and {count} segments lie beside it\n"
        f"  restore it from a backup; to begin anew, move {layout.segments} away first, then: soc init"
    )


@contextmanager
def storage_errors(place: Path) -> Iterator[None]:
    """Failures of files become StoreErrors that name the place."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise storage_error(error, place) from error


def storage_error(error: BaseException, place: Path) -> StoreError:
    """The StoreError for a failure of the file system, with the repair."""
    reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
    text = str(error).lower()
    if any(sign in text for sign in NO_ROOM):
        more = ", or have the disk looked at" if "i/o" in text else ""
        return StoreError(
            f"{place}: cannot be written: {reason}\n  free space or lower [retention] max_disk{more}; nothing was lost, run it again"
        )
    if "read-only" in text or "readonly" in text or "permission" in text:
        return StoreError(
            f"{place}: cannot be written: {reason}\n  run soc as the account that owns this folder, on a file system mounted for writing"
        )
    return StoreError(f"{place}: {reason}\n  see: soc doctor")
