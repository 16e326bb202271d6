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
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

Value = TypeVar("Value")
LOOP = 5_000_000
REFERENCE = 0.145  # seconds that `loop` took on the idle machine that the absolute bounds are meant for
PROGRAMS = Path(sys.executable).parent
# Python programs start from their byte code, as they do wherever nobody forbids to write it
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class BenchError(Exception):
    """What was to be measured did not happen."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: CPU and wall time in seconds, peak memory in bytes.

    A new process begins as an image of the bench's, so that no memory figure is below what the bench itself holds just then.
    """

    cpu: float
    wall: float
    memory: int

    @property
    def megabytes(self) -> float:
        return self.memory / 1e6


def program(name: str) -> str:
    """The program of this environment, else of the PATH."""
    inside = PROGRAMS / name
    return str(inside) if inside.exists() else name


def cost(command: Sequence[str], *, stdout: Path | None = None, cwd: Path | None = None, codes: Sequence[int] = (0,)) -> Cost:
    """Runs a command to its end. Raises BenchError with the end of its stderr when it leaves with another code than `codes`."""
    _forget_peak()
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


def _forget_peak() -> None:
    """Else Linux counts the most that the bench ever held, an output it had read whole, to each process it starts."""
    with suppress(OSError):  # another system, or a container that forbids it: its figures are too large then, never too small
        Path("/proc/self/clear_refs").write_text("5")


def in_turns(times: int, runs: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each, all of them run once per turn, so that a busy spell meets all alike."""
    return {name: median(values) for name, values in _turns(times, runs).items()}


def costs_in_turns(times: int, runs: Mapping[str, Callable[[], Cost]]) -> dict[str, Cost]:
    """As `in_turns`: of each the median CPU and wall time, and the most memory."""
    return {name: typical(costs) for name, costs in _turns(times, runs).items()}


def typical(costs: Sequence[Cost]) -> Cost:
    """The median CPU and wall time, and the most memory."""
    return Cost(median(one.cpu for one in costs), median(one.wall for one in costs), max(one.memory for one in costs))


def _turns(times: int, runs: Mapping[str, Callable[[], Value]]) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {name: [] for name in runs}
    for _ in range(times):
        for name, run in runs.items():
            found[name].append(run())
    return found


def loop() -> float:
    """Seconds of CPU that a fixed loop of plain Python takes: how fast this machine is just now."""
    began, total = time.process_time(), 0
    for number in range(LOOP):
        total += number & 7
    return time.process_time() - began
