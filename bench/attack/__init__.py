"""What a run costs while somebody attacks, beside soc at commit 165d7b3.

In this order: `brute` (many logins), `day` (few new drops in a day of many), `trial` (`soc try` of a gigabyte), `moved` (equal files).
"""

from __future__ import annotations

from pathlib import Path

from bench.attack import brute, day, moved, trial
from bench.report import Figure

PARTS = (brute, day, trial, moved)


def figures(work: Path, size: float) -> list[Figure]:
    return [figure for part in PARTS for figure in part.figures(work, size)]
