"""What was worked out of the last texts. Most come again and again, and asking a dict calls no function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Key = TypeVar("Key", bound=Any)
Value = TypeVar("Value")


class Remembered(dict[Key, Value]):
    """`remembered[key]` is `read(key)`. At most `most` keys of at most `longest` are kept: anybody may write megabytes into a log.

    `size`: a key's length. What `read` raises is raised, and nothing is kept of it.
    """

    def __init__(self, read: Callable[[Key], Value], *, most: int, longest: int, size: Callable[[Key], int] = len) -> None:
        self._read, self._most, self._longest, self._size = read, most, longest, size

    def __missing__(self, key: Key) -> Value:
        value = self._read(key)
        if self._size(key) <= self._longest:
            if len(self) >= self._most:
                self.clear()
            self[key] = value
        return value
