"""Many regular expressions looked for at once: each is tried only on texts that hold what RE2 knows it to need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import re2


class Regexes:
    """RE2 filters over `patterns`: as many as RE2's memory for the texts that the patterns need asks for."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._filters = _filters(list(patterns), 0)

    def __bool__(self) -> bool:
        return bool(self._filters)

    def found(self, raw: bytes) -> list[int]:
        """The patterns found in a text in UTF-8, by number, each once."""
        return [first + number for first, match in self._filters for number in match(raw) or ()]


def _filters(patterns: list[str], first: int) -> list[tuple[int, Callable[[bytes], Any]]]:
    """Functions that find patterns, each with the number of its first."""
    if not patterns:
        return []
    options = re2.Options()
    options.log_errors = False
    made = re2.Filter()
    for pattern in patterns:
        made.Add(pattern, options)
    try:
        made.Compile()
    except re2.error:
        if len(patterns) == 1:
            return [(first, _alone(re2.compile(patterns[0], options=options)))]
        half = len(patterns) // 2
        return _filters(patterns[:half], first) + _filters(patterns[half:], first + half)
    return [(first, made.Match)]


def _alone(pattern: Any) -> Callable[[bytes], Any]:
    return lambda raw: (0,) if pattern.search(raw) else ()
