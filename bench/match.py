"""The same rules over a million events that lie in the store: read back, matched, made into hits, alerts and cases."""

from __future__ import annotations

from pathlib import Path

from bench import mix, rsigma
from bench.homes import Untouched
from bench.measure import cost, costs_in_turns
from bench.report import Figure

EVENTS = 1_000_000
TURNS = 3
BOUND = 12.0
PEER, MEMORY = 0.8, 400


def figures(work: Path, size: float) -> list[Figure]:
    count = int(EVENTS * size)
    root, rules = mix.site(work)
    soc = mix.filled(work / "home", root, count)
    start = cost([*mix.home(work / "idle", root), "detect"], codes=(0, 4)).cpu
    cost([*mix.PYTHON, "bench.matching", str(work / "home"), str(root)], stdout=work / "matching", cwd=mix.ROOT)
    _, reading, matching = map(float, (work / "matching").read_text().split())
    ours = reading + matching
    parts = f"{rules} rules, {count:,} events: read back {reading:.1f} s, match {matching:.1f} s"
    peer = rsigma.peer(work, root, mix.lines(count))
    return [Figure("rules over the stored events", ours, "s", BOUND * size, parts, cpu=True), *_whole(work, soc, start, ours, peer)]


def _whole(work: Path, soc: list[str], start: float, ours: float, peer: rsigma.Peer | None) -> list[Figure]:
    """The whole command, beside RSigma in turns where it is installed."""
    home = Untouched(work / "home", soc)
    found = costs_in_turns(TURNS, {"soc": home.detect, **({"peer": peer.run} if peer else {})})
    used = found["soc"]
    apart = f"{used.cpu - start:.1f} s, start-up apart: {start:.1f} s"
    memory = Figure("soc detect, memory", used.megabytes, "MB", MEMORY, "the most of the turns")
    if not peer:
        return [Figure("soc detect", used.cpu - start, "s", None, f"{apart}; {rsigma.ADVICE}"), memory]
    theirs = found["peer"].cpu - peer.load
    said = f"read, match, print {peer.matches():,} matches; loading the rules apart: {peer.load:.2f} s; {found['peer'].megabytes:.0f} MB"
    return [
        Figure("soc detect", (used.cpu - start) / theirs, "x", PEER, f"{home.said()}: {apart}; RSigma {theirs:.1f} s"),
        memory,
        Figure("RSigma over the same events", theirs, "s", None, f"{said}; soc's reading back and matching/RSigma {ours / theirs:.2f} x"),
    ]
