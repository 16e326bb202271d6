"""Standard input on its way into a spool whose disk fails once: the work of `tests.failing_sync`."""

from __future__ import annotations

import os
from pathlib import Path

from soc.errors import StoreError
from soc.ingest.inlet import Inlet
from soc.ingest.open import Pipe

TEXT = b"".join(b"line %d\n" % number for number in range(60_000))


def main(folder: str) -> int:
    """Spools what comes through a pipe; after a failure the same process tries again, as `soc ingest` may. 3: it failed once."""
    ours, theirs = os.pipe()
    if os.fork() == 0:
        os.close(ours)
        with os.fdopen(theirs, "wb") as pipe:
            pipe.write(TEXT)
        os._exit(0)
    os.close(theirs)
    inlet, failures = Inlet("f", Path(folder), 10 << 20, pipe=Pipe(ours)), 0
    while True:
        try:
            for _ in inlet.spill():
                pass
        except StoreError as error:
            print(error)
            failures += 1
        else:
            return 3 if failures else 0
