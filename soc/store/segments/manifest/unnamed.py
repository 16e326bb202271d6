"""Files that were made and that the manifest does not name yet.

When SQLite raises while it commits, the transaction may be true all the same: its log was written and only the sync failed, or somebody
interrupted as it came back. A file that it names must be there then. So files of work that was given up go, and those of which it was
asked that they become true stay: whoever writes next reads in the manifest what became of them, and sweeps what it does not name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from soc.store.segments.manifest.layout import discard
from soc.store.segments.manifest.manifest import Manifest


@contextmanager
def unnamed(manifest: Manifest) -> Iterator[list[Path]]:
    """Takes the paths of files as they are made; the block's transaction names them. An exception before it removes them."""
    files: list[Path] = []
    before = manifest.asked
    try:
        yield files
    except BaseException:
        for path in files if manifest.asked == before else ():
            discard(path)
        raise
