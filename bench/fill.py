"""`python -m bench.fill HOME ROOT FILE…`: events of the mix into the store, past ingest, in batches as large as ingest's."""

from __future__ import annotations

import gc
import sys
from itertools import islice
from pathlib import Path

from bench.mix import parsed
from soc.content import load_content
from soc.ingest.batch import MOST
from soc.store.segments import open_store


def main() -> None:
    folder, root, *files = map(Path, sys.argv[1:])
    content = load_content((root,))
    store = open_store(folder / "store", content.catalogue)
    now = 0
    gc.disable()
    with store.writer() as writer:
        events = parsed(files, root)
        while batch := list(islice(events, MOST)):
            now = max(now, max(event["@timestamp"] for event in batch))
            writer.add(writer.begin(), [event | {"soc.feed": "mix"} for event in batch], [], now=now)
    store.close()


if __name__ == "__main__":
    main()
