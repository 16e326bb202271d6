"""What a site decides about triage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from soc.respond.triaging.categories import Categories
from soc.respond.triaging.priority import Priority
from soc.times import DAY

STORM = 1000


def _nothing(*_asked: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Policy:
    """`tuned`: rule id -> category. `institution_class`: institution -> its class. `asset_class`: (institution, address) -> class.

    `within`: an alert joins a case whose triggers lie no further away. `linked`: a case closed for less is linked.
    `storm`: more keys of one rule and institution in a cell are one case.
    """

    priority: Priority = field(default_factory=Priority)
    categories: Categories = field(default_factory=Categories)
    tuned: Mapping[str, str] = field(default_factory=dict)
    institution_class: Mapping[str, str] = field(default_factory=dict)
    asset_class: Callable[[str, str], str | None] = _nothing
    within: int = DAY
    linked: int = 7 * DAY
    storm: int = STORM
