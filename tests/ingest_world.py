"""A log file as its writer and logrotate treat it, with a reader that remembers only what was committed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import zstandard

from soc.event import Event
from soc.ingest.batch import Batch
from soc.ingest.feeds import Feed
from soc.ingest.institutions import Institutions
from soc.ingest.intake import Files, Intake, Terms
from soc.model import SourceState
from soc.times import SECOND

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lambda content: lzma.compress(content, preset=0),
    ".zst": zstandard.compress,
}


def intake(now: int = 0, known: Iterable[SourceState] = (), **terms: object) -> Intake:
    """An intake without parsers and institutions: each line becomes an event in the dataset "raw" or "syslog"."""
    return Intake(Terms({}, Institutions(), now=lambda: now, monotonic=lambda: 0.0, known=known, **terms))


def originals(batches: Iterable[Batch]) -> list[str]:
    return [event["event.original"] for batch in batches for event in batch.events]


class World:
    """Moments are seconds that pass with each change, so that no two changes happen at one moment."""

    def __init__(self, folder: Path, patterns: Sequence[str]) -> None:
        self.folder, self.log = folder, folder / "a.log"
        self.patterns = [str(folder / pattern) for pattern in patterns]
        self.written: list[str] = []  # whole lines, in order
        self.events: list[Event] = []  # committed
        self.known: dict[str, SourceState] = {}
        self._second, self._begun = 1_000_000, ""

    def write(self, count: int, rest: str = "", end: str = "\n") -> None:
        """Appends `count` whole lines, each different, then the beginning of another."""
        text = ""
        for _ in range(count):
            line = f"{self._begun}line {len(self.written)}"
            text += line[len(self._begun) :] + end
            self.written.append(line)
            self._begun = ""
        text += rest
        self._begun += rest
        with self.log.open("ab") as log:
            log.write(text.encode())
        self._tick(self.log)

    def rename(self) -> None:
        """logrotate `create`. The writer ends its line first."""
        self._finish_line()
        self._shift()
        self.log.rename(self.folder / "a.log.1")
        self.log.touch()
        self._tick(self.log)

    def copy(self) -> None:
        """The first half of logrotate `copytruncate`."""
        self._finish_line()
        self._shift()
        shutil.copy2(self.log, self.folder / "a.log.1")

    def truncate(self) -> None:
        """The second half."""
        self._begun = ""
        os.truncate(self.log, 0)
        self._tick(self.log)

    def pack(self, suffix: str, keep: bool = False) -> None:
        """The oldest rotated file that is not packed."""
        plain = [path for path in self._rotated() if path.suffix not in PACKERS]
        if plain and not any(Path(f"{plain[-1]}{other}").exists() for other in PACKERS):
            packed = Path(f"{plain[-1]}{suffix}")
            packed.write_bytes(PACKERS[suffix](plain[-1].read_bytes()))
            shutil.copystat(plain[-1], packed)
            if not keep:
                plain[-1].unlink()

    def drop(self) -> None:
        """The oldest rotated file."""
        for path in self._rotated()[-1:]:
            path.unlink()

    def read(self, batches: int | None = None) -> Intake:
        """A run; one that is killed after so many `batches` were committed, if stated."""
        reader = intake((self._second + 10) * SECOND, list(self.known.values()), most=4)
        for number, batch in enumerate(reader.batches([Files(Feed("f"), self.patterns)])):
            if number == batches:
                break
            assert batch.since == {id: self.known.get(id) for id in batch.states}
            self.events += batch.events
            self.known |= batch.states
        return reader

    def _finish_line(self) -> None:
        if self._begun:
            self.write(1)

    def _rotated(self) -> list[Path]:
        return sorted(self.folder.glob("a.log.*"), key=lambda path: int(path.name.split(".")[2]))

    def _shift(self) -> None:
        for path in reversed(self._rotated()):
            _, _, number, *packed = path.name.split(".")
            path.rename(self.folder / ".".join(["a.log", str(int(number) + 1), *packed]))

    def _tick(self, path: Path) -> None:
        self._second += 1
        os.utime(path, (self._second, self._second))
