"""A bar on stderr over long work, when that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

Told = Callable[[int, int], None]
BYTES = ("DownloadColumn", "TransferSpeedColumn")  # of rich.progress: what it shows of how much is done
PIECES = ("MofNCompleteColumn", "TimeElapsedColumn")  # the second moves when the first does not


def bytes_done(what: str) -> AbstractContextManager[Told]:
    """Gives what is told of bytes that are done, and of how many there are, 0 where that is not known. `what`: what was done to them."""
    return _bar(what, BYTES)


def pieces_done(what: str) -> AbstractContextManager[Told]:
    """As `bytes_done`, of what is counted piece by piece. `what`: as in `events searched`."""
    return _bar(what, PIECES)


@contextmanager
def _bar(what: str, amounts: Sequence[str]) -> Iterator[Told]:
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich import progress
    from rich.console import Console

    shown = [getattr(progress, name)() for name in ("BarColumn", *amounts, "TimeRemainingColumn")]
    with progress.Progress(what, *shown, console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
