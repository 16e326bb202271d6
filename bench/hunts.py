"""Questions about a million events of the mix, through the hunt language, on the clock, files in the page cache; bytes on disk."""

from __future__ import annotations

import json
from pathlib import Path

from bench import mix
from bench.homes import bytes_on_disk
from bench.measure import cost
from bench.report import Figure

EVENTS = 1_000_000
BYTES = 180


def figures(work: Path, size: float) -> list[Figure]:
    count = int(EVENTS * size)
    root = mix.parser_alone(work)
    soc = mix.filled(work / "home", root, count)
    fresh = bytes_on_disk(soc, work / "status.json") / count
    asked = _ask(work, root)
    merging = cost([*mix.PYTHON, "bench.merge", str(work / "home"), str(root)], cwd=mix.ROOT).cpu
    merged = bytes_on_disk(soc, work / "status.json") / count
    again = _ask(work, root)
    first = [_row(name, seconds, bound, f"as committed: {asked[name][0]:.3f} s") for name, (seconds, bound) in again.items()]
    disk = f"as committed: {fresh:.0f}; merging took {merging / count * 1e6:.1f} us of CPU an event"
    return [*first, Figure("on disk, merged", merged, "bytes/event", BYTES, disk)]


def _ask(work: Path, root: Path) -> dict[str, tuple[float, float]]:
    """By question: the best of five in seconds, and its bound."""
    out = work / "asked.json"
    cost([*mix.PYTHON, "bench.asking", str(work / "home"), str(root)], stdout=out, cwd=mix.ROOT)
    found: dict[str, tuple[float, float]] = json.loads(out.read_text())
    return found


def _row(name: str, seconds: float, bound: float, beside: str) -> Figure:
    return Figure(name, seconds, "s", bound, beside)
