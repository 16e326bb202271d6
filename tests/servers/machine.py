"""What servers need of this machine: a user other than root, folders that it may use, ports, a cache, patience.

`Missing` is raised for whatever this machine cannot offer; its text is one line that ends in the repair.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import random
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
SERVANT = "nobody"  # runs the servers when we are root: Elasticsearch and PostgreSQL refuse to be root's


class Missing(Exception):
    """A server cannot be had here; says why and what to do."""


def is_root() -> bool:
    return os.geteuid() == 0


def as_servant() -> dict[str, Any]:
    """Arguments of `subprocess` that give up root; none when there is nothing to give up."""
    if not is_root():
        return {}
    servant = pwd.getpwnam(SERVANT)
    return {"user": servant.pw_uid, "group": servant.pw_gid, "extra_groups": []}


def hand_over(folder: Path) -> None:
    """The folder and all in it belong to whoever runs the servers."""
    if is_root():
        servant = pwd.getpwnam(SERVANT)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, servant.pw_uid, servant.pw_gid)


@contextmanager
def workspace(name: str) -> Iterator[Path]:
    """An empty folder of the servers' user, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"soc-{name}-"))
    try:
        hand_over(folder)
        yield folder
    finally:
        shutil.rmtree(folder)


def free_port() -> int:
    """A port that nobody listens on, below those that the kernel gives to clients, so that it stays free until it is used."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise Missing("a hundred ports of 20000 to 31999 are taken; stop what listens there")


def wait_for(question: Callable[[], bool], what: str, *, seconds: float = 120) -> None:
    """Until the answer is yes. Raises TimeoutError, which says what was waited for."""
    deadline = time.monotonic() + seconds
    while not question():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)


def cache() -> Path:
    """`SOC_TEST_CACHE`, else soc-tests in the user's cache; root's is in /var/cache, because the servers' user cannot enter root's home."""
    home = Path("/var/cache") if is_root() else Path.home() / ".cache"
    chosen = os.environ.get("SOC_TEST_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or home) / "soc-tests"
    folder = Path(chosen).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    closed = [place for place in (folder, *folder.parents) if is_root() and not place.stat().st_mode & 0o001]
    if closed:
        raise Missing(f"user {SERVANT}, who runs the servers, may not enter {closed[-1]}; set SOC_TEST_CACHE to a folder open to all")
    return folder


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """The cache's folder of that name. `make` makes it, once: it is whole or absent, whoever else asks and whatever is killed."""
    home = cache()
    with (home / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / name).exists():
            with tempfile.TemporaryDirectory(dir=home, prefix=f".{name}-") as staging:
                make(made := Path(staging) / name)
                made.rename(home / name)
    return home / name
