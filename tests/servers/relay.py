"""A way to a real server on which answers can be exchanged, as an overloaded node would give them. What is not exchanged comes through.

It remembers what was asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.servers.machine import HOST
from tests.servers.stub import ELASTIC, serving

Exchange = Callable[[str, Any], tuple[int, Any] | None]
"""Of a path and the server's answer: status and answer instead, or None."""
REJECTED = {"type": "es_rejected_execution_exception", "reason": "rejected execution of a search: queue capacity = 1000"}


@dataclass
class Relay:
    """`asked`: path and body of each request, in order."""

    url: str
    exchange: Exchange = lambda path, answer: None
    asked: list[tuple[str, bytes]] = field(default_factory=list)

    def requests(self, path: str) -> list[bytes]:
        """The bodies of the requests to this path."""
        return [body for asked, body in self.asked if asked.partition("?")[0].endswith(path)]


def refusal(status: int, error: dict[str, Any] = REJECTED) -> dict[str, Any]:
    """An answer, or an item of one, that is a refusal."""
    return {"error": {"root_cause": [error], **error}, "status": status}


@contextmanager
def relay(target: str) -> Iterator[Relay]:
    server = ThreadingHTTPServer((HOST, 0), _Handler)
    server.daemon_threads = True
    here = Relay(f"http://{HOST}:{server.server_address[1]}")
    server.here, server.target = here, urlsplit(target)  # type: ignore[attr-defined]
    with serving(server):
        yield here


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        here: Relay = self.server.here  # type: ignore[attr-defined]
        asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        here.asked.append((self.path, asked))
        status, body = self._forwarded(asked)
        if body and (instead := here.exchange(self.path.partition("?")[0], json.loads(body))):
            status, body = instead[0], json.dumps(instead[1]).encode()
        self.send_response(status)
        for name, value in ELASTIC.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

    def _forwarded(self, asked: bytes) -> tuple[int, bytes]:
        target = self.server.target  # type: ignore[attr-defined]
        there = HTTPConnection(target.hostname, target.port)
        kept = {name: value for name, value in self.headers.items() if name.lower() in ("accept", "content-type")}
        there.request(self.command, self.path, asked or None, kept)
        answer = there.getresponse()
        body = answer.read()
        there.close()
        return answer.status, body

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""
