"""Bounds of correlations with their fractions: pySigma 1.5 cuts `gte: 3.5` down to 3, and three are fewer than three and a half.

Sigma correlation rules specification 2.1.0, "Condition": gt, gte, lt, lte, eq, neq of a count or a value.
"""

from __future__ import annotations

import math
from typing import Any

from soc.condition.numbers import number_of
from soc.errors import RuleRefused

OPS = ("gte", "gt", "lte", "lt", "eq", "neq")
_COUNTS = ("event_count", "value_count", "temporal", "temporal_ordered")


def each_bound(stated: dict[str, Any]) -> list[tuple[dict[str, Any], float | None]]:
    """The correlation with each bound of its condition alone, as pySigma reads it, and the bound where that has a fraction.

    A fraction of a count becomes the whole number that says the same. Raises RuleRefused for a count that is to equal a fraction.
    """
    condition = stated.get("condition")
    ops = [op for op in OPS if op in condition] if isinstance(condition, dict) else []
    if not isinstance(condition, dict) or not ops:
        return [(stated, None)]
    rest = {key: item for key, item in condition.items() if key not in ops}
    found = []
    for op in ops:
        number = _number(condition[op])
        fraction = isinstance(number, float) and math.isfinite(number) and not number.is_integer()
        if fraction and stated.get("type") in _COUNTS:
            number, fraction = _whole(op, number), False
        found.append((stated | {"condition": rest | {op: int(number) if fraction else number}}, number if fraction else None))
    return found


def _number(stated: Any) -> Any:
    number = number_of(stated, "double") if isinstance(stated, str) else None
    return stated if number is None else number


def _whole(op: str, number: float) -> int:
    if op in ("eq", "neq"):
        raise RuleRefused(f"a count is never {number}: the condition is {op} {number}", repair="write a whole number, or gte and lte")
    return math.ceil(number) if op in ("gte", "lt") else math.floor(number)
