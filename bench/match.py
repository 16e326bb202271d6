"""The same rules over a million events that lie in the store: read back, matched, made into hits, alerts and cases."""

from __future__ import annotations

from pathlib import Path

from bench import mix, rsigma
from bench.measure import cost
from bench.report import Figure

EVENTS = 1_000_000
BOUND = 12.0


def figures(work: Path, size: float) -> list[Figure]:
    count = int(EVENTS * size)
    root, rules = mix.site(work)
    soc = mix.filled(work / "home", root, count)
    idle = mix.home(work / "idle", root)
    start = cost([*idle, "detect"], codes=(0, 4)).cpu
    cost([*mix.PYTHON, "bench.matching", str(work / "home"), str(root)], stdout=work / "matching", cwd=mix.ROOT)
    _, reading, matching = map(float, (work / "matching").read_text().split())
    used = cost([*soc, "detect"], codes=(0, 4))
    mix.searched(soc, work / "status.json")
    parts = f"read back {reading:.1f} s, match {matching:.1f} s"
    ours = [
        Figure(
            "rules over the stored events", reading + matching, "s", BOUND * size, f"{rules} rules, {count:,} events: {parts}", cpu=True
        ),
        Figure("soc detect", used.cpu, "s", None, f"all of it, start-up {start:.1f} s; {used.memory >> 20} MiB"),
    ]
    return [*ours, *rsigma.figures(work, root, mix.lines(count), reading + matching)]
