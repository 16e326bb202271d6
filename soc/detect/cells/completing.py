"""The event that completed a cell: of what made the alert, the one that an analyst asks about first.

Ten failures and a login: the ten events with the smallest (time, id) are the failures, the account is in the login.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from soc.detect.cells.cell import Stamped
from soc.detect.cells.series import Series, ids_of
from soc.detect.rules.rule import Rule

COMPLETED = ("temporal", "temporal_ordered")


def is_completed(rule: Rule) -> bool:
    """Whether one event completes what the rule asks for, rather than being the last of many alike."""
    return rule.correlation is not None and rule.correlation.type in COMPLETED


def completing(rule: Rule, series: Series, names: Any, met: Any, row: int) -> Stamped:
    """The event of a cell's first trigger, `row` being the first of that moment; of several the smallest id of the latest part.

    `met`: where the rule triggers, as a mask. `names`: ids by code; a child's trigger stands for the event that made it.
    """
    rows = _completing(rule, series, met, row)
    return int(series.time[row]), min(ids_of(names, series.event[rows]))


def _completing(rule: Rule, series: Series, met: Any, row: int) -> Any:
    """The rows of the moment at which the rule triggers, of that part which the rule names last."""
    end = int(np.searchsorted(series.group, series.group[row], side="right"))
    end = row + int(np.searchsorted(series.time[row:end], series.time[row], side="right"))
    rows = row + np.flatnonzero(met[row:end])
    named = {part: place for place, part in enumerate(rule.correlation.rules)} if rule.correlation else {}
    places = np.array([named.get(part, -1) for part in series.parts])[series.part[rows]]
    return rows[places == places.max()]
