"""How many values one value of a rule may stand for: modifiers multiply, and a line of a rule could fill all memory while it is read."""

from __future__ import annotations

import re
from math import prod
from typing import Any

from sigma.types import Placeholder, SigmaRegularExpression, SigmaString

from soc.errors import RuleRefused

MOST = 20_000
_DASHES = 5  # spellings of a dash; what pySigma's `windash` takes for one
_DASH = re.compile(r"\B[-/]\b")


def check_dashes(value: Any) -> None:
    """Raises RuleRefused for a text with so many dashes that `windash` would make too many values of it."""
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and _DASHES ** (found := min(len(_DASH.findall(text)), 99)) > MOST:
            raise RuleRefused(f"windash makes more than {MOST:,} values of {found} dashes", repair="split the value: contains|all")


def check_lists(value: SigmaString | SigmaRegularExpression, sizes: dict[str, int]) -> None:
    """Raises RuleRefused for a value whose lists (entries by name), several of them multiplied, make too many values."""
    text = value.regexp if isinstance(value, SigmaRegularExpression) else value
    parts = text.s if isinstance(text, SigmaString) else ()
    named = [part.name for part in parts if isinstance(part, Placeholder)]
    if len(named) > 1 and prod(sizes.get(name, 1) for name in named) > MOST:
        lists = " and ".join(f"%{name}%" for name in named)
        raise RuleRefused(f"{lists} make more than {MOST:,} values together", repair="write one placeholder a value")
