"""One server for all who want it in a test session, kept by a process of its own for as long as one of them is connected.

    with lease("elasticsearch") as url: …

Whoever comes first binds the session's socket and starts the keeper behind it; everybody connects and is told the URL. The kernel
closes the connections of a killed session: the keeper stops its server then, and the server dies with a killed keeper.
The socket's name is abstract (unix(7)): no file is left behind, and binding it decides who is first.
"""

from __future__ import annotations

import errno
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from tests.servers import elasticsearch, postgresql
from tests.servers.machine import Missing, wait_for

ROOT = Path(__file__).parents[2]


@contextmanager
def _elasticsearch() -> Iterator[str]:
    with elasticsearch.single() as node:
        yield node.url


SERVERS: dict[str, Callable[[], AbstractContextManager[str]]] = {"elasticsearch": _elasticsearch, "postgresql": postgresql.server}


@contextmanager
def lease(kind: str) -> Iterator[str]:
    """The URL of the session's server, or of the one that SOC_TEST_<KIND>_URL names. Raises Missing."""
    if given := os.environ.get(f"SOC_TEST_{kind.upper()}_URL"):
        yield given
        return
    if sys.platform != "linux":
        raise Missing(f"no {kind}: servers are started on Linux alone; set SOC_TEST_{kind.upper()}_URL")
    with ExitStack() as held:
        answers: list[dict[str, str]] = []

        def told() -> bool:
            answers.extend(filter(None, [_answer(held.enter_context(_connected(kind)))]))
            return bool(answers)  # else it was a keeper about to leave

        wait_for(told, f"the keeper of {kind}: it says why on stderr; an answer")
        if "missing" in answers[0]:
            raise Missing(answers[0]["missing"])
        yield answers[0]["url"]


def _answer(door: socket.socket) -> dict[str, str] | None:
    """What the keeper says; None when it has gone."""
    try:
        with door.makefile("r", encoding="utf-8") as said:
            line = said.readline()
    except ConnectionResetError:
        return None
    answer: dict[str, str] | None = json.loads(line) if line else None
    return answer


def _connected(kind: str) -> socket.socket:
    """A connection to the session's keeper, which is started where there is none."""
    session = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"process-{os.getpid()}"
    address = f"\0soc-tests-{session}-{kind}"
    with socket.socket(socket.AF_UNIX) as door:
        if _binds(door, address):
            door.listen(64)
            command = [sys.executable, "-m", "tests.servers.keeper", kind, str(door.fileno())]
            subprocess.Popen(command, cwd=ROOT, pass_fds=[door.fileno()], stdin=subprocess.DEVNULL, start_new_session=True)
    connection = socket.socket(socket.AF_UNIX)
    wait_for(lambda: connection.connect_ex(address) == 0, f"the keeper of {kind}", seconds=10)
    return connection


def _binds(door: socket.socket, address: str) -> bool:
    """False when somebody was first."""
    try:
        door.bind(address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True


# --- the keeper ------------------------------------------------------------------------------------------------------


def keep(kind: str, door: socket.socket) -> None:
    """Until the last who knew of the server has left, or nobody has come."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server's folder goes, too
    try:
        with SERVERS[kind]() as url:
            _receive(door, {"url": url})
    except Missing as error:
        _receive(door, {"missing": str(error)})


def _receive(door: socket.socket, answer: dict[str, str]) -> None:
    """Tells everybody who comes; returns when all have gone."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(door, selectors.EVENT_READ)
        ready = waiting.select(timeout=30)  # whoever started us connects at once
        while ready:
            for key, _ in ready:
                _attend(waiting, key.fileobj, door, answer)
            guests = len(waiting.get_map()) - 1
            ready = waiting.select() if guests else []
    door.close()  # whoever comes now starts another keeper


def _attend(waiting: selectors.BaseSelector, caller: socket.socket, door: socket.socket, answer: dict[str, str]) -> None:
    """Lets a guest in, or one out: guests say nothing, so what can be read is their leaving."""
    if caller is door:
        guest, _ = door.accept()
        guest.sendall(json.dumps(answer).encode() + b"\n")
        waiting.register(guest, selectors.EVENT_READ)
    else:
        waiting.unregister(caller)
        caller.close()


if __name__ == "__main__":
    keep(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
