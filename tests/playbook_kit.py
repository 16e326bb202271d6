"""Receivers that are real, and a desk with one case, for tests of playbooks."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from desk_kit import T0

from soc.desk.desk import Desk
from soc.fields import base_catalogue
from soc.respond.actions.action import Action, World
from soc.respond.actions.actions import ACTIONS
from soc.respond.playbooks.playbook import Playbook
from soc.respond.playbooks.reader import read_playbook
from soc.respond.runs.run import Responder


class Moving:
    """A clock that moves a second at each look, and can be moved on."""

    def __init__(self, now: int = T0) -> None:
        self.moment = now

    def __call__(self) -> int:
        self.moment += 1_000_000
        return self.moment


@dataclass
class Mailbox:
    """A mail server on loopback: what it accepted. The first `refusals` messages get `answer`, after being kept when `keeps`."""

    refusals: int = 0
    answer: str = "451 later"
    keeps: bool = False
    messages: list[Message] = field(default_factory=list)
    port: int = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        refuse = self.refusals > 0
        self.refusals -= refuse
        if self.keeps or not refuse:
            self.messages.append(message_from_bytes(envelope.content))
        return self.answer if refuse else "250 taken"

    @property
    def keys(self) -> list[str]:
        return [message["Message-ID"] for message in self.messages]


@contextmanager
def mail_server(**how: Any) -> Iterator[Mailbox]:
    box = Mailbox(**how)
    with socket.create_server(("127.0.0.1", 0)) as free:
        box.port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@dataclass
class Posts:
    """A web server on loopback: what was posted to it, and the codes that it answers before it answers 200."""

    codes: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""


@contextmanager
def web_server(*codes: int) -> Iterator[Posts]:
    posts = Posts(list(codes))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posts.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            posts.keys.append(self.headers["Idempotency-Key"])
            self.send_response(posts.codes.pop(0) if posts.codes else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    posts.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    try:
        yield posts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def book_of(text: str, folder: Path, actions: Mapping[str, Action] = ACTIONS, name: str = "book.yml") -> Playbook:
    """The playbook that the text is. Fails with what is wrong with it."""
    path = folder / name
    path.write_text(text)
    book, errors = read_playbook(path, actions)
    assert book is not None, "\n".join(map(str, errors))
    return book


def responder_of(
    desk: Desk, *books: Playbook, now: Callable[[], int], actions: Mapping[str, Action] = ACTIONS, store: Any = None, **world: Any
) -> Responder:
    def no_store() -> Any:
        raise AssertionError("no step hunts")

    here = World(store=(lambda: store) if store else no_store, catalogue=base_catalogue, **world)
    return Responder(desk, here, {book.id: book for book in books}, now, "tester", actions)


def open_case(desk: Desk, title: str = "A call", **fields: Any) -> str:
    with desk.write() as tx:
        return tx.open_case(title=title, institution="uni", actor="alice", now=T0, **fields).id


def said_in(desk: Desk, case: str) -> list[tuple[str, str, dict[str, Any]]]:
    """The log without times: actor, action, what was said."""
    with desk.read() as tx:
        return [(entry.actor, entry.action, entry.said) for entry in tx.entries(case)]


def journalled(desk: Desk) -> dict[tuple[int, str], list[str]]:
    """(run, step) -> the actions in its journal, in order."""
    found: dict[tuple[int, str], list[str]] = {}
    with desk.read() as tx:
        for run in tx.playbook_runs():
            for entry in tx.journal(run.id):
                found.setdefault((run.id, entry.step), []).append(entry.action)
    return found
