"""Segments that cannot be read: named, never passed over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from soc.errors import StoreError
from soc.store.segments.register import Stored

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
    """What is wrong with the segments' files; `deep` reads every page and checks its sum."""
    return [f"{folder / segment.name}: {fault}" for segment in segments if (fault := _fault(folder / segment.name, segment, deep))]


def _fault(path: Path, segment: Stored, deep: bool) -> str | None:
    try:
        size = path.stat().st_size
        if size != segment.bytes:
            return f"has {size} bytes where the manifest says {segment.bytes}"
        with pq.ParquetFile(path, page_checksum_verification=True) as source:
            if source.metadata.num_rows != segment.rows:
                return f"has {source.metadata.num_rows} events where the manifest says {segment.rows}"
            for group in range(source.metadata.num_row_groups if deep else 0):
                source.read_row_group(group)
    except FileNotFoundError:
        return "is missing"
    except (OSError, pa.ArrowException) as error:
        return _reason(error)
    return None


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or str(error).splitlines()[0])
