"""`soc detect` over a million lines of sshd under brute force, beside the baseline; over five million, beside that of one."""

from __future__ import annotations

from pathlib import Path

from bench import baseline
from bench.homes import Untouched, fresh
from bench.kept import written
from bench.measure import Cost, cost, program, typical
from bench.report import Figure

FEW, MANY = 1_000_000, 5_000_000
BASELINE, MEMORY, GROWTH = 0.15, 300, 5.5


def figures(work: Path, size: float) -> list[Figure]:
    few, many = int(FEW * size), int(MANY * size)
    ours, theirs = _home(work / "brute", few, program("soc")), _home(work / "brute-then", few, baseline.program())
    first, then, again = ours.detect(), theirs.detect(), ours.detect()  # the baseline takes minutes: ours before and after it
    now = typical((first, again))
    beside = f"{now.cpu:.1f} s, {ours.said()}; {baseline.COMMIT} {_text(then)}, {theirs.said()}"
    ours.drop(), theirs.drop()
    return [
        Figure(f"soc detect, {few:,} lines of brute force", now.cpu / then.cpu, "x", BASELINE, beside),
        Figure("  memory", now.megabytes, "MB", MEMORY, f"{baseline.COMMIT} {then.megabytes:.0f} MB"),
        *_more(work, many, now, few),
    ]


def _more(work: Path, many: int, now: Cost, few: int) -> list[Figure]:
    home = _home(work / "brute", many, program("soc"))
    used = home.detect()
    beside = f"{_text(used)}, {home.said()}; of {few:,}: {now.cpu:.1f} s"
    home.drop()
    return [Figure(f"soc detect, {many:,} beside {few:,} lines", used.cpu / now.cpu, "x", GROWTH, beside)]


def _home(folder: Path, count: int, soc: str) -> Untouched:
    """With so many lines stored."""
    command = fresh(folder, soc=soc)
    cost([*command, "ingest", str(written("brute", count))])
    return Untouched(folder, command)


def _text(used: Cost) -> str:
    return f"{used.cpu:.1f} s and {used.megabytes:.0f} MB"
