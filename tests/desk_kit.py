"""Desks and alerts for tests: a fresh SQLite file each, copied from one made once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from soc.desk.desk import Desk, open_desk
from soc.document import load_document
from soc.model import Alert, Event, Evidence, Extent
from soc.respond.categories import parse_categories
from soc.respond.policy import Policy
from soc.respond.priority import parse_priority
from soc.times import DAY, HOUR, MINUTE, parse_iso

T0 = parse_iso("2026-10-11T22:00:00Z")
DETECTIONS = Path(__file__).parents[1] / "detections"


@contextmanager
def fresh_desk() -> Iterator[Desk]:
    """An empty desk in a folder of its own, gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "desk.db"
        shutil.copy(_template(), path)
        desk = open_desk(f"sqlite:///{path}")
        try:
            yield desk
        finally:
            desk.close()


@cache
def _template() -> Path:
    path = Path(tempfile.mkdtemp(prefix="soc-desk-")) / "desk.db"
    open_desk(f"sqlite:///{path}", create=True).close()
    return path


@cache
def shipped_policy() -> Policy:
    """What the shipped content decides."""
    return Policy(
        parse_priority(load_document(DETECTIONS / "priority.yml")), parse_categories(load_document(DETECTIONS / "categories.yml"))
    )


def alert(
    name: str = "a",
    *,
    rule: str = "ssh-brute-force",
    institution: str = "example-university",
    key: dict[str, str] | None = None,
    at: int = T0,
    count: int = 10,
    level: str = "medium",
    tags: tuple[str, ...] = ("attack.t1110",),
    event: Event | None = None,
) -> Alert:
    """An alert of one cell of an hour, its triggers at `at` and a minute later, with one event of evidence."""
    kept = {"@timestamp": at, "event.id": f"event-{name}", "event.original": f"line of {name}"} | (event or {})
    extent = Extent(count, at, at + MINUTE, (Evidence(at, f"event-{name}", kept),))
    cell = at // HOUR * HOUR
    group = {"source.ip": "203.0.113.7"} if key is None else key
    return Alert(name, rule, "hash", f"Title of {rule}", level, tags, institution, group, cell, cell + HOUR, extent)


__all__ = ["DAY", "HOUR", "MINUTE", "T0", "alert", "fresh_desk", "shipped_policy"]
