"""`soc run` over raw NDJSON of the mix with every public rule whose logsource it carries: feeds, store, rules, cases, playbooks."""

from __future__ import annotations

from pathlib import Path

from bench import mix
from bench.homes import searched
from bench.measure import BenchError, cost
from bench.report import Figure

LINES = 200_000
BOUND = 20_000


def figures(work: Path, size: float) -> list[Figure]:
    files = mix.lines(int(LINES * size))
    count = sum(path.read_bytes().count(b"\n") for path in files)
    root, rules = mix.site(work)
    hushed = mix.hush(root, files)
    soc = mix.home(work / "home", root)
    start = cost([*soc, "run"], codes=(0, 4)).cpu
    feed = root / "ingest" / "mix.yml"
    feed.parent.mkdir()
    feed.write_text(f"format: mix\npaths: [{', '.join(str(path) for path in files)}]\n")
    used = cost([*soc, "run"], codes=(0, 4))
    found = searched(soc, work / "status.json")
    if found != count:
        raise BenchError(f"{count} lines went in, {found} events were searched")
    beside = f"start-up apart: {start:.2f} s; with it: {count / used.cpu:,.0f}; {rules} rules, {hushed} hushed; {used.memory >> 20} MiB"
    return [Figure("run", count / (used.cpu - start), "events/s/core", BOUND, beside, least=True, cpu=True)]
