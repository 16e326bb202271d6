"""The closed word lists of a case, and which status may follow which.

Categories: Reference Security Incident Taxonomy 1003 (`soc/data/rsit.csv`). TLP: FIRST, Traffic Light Protocol 2.0.
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from functools import cache
from typing import NamedTuple

from soc.errors import UsageError
from soc.shipped import DATA

SEVERITIES = ("informational", "low", "medium", "high", "critical")
TLP = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")
VERDICTS = ("true_positive_impact", "true_positive_no_impact", "benign_expected", "false_positive", "duplicate", "undetermined")
LINKS = ("related", "follows", "followed_by", "campaign", "merged_into")
MARKS = ("ip", "user", "host", "domain")  # kinds of observables
PRIORITIES = (1, 2, 3, 4)
CATEGORY = "other/undetermined"

NEXT = {  # status -> what may follow
    "new":         ("triaged", "assigned", "in_progress", "closed"),
    "triaged":     ("assigned", "in_progress", "waiting", "resolved", "closed"),
    "assigned":    ("triaged", "in_progress", "waiting", "contained", "resolved", "closed"),
    "in_progress": ("assigned", "waiting", "contained", "resolved", "closed"),
    "waiting":     ("in_progress", "contained", "resolved", "closed"),
    "contained":   ("in_progress", "waiting", "resolved", "closed"),
    "resolved":    ("in_progress", "closed"),
    "closed":      ("in_progress",),
}  # fmt: skip
STATUSES = tuple(NEXT)
OPEN = tuple(status for status in STATUSES if status != "closed")


class Category(NamedTuple):
    """A type of incident: `intrusion-attempts/brute-force`, Login Attempts of Intrusion Attempts."""

    id: str
    family: str
    name: str


@cache
def categories() -> dict[str, Category]:
    """Every category by id, in the order of the taxonomy."""
    rows = csv.DictReader((DATA / "rsit.csv").read_text(encoding="utf-8").splitlines())
    listed = [Category(f"{row['class']}/{row['type']}", row["family"], row["name"]) for row in rows]
    return {category.id: category for category in listed}


def check_step(case: str, status: str, to: str) -> None:
    """Raises UsageError, naming what may follow, when a case in `status` cannot become `to`."""
    check_word("status", to, STATUSES)
    if to not in NEXT[status]:
        raise UsageError(f"case {case} is {status} and cannot become {to}\n  it can become: {', '.join(NEXT[status])}")


def check_word(what: str, word: str | int, known: Collection[str] | Collection[int]) -> None:
    """Raises UsageError, naming the known words, when this is none of them."""
    if word not in known:
        raise UsageError(f"{word!r} is no {what}\n  there are: {', '.join(map(str, known))}")


def check_category(id: str) -> None:
    check_word("category", id, tuple(categories()))
