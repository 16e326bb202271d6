"""Items in portions that are not too heavy: of one request, of one transaction, of what is read at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def portions(items: Iterable[T], weight: Callable[[T], int], heaviest: int, most: int | None = None) -> Iterator[list[T]]:
    """The items in order, as many together as weigh `heaviest` at the most, and at most `most`; what weighs more by itself is alone."""
    portion: list[T] = []
    held = 0
    for item in items:
        heavy = weight(item)
        if portion and (held + heavy > heaviest or len(portion) == most):
            yield portion
            portion, held = [], 0
        portion.append(item)
        held += heavy
    if portion:
        yield portion
