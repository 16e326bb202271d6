"""`.bench/`: what takes longer to make than to measure with, kept between runs; `rm -rf .bench` is always safe."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bench import lines

ROOT = Path(__file__).parents[1]
KEPT = ROOT / ".bench"


def written(name: str, count: int, *, over: timedelta | None = None) -> Path:
    """A file of so many lines of the format (`bench.lines.write`). Lines that are older than what writes them are written anew.

    Named by format and count: `over` is to be the same for both each time.
    """
    path = KEPT / f"{name}-{count}.log"
    if not path.exists() or path.stat().st_mtime < Path(lines.__file__).stat().st_mtime:
        KEPT.mkdir(exist_ok=True)
        lines.write(path.with_suffix(".part"), name, count, over=over).rename(path)
    return path
