"""CPU time of processes, and of this machine's loop.

User and system time of one process: on a busy machine it is steadier than the clock on the wall, yet sharing a core's
caches and threads still lengthens it by up to half. Only figures taken in turns are compared.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

LOOP = 5_000_000
REFERENCE = 0.145  # seconds that `loop` took on the idle machine that the absolute bounds are meant for
PROGRAMS = Path(sys.executable).parent
# Python programs start from their byte code, as they do wherever nobody forbids to write it
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class BenchError(Exception):
    """What was to be measured did not happen."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: CPU and wall time in seconds, peak memory in bytes."""

    cpu: float
    wall: float
    memory: int


def program(name: str) -> str:
    """The program of this environment, else of the PATH."""
    inside = PROGRAMS / name
    return str(inside) if inside.exists() else name


def cost(command: Sequence[str], *, stdout: Path | None = None, cwd: Path | None = None, codes: Sequence[int] = (0,)) -> Cost:
    """Runs a command to its end. Raises BenchError with the end of its stderr when it leaves with another code than `codes`."""
    began = time.monotonic()
    with open(stdout or os.devnull, "wb") as out:  # noqa: PTH123 - os.devnull
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, cwd=cwd, env=ENVIRONMENT)
        assert process.stderr is not None
        said = process.stderr.read()
    used = reap(process)
    if process.returncode not in codes:
        raise BenchError(f"{' '.join(command)} left with {process.returncode}: {said[-600:].decode(errors='replace').strip()}")
    return Cost(used.cpu, time.monotonic() - began, used.memory)


def reap(process: subprocess.Popen[bytes]) -> Cost:
    """Waits for the process; its CPU time and memory, wall time 0."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(usage.ru_utime + usage.ru_stime, 0.0, usage.ru_maxrss << 10)


def in_turns(times: int, runs: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each, all of them run once per turn, so that a busy spell meets all alike."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(times):
        for name, run in runs.items():
            found[name].append(run())
    return {name: median(values) for name, values in found.items()}


def loop() -> float:
    """Seconds of CPU that a fixed loop of plain Python takes: how fast this machine is just now."""
    began, total = time.process_time(), 0
    for number in range(LOOP):
        total += number & 7
    return time.process_time() - began
