"""Files of one equal line each that were read and then moved to another disk: recognised by their bytes, in time that grows as they do."""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path

from bench import baseline
from bench.homes import fresh, stored
from bench.lines import write
from bench.measure import BenchError, cost, in_turns
from bench.report import Figure

FEW, MANY = 300, 1500
TURNS = 3
BOUND = 5.5
MEMORY_DISK = Path("/dev/shm")


def figures(work: Path, size: float) -> list[Figure]:
    few, many = (max(int(files * size), files // 3) for files in (FEW, MANY))  # fewer are lost in the start-up
    what = f"soc ingest, {many:,} beside {few} equal files, moved to another disk"
    if not _another(work):
        return [Figure(what, 0, "x", None, f"not measured: {MEMORY_DISK} is no other disk than that of {work}")]
    runs = {name: partial(_moved, work, files) for name, files in (("start", 1), ("few", few), ("many", many))}
    found = in_turns(TURNS, runs)
    start = found["start"]
    beside = f"{found['many']:.2f} s beside {found['few']:.2f} s, start-up apart: {start:.2f} s; "
    beside += f"{baseline.COMMIT} {_moved(work, many, baseline.program()):.2f} s"
    return [Figure(what, (found["many"] - start) / (found["few"] - start), "x", BOUND, beside)]


def _another(work: Path) -> bool:
    return MEMORY_DISK.is_dir() and MEMORY_DISK.stat().st_dev != work.stat().st_dev


def _moved(work: Path, files: int, soc: str = "") -> float:
    """Seconds of CPU to meet so many files where they were moved to."""
    folder, command = work / "equal", fresh(work / "moved", soc=soc)
    folder.mkdir()
    line = write(work / "line", "sshd", 1)
    for number in range(files):
        shutil.copy(line, folder / f"{number:04}.log")
    cost([*command, "ingest", str(folder)])
    with tempfile.TemporaryDirectory(prefix="soc-bench-", dir=MEMORY_DISK) as disk:
        used = cost([*command, "ingest", str(shutil.move(folder, disk))]).cpu
    if (events := stored(command, work / "status.json")) != files:
        raise BenchError(f"{files} lines were moved, and {events} events are stored")
    return used
