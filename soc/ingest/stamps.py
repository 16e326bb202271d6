"""A file as `stat` shows it, without its name: `device:inode:size:time of change in ns`.

Equal stamps mean equal content, for logs are only appended to.
"""

from __future__ import annotations

import os

from soc.times import SECOND

_SETTLED = 2 * SECOND  # the coarsest clock of file systems in use (FAT)


def stamp_of(status: os.stat_result) -> str:
    """The stamp of a file that lies there."""
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"


def stamp_read(status: os.stat_result, *, whole: bool, now: int) -> str:
    """The stamp of a file as it was read, which no file's stamp equals unless it was read to its end and cannot have changed since.

    One that was written just now could be written again without its time of change growing. That time is kept, a future one as now.
    """
    stamp, changed = stamp_of(status), min(status.st_mtime_ns, now * 1000)
    if whole and now - changed // 1000 > _SETTLED:
        return stamp
    return f"{stamp.rsplit(':', 2)[0]}:-1:{changed}"


def inode_of(stamp: str) -> str | None:
    """Device and inode; None of no file's stamp."""
    return stamp.rsplit(":", 2)[0] if stamp else None


def same_inode(one: str, other: str) -> bool:
    """Whether two stamps are of one file on disk, or of its successor in the same place."""
    return bool(one) and inode_of(one) == inode_of(other)


def size_of(stamp: str) -> int:
    """Bytes on disk."""
    return int(stamp.split(":")[2])


def changed_at(stamp: str) -> int | None:
    """The time of change when the file was read last, in ns; None where that was not kept."""
    return int(stamp.rsplit(":", 1)[1]) or None if stamp else None
