"""`python -m bench.matching HOME ROOT`: the rules over all stored batches; prints CPU seconds to load, to read back, to match."""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

from soc.content import load_content
from soc.detect.hits.scan import Scanner
from soc.store.segments import open_store


def main() -> None:
    folder, root = map(Path, sys.argv[1:])
    began = time.process_time()
    content = load_content((root,), cache=folder / "cache")
    scanner = Scanner(content.rules, content.datasets, content.exceptions, content.catalogue)
    columns = scanner.columns()
    store = open_store(folder / "store", content.catalogue)
    loaded = time.process_time() - began
    reading = matching = 0.0
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)  # as the command line has it
    for row in store.batches():
        began = time.process_time()
        tables = store.tables([row.number], columns)
        reading += time.process_time() - began
        began = time.process_time()
        scanner.scan(tables)
        matching += time.process_time() - began
    print(loaded, reading, matching)
    store.close()


if __name__ == "__main__":
    main()
