"""Work in processes whose disk fails, or which are interrupted, at one chosen sync of a file: see `failing_sync.c`.

Orders on stdin, a line of JSON each: the module of the work, its arguments, then the ending of the file's path, which sync of it is met
and what happens there. Answers: the child's exit code and how many such syncs it made. A child has nothing left to import.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent
DONE, FAILED, BUG, INTERRUPTED = 0, 3, 1, 130
FAIL, INTERRUPT, KILL = "eik"


class Ended(NamedTuple):
    """How a child ended. `said`: what it printed; `met`: syncs of the file in question, where it lived to count them."""

    code: int
    met: int
    said: str


def built(folder: Path) -> Path:
    """The library. Skips where there is no compiler, which CI has."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no C compiler: install gcc")
        pytest.skip("no C compiler: apt-get install gcc libc6-dev")
    library = folder / "failing_sync.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, HERE / "failing_sync.c", "-ldl"], check=True)
    return library


class Workshop:
    """One process under the library that forks a child for each order."""

    def __init__(self, folder: Path, work: str) -> None:
        call = [sys.executable, "-m", "tests.failing_sync", work]
        environment = {**os.environ, "LD_PRELOAD": str(built(folder))}
        self._process = subprocess.Popen(
            call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE.parent, env=environment, start_new_session=True
        )

    def run(self, *arguments: str, ending: str = "", at: int = 0, what: str = FAIL) -> Ended:
        """Does the work once; the `at`-th sync of a file whose path ends so is met. 0: none is, they are counted."""
        assert self._process.stdin and self._process.stdout
        print(json.dumps([arguments, ending, at, what]), file=self._process.stdin, flush=True)
        return Ended(*json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def workshop(folder: Path, work: str) -> Iterator[Workshop]:
    """The workshop of a module, whose `main` is the work."""
    made = Workshop(folder, work)
    try:
        yield made
    finally:
        made.close()


def child(work: str, order: list[str], told: int) -> None:
    """Does the work and tells what came of it. Nothing is closed: what it leaves is what a process leaves that is killed there."""
    arguments, ending, at, what = order
    library = ctypes.CDLL(None)
    out = os.memfd_create("said")
    os.dup2(out, 1)
    os.dup2(out, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = BUG
    library.arm(ending.encode(), at, ord(what))
    try:
        code = importlib.import_module(work).main(*arguments) or DONE
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BaseException:  # noqa: BLE001 - said, and the end of this process
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        size = os.lseek(out, 0, os.SEEK_END)
        os.write(told, json.dumps([code, library.met(), os.pread(out, size, 0).decode()]).encode())
        os._exit(0)


def serve(work: str) -> None:
    """Until stdin ends."""
    importlib.import_module(work)
    for line in sys.stdin:
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            child(work, json.loads(line), theirs)
        os.close(theirs)
        with os.fdopen(ours) as answer:
            said = answer.read()
        _, status = os.waitpid(pid, 0)
        print(said or json.dumps([os.waitstatus_to_exitcode(status), 0, ""]), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
