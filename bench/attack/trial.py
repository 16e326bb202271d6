"""`soc try` on a gigabyte of sshd under brute force, on the clock, beside `soc parse` of it."""

from __future__ import annotations

import re
from pathlib import Path

from bench.kept import written
from bench.measure import BenchError, cost, program
from bench.report import Figure

LINES = 7_650_000  # a gigabyte
BOUND, MEMORY = 4, 600
COUNTED = re.compile(rb'"events":\s*(\d+)')


def figures(work: Path, size: float) -> list[Figure]:
    count = int(LINES * size)
    file, out = written("brute", count), work / "tried.json"
    soc = [program("soc"), "--home", str(work / "none")]
    parsed = cost([*soc, "parse", str(file)])
    tried = cost([*soc, "try", "--output", "json", str(file)], stdout=out)
    _check(out, count)
    out.unlink()
    beside = f"{tried.wall:.0f} s, {tried.cpu:.0f} s of CPU; soc parse {parsed.wall:.0f} s, {parsed.cpu:.0f} s of CPU"
    return [
        Figure(f"soc try, {file.stat().st_size / 1e6:,.0f} MB of brute force", tried.wall / parsed.wall, "x", BOUND, beside),
        Figure("  memory", tried.megabytes, "MB", MEMORY, f"soc parse {parsed.megabytes:.0f} MB"),
    ]


def _check(out: Path, count: int) -> None:
    """Raises BenchError unless it counted all lines. What follows the counts is large, and stays on disk."""
    with out.open("rb") as said:
        head = said.read(1000)
    counted = COUNTED.search(head)
    if not counted or int(counted[1]) != count:
        raise BenchError(f"{count} lines went in, and soc try says {head[:300]!r}")
