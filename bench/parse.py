"""Raw file to JSON file, CPU per line with start-up, beside syslog-ng doing the same.

Not equal work: soc's events are ECS with the original line, typed and checked, with year and zone worked out; syslog-ng
writes flat texts without the original.
"""

from __future__ import annotations

from pathlib import Path

import orjson

from bench import syslog_ng
from bench.lines import write
from bench.measure import BenchError, cost, in_turns, program
from bench.report import Figure

LINES = 150_000
TURNS = 3
BOUNDS = {"sshd": ("openssh", 0.9), "asa": ("cisco_asa", 0.8), "iptables": ("iptables", 1.0), "eve": ("suricata", 0.5)}


def figures(work: Path, size: float) -> list[Figure]:
    count = int(LINES * size)
    return [figure for name in BOUNDS for figure in _of(name, work, count)]


def _of(name: str, work: Path, count: int) -> list[Figure]:
    form, bound = BOUNDS[name]
    lines = write(work / f"{name}.log", name, count)
    ours, theirs = work / "soc.json", work / "syslog-ng.json"
    command = [program("soc"), "--home", str(work / "none"), "parse", "--format", form, str(lines)]
    runs = {"soc": lambda: cost(command, stdout=ours).cpu}
    if syslog_ng.executable():
        runs["peer"] = lambda: syslog_ng.convert(name, lines, theirs, count).cpu
    found = in_turns(TURNS, runs)
    _check(ours, count)
    each = found["soc"] / count * 1e6
    if "peer" not in found:
        return [Figure(f"parse {name}", each, "us/line", beside=syslog_ng.ADVICE)]
    peer = found["peer"] / count * 1e6
    return [Figure(f"parse {name}", each / peer, "x", bound, f"{each:.1f} us/line; syslog-ng: {peer:.1f}")]


def _check(out: Path, count: int) -> None:
    """Raises BenchError unless each line was understood."""
    lines = out.read_bytes().splitlines()
    odd = [line for line in lines if b'"tags":["unrecognised"]' in line or b'"error.message"' in line]
    if len(lines) != count or odd:
        example = orjson.loads(odd[0])["event.original"] if odd else ""
        raise BenchError(f"{len(lines)} events of {count} lines, {len(odd)} of them not understood: {example}")
