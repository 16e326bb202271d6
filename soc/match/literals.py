"""Many literal texts looked for at once, by RE2 sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import re2

MEMORY = 64 << 20  # of one set; RE2's automaton grows with the texts it meets, up to this


class Literals:
    """RE2 sets over `patterns` (RE2 syntax, bytes): as many as the memory asks for; one alone may take more."""

    def __init__(self, patterns: Sequence[bytes], memory: int = MEMORY) -> None:
        self._sets = list(_sets(list(patterns), 0, memory))

    def found(self, text: bytes) -> Sequence[int]:
        """The patterns that are found in the text, by number, each once."""
        if not self._sets:
            return ()
        if len(self._sets) == 1:
            found: Sequence[int] = self._sets[0][1](text) or ()
            return found
        return [first + number for first, match in self._sets for number in match(text) or ()]


def contains(text: bytes) -> bytes:
    return bytes(re2.escape(text))


def starts(text: bytes) -> bytes:
    return rb"\A" + contains(text)


def ends(text: bytes) -> bytes:
    return contains(text) + rb"\z"


def _sets(patterns: list[bytes], first: int, memory: int) -> list[tuple[int, Any]]:
    """Sets that compile within the memory, each with the number of its first pattern."""
    if not patterns:
        return []
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1  # bytes are compared; which text they spell does not matter
    made = re2.Set.SearchSet(options)
    for pattern in patterns:
        made.Add(pattern)
    try:
        made.Compile()  # proves also that the automaton can run in the memory: Match cannot fail after it
    except re2.error:
        if len(patterns) == 1:
            return _sets(patterns, first, memory * 2)
        half = len(patterns) // 2
        return _sets(patterns[:half], first, memory) + _sets(patterns[half:], first + half, memory)
    return [(first, made.Match)]
