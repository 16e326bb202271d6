"""Segments that cannot be read: named, never passed over."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from soc.errors import StoreError
from soc.store.segments.manifest.layout import digest
from soc.store.segments.manifest.register import Stored

_MAGIC = b"PAR1"  # the first and last bytes of a Parquet file
REPAIR = (
    "  restore the file from a backup, or put it aside with: soc doctor --give-up FILE\n"
    "  questions about a span of time that it does not hold (--since, --until) are answered meanwhile"
)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """What goes wrong while this file is read becomes a StoreError that names it."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise damaged([f"{path}: {_reason(error)}"]) from error


def damaged(faults: list[str]) -> StoreError:
    """The error for segments that cannot be read."""
    return StoreError("\n".join(faults) + "\n" + REPAIR)


def faults(folder: Path, segments: Iterable[Stored], *, deep: bool = False) -> list[str]:
    """What is wrong with the segments' files; `deep` reads every byte."""
    return [
        f"{folder / one.name}: {fault}"
        for one in segments
        if (fault := file_fault(folder / one.name, one.rows, one.bytes, one.digest if deep else None))
    ]


def check_whole(folder: Path, segments: Iterable[Stored]) -> None:
    """Raises StoreError that names the segments whose bytes are not those written: before they are made part of a file that looks sound."""
    if wrong := faults(folder, segments, deep=True):
        raise damaged(wrong)


def missing(files: Iterable[tuple[Path, int]]) -> list[str]:
    """What is wrong with files that shall have so many bytes, as far as it shows without reading them."""
    return [f"{path}: {fault}" for path, size in files if (fault := _at_first_sight(path, size))]


def _at_first_sight(path: Path, size: int) -> str | None:
    try:
        with path.open("rb") as file:
            if fault := _other_size(os.fstat(file.fileno()).st_size, size):
                return fault
            ends = os.pread(file.fileno(), len(_MAGIC), 0), os.pread(file.fileno(), len(_MAGIC), size - len(_MAGIC))
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return _reason(error)
    return None if ends == (_MAGIC, _MAGIC) else "is no Parquet file any more"


def _other_size(found: int, size: int) -> str | None:
    return f"has {found} bytes where the manifest says {size}" if found != size else None


def file_fault(path: Path, rows: int, size: int, wanted: str | None) -> str | None:
    """What is wrong with a file that shall have so many rows and bytes, and this digest, when one is wanted."""
    try:
        if fault := _other_size(path.stat().st_size, size):
            return fault
        if wanted is not None and digest(path) != wanted:
            return "holds other bytes than were written"
        with pq.ParquetFile(path) as source:
            if source.metadata.num_rows != rows:
                return f"has {source.metadata.num_rows} rows where the manifest says {rows}"
    except FileNotFoundError:
        return "is missing"
    except (OSError, pa.ArrowException) as error:
        return _reason(error)
    return None


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or str(error).splitlines()[0])
