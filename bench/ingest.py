"""Files into a fresh store: read, parsed, finished and committed with fsync, in one process."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.lines import write
from bench.measure import BenchError, cost, in_turns, program
from bench.report import Figure

LINES = 200_000
TURNS = 3
BOUND = 40_000


def figures(work: Path, size: float) -> list[Figure]:
    return [_of(name, work, int(LINES * size)) for name in ("sshd", "iptables")]


def _of(name: str, work: Path, count: int) -> Figure:
    one, many = write(work / f"{name}.one", name, 1), write(work / f"{name}.many", name, count)
    found = in_turns(TURNS, {"start": lambda: _ingest(work, one, 1), "all": lambda: _ingest(work, many, count)})
    rate, whole = count / (found["all"] - found["start"]), count / found["all"]
    return Figure(
        f"ingest {name}",
        rate,
        "events/s/core",
        BOUND,
        f"start-up apart: {found['start']:.2f} s; with it: {whole:,.0f}",
        least=True,
        cpu=True,
    )


def _ingest(work: Path, lines: Path, count: int) -> float:
    """Seconds of CPU to bring the lines into a store that is empty."""
    home = work / "home"
    shutil.rmtree(home, ignore_errors=True)
    soc = [program("soc"), "--home", str(home)]
    cost([*soc, "init"])
    used = cost([*soc, "ingest", str(lines)]).cpu
    out = work / "count.json"
    cost([*soc, "status", "--output", "json"], stdout=out, codes=(0, 4))
    if f'"events": {count}' not in out.read_text().replace('":', '": ').replace("  ", " "):
        raise BenchError(f"{count} lines went in, and the store says {out.read_text()[:600]}")
    return used
