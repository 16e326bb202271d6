"""A server as a process: in a group of its own, its output in a file, gone when whoever started it dies.

The kernel's promise (prctl(2), PR_SET_PDEATHSIG) is about the thread that started it: start servers from the main thread.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from tests.servers.machine import as_servant, wait_for

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class Process:
    """Started when made. `ending` is the signal that it is stopped by, and that the kernel sends when we die."""

    def __init__(
        self, command: Sequence[str | Path], folder: Path, env: Mapping[str, str], *, ending: signal.Signals = signal.SIGKILL
    ) -> None:
        self._ending = ending
        self._said = folder / "output.log"
        with self._said.open("ab") as out:
            self._popen = subprocess.Popen(
                command,
                cwd=folder,
                env={"PATH": os.defpath, "HOME": str(folder), **env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, int(ending)),  # after setuid, which would undo it
                **as_servant(),
            )

    def lives(self) -> bool:
        return self._popen.poll() is None

    def must_live(self) -> None:
        """Raises RuntimeError with its last words when it has ended."""
        if not self.lives():
            words = self._said.read_text("utf-8", "replace")[-2000:]
            raise RuntimeError(f"{self._popen.args[0]} ended with {self._popen.returncode}; its last words:\n{words}")  # type: ignore[index]

    def family(self) -> list[psutil.Process]:
        """It and its descendants."""
        with suppress(psutil.NoSuchProcess):
            head = psutil.Process(self._popen.pid)
            return [head, *head.children(recursive=True)]
        return []

    def resident(self) -> int:
        """Bytes of memory that it and its descendants hold."""
        return sum(member.memory_info().rss for member in self.family())

    def send(self, number: signal.Signals) -> None:
        """To the whole group, so that no launcher stands between."""
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, number)

    def stop(self) -> None:
        """It has ended when this returns; stopping twice is stopping once."""
        if self._popen.returncode is not None:
            return
        family = self.family()
        self.send(self._ending)
        wait_for(lambda: all(map(_is_over, family)), f"the end of {self._popen.args[0]}", seconds=30)  # type: ignore[index]
        self._popen.wait()


def _is_over(process: psutil.Process) -> bool:
    """Whether it runs no more: gone, or waiting for whoever should reap it."""
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True
