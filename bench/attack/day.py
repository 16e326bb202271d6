"""1,000 new events into a day that has many drops of 121 sources already: what a run costs is what is new, not what was there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bench import baseline
from bench.homes import fresh, searched
from bench.kept import written
from bench.lines import START, write
from bench.measure import Cost, cost, costs_in_turns, program
from bench.report import Figure

DROPS = (100_000, 600_000, 3_000_000)
THEN = DROPS[:2]  # as many as the baseline is asked with: with more it takes hours
NEW, TURNS = 1000, 3
BOUND = 1.3
SPAN = timedelta(hours=23, minutes=30)  # of the drops: new ones follow within the day, in an hour that has many
PACE = timedelta(minutes=2)  # of 1,000 new ones, the same whatever was there


def figures(work: Path, size: float) -> list[Figure]:
    days = {f"{drops}": Day(work / f"day-{drops}", int(drops * size), program("soc")) for drops in DROPS}
    then = {f"{drops} then": Day(work / f"then-{drops}", int(drops * size), baseline.program()) for drops in THEN}
    idle = _idle(work)
    used = costs_in_turns(TURNS, {name: day.more for name, day in (days | then).items()})
    first, last = used[f"{DROPS[0]}"].cpu, used[f"{DROPS[-1]}"].cpu
    apart = f"start-up apart ({idle:.2f} s): {(last - idle) / (first - idle):.2f} x"
    return [
        *(_row(int(drops * size), used[f"{drops}"], used.get(f"{drops} then")) for drops in DROPS),
        Figure(f"  the last beside the first, {DROPS[-1] // DROPS[0]} times the drops", last / first, "x", BOUND, apart),
    ]


def _idle(work: Path) -> float:
    """CPU seconds of the command in a store with nothing in it, once its rules are compiled."""
    soc = fresh(work / "idle")
    return [cost([*soc, "detect"], codes=(0, 4)).cpu for _ in range(2)][-1]


class Day:
    """A store with so many drops in a day, all searched."""

    def __init__(self, folder: Path, drops: int, soc: str) -> None:
        self._folder, self._soc, self._times = folder, fresh(folder, soc=soc), 0
        cost([*self._soc, "ingest", str(written("drops", drops, over=SPAN))])
        cost([*self._soc, "detect"], codes=(0, 4))

    def more(self) -> Cost:
        """What `soc detect` takes when new drops have followed."""
        new = self._folder.with_name(f"{self._folder.name}-{self._times}.log")
        cost([*self._soc, "ingest", str(write(new, "drops", NEW, over=PACE, since=START + SPAN + self._times * PACE))])
        self._times += 1
        used = cost([*self._soc, "detect"], codes=(0, 4))
        searched(self._soc, self._folder.with_name("status.json"))
        return used


def _row(drops: int, used: Cost, then: Cost | None) -> Figure:
    beside = f"{used.megabytes:.0f} MB" + (f"; {baseline.COMMIT} {then.cpu:.2f} s and {then.megabytes:.0f} MB" if then else "")
    return Figure(f"soc detect, {NEW:,} new in a day of {drops:,} drops", used.cpu, "s", None, beside)
