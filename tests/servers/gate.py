"""A gate before a server: open, shut (nobody listens) or silent (it takes connections and answers nothing). Its address stays the same.

A real way to a real server that can be cut without stopping the server that other tests use, too.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.servers.machine import HOST, free_port


class Gate:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port)
        self._port = free_port()
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._lines: list[socket.socket] = []
        self._silent = False
        self._left: int | None = None  # requests that go through before the gate shuts by itself

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    def open(self, *, silent: bool = False, requests: int | None = None, only: bytes = b"") -> None:
        """Lets so many requests through whose first line holds `only`, and those of other kinds, then shuts."""
        self.shut()
        self._silent, self._left, self._only = silent, requests, only
        self._listener = socket.create_server((HOST, self._port))
        self._thread = threading.Thread(target=self._serve, args=(self._listener,), daemon=True)
        self._thread.start()

    def shut(self) -> None:
        if self._listener:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()
        self._lines = []

    def _serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                here, _ = listener.accept()
                self._lines.append(here)
                if not self._silent:
                    there = socket.create_connection(self._target)
                    self._lines.append(there)
                    for pair in ((here, there), (there, here)):
                        threading.Thread(target=self._carry, args=(*pair, pair[0] is here), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, asks: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(1 << 16):
                if asks and self._left is not None and self._only in piece.partition(b"\r\n")[0]:
                    self._left -= 1
                    if self._left < 0:
                        self.shut()
                        return
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


@contextmanager
def gate(url: str) -> Iterator[Gate]:
    """Open when its `with` begins."""
    here = Gate(url)
    here.open()
    try:
        yield here
    finally:
        here.shut()
