"""What filling in one text may cost: steps, the size of a value, and what all values made for it hold together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from soc.errors import UsageError

MOST = 100_000  # characters of a message, and of any value on the way to it
STEPS = 50_000
MADE = 10 * MOST  # characters that all values made on the way hold together
LARGEST = 1 << 63  # of a whole number
_SCALAR = 24  # characters that any number has at most


class Budget:
    """Of one text. Each method raises UsageError once more is asked for than there is."""

    def __init__(self) -> None:
        self._steps, self._made, self._written = STEPS, MADE, 0

    def step(self, count: int = 1) -> None:
        """So many parts of the template, or elements of a list, are looked at."""
        self._steps -= count
        if self._steps < 0:
            raise UsageError(f"the text takes more than {STEPS:,} steps\n  write it with fewer loops, over fewer values")

    def make(self, size: int) -> None:
        """A value of so many characters is about to be made; called before it is."""
        if size > MOST:
            raise UsageError(f"the text grew beyond {MOST:,} characters\n  name fewer values in it")
        self._made -= size
        if self._made < 0:
            raise UsageError(f"the text makes values of more than {MADE:,} characters\n  name fewer values in it")

    def write(self, size: int) -> None:
        """The message itself grows by so many characters."""
        self._written += size
        self.make(size if self._written <= MOST else self._written)

    def pass_over(self, value: Any) -> None:
        """A text or list is looked through, or copied, once; another value costs nothing."""
        if isinstance(value, str):
            self.step(len(value) >> 8)
        elif isinstance(value, (list, tuple, Mapping)):
            self.step(len(value))

    def size(self, value: Any) -> int:
        """How many characters a value has at most when it is written out; each element of it is a step."""
        self.step()
        if isinstance(value, str):
            return len(value)
        if isinstance(value, Mapping):
            return sum(self.size(key) + self.size(held) + 4 for key, held in value.items())
        if isinstance(value, (list, tuple)):
            return sum(self.size(held) + 4 for held in value)
        return _SCALAR

    def text(self, value: Any) -> str:
        """The value as text."""
        if isinstance(value, str):
            self.pass_over(value)
            return value
        self.make(2 * self.size(value))  # quotes and escapes of what stands in lists
        return str(value)

    def number(self, value: Any) -> int | float:
        """The number itself."""
        if not isinstance(value, (int, float)):
            raise UsageError(f"{self.text(value)!r} is no number; only numbers are calculated with, texts are joined by ~")
        if isinstance(value, int) and abs(value) >= LARGEST:
            raise UsageError("a number grew beyond 64 bits\n  calculate with smaller ones")
        return value
