"""A tiny HTTP server at the protocol's edge: it answers what it was told to and remembers what it was asked.

For what no server of ours can be: another version, another product, a certificate that has run out, a reader of API keys.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme

from tests.servers.machine import HOST

ELASTIC = {"X-Elastic-Product": "Elasticsearch", "Content-Type": "application/vnd.elasticsearch+json;compatible-with=9"}


@dataclass
class Stub:
    """`asked`: the headers of each request, in order, their names in lower case."""

    url: str
    asked: list[Mapping[str, str]] = field(default_factory=list)


def version(number: str) -> dict[str, Any]:
    """What a node of this version says of itself."""
    return {"nodes": {"a": {"version": number}}}


@contextmanager
def stub(
    said: Any, *, status: int = 200, headers: Mapping[str, str] = ELASTIC, certificate: trustme.LeafCert | None = None
) -> Iterator[Stub]:
    """Answers every request alike; over TLS when it has a certificate."""
    server = ThreadingHTTPServer((HOST, 0), _handler(said, status, headers))
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    here = Stub(f"{'https' if certificate else 'http'}://{HOST}:{server.server_address[1]}")
    server.asked = here.asked  # type: ignore[attr-defined]
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # handshakes that fail are what is tested
    with serving(server):
        yield here


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    """The server answers for as long as the `with` lasts."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(said: Any, status: int, headers: Mapping[str, str]) -> type[BaseHTTPRequestHandler]:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.server.asked.append({name.lower(): value for name, value in self.headers.items()})  # type: ignore[attr-defined]
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    return Handler
