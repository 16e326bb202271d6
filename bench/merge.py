"""`python -m bench.merge HOME ROOT`: merges the store's segments, and a day later unlinks those that were merged."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from soc.content import load_content
from soc.store.segments import open_store
from soc.times import DAY


def main() -> None:
    folder, root = map(Path, sys.argv[1:])
    store = open_store(folder / "store", load_content((root,)).catalogue)
    now = time.time_ns() // 1000
    with store.writer() as writer:
        writer.compact(now=now)
        writer.retain([], now=now + DAY)
    store.close()


if __name__ == "__main__":
    main()
