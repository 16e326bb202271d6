"""Cases as they are printed: one row each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from soc.cli.call.output import chosen, emit
from soc.desk.cases.case import Head
from soc.times import iso

COLUMNS = ("id", "priority", "severity", "status", "owner", "institution", "title", "category", "alerts", "opened")
QUEUE = ("id", "prio", "severity", "status", "owner", "institution", "title", "alerts", "opened")


def print_cases(heads: Iterable[Head], output: str | None) -> None:
    """Prints cases; a table has what fits a terminal, the other formats all fields."""
    if chosen(output) == "table":
        emit([row(head) | {"prio": head.priority, "opened": minute(head.opened_at)} for head in heads], QUEUE, "table")
    else:
        emit(rows(heads), COLUMNS, output)


def minute(moment: int) -> str:
    """A moment as tables show it, in UTC: `2026-10-11 22:14`."""
    return iso(moment)[:16].replace("T", " ")


def rows(heads: Iterable[Head]) -> list[dict[str, Any]]:
    """Cases as they are printed: all fields, moments in ISO 8601."""
    return [row(head) for head in heads]


def row(head: Head) -> dict[str, Any]:
    """One case as it is printed."""
    values = head._asdict()
    for name in ("opened", "updated", "closed"):
        moment = values.pop(f"{name}_at")
        values[name] = None if moment is None else iso(moment)
    return values
