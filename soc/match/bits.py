"""Sets of rows as integers: bit i is row i. And, or and not of ten thousand rows cost less than a numpy call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

FEW = 24  # rows up to which shifting beats building an array


def every_row(rows: int) -> int:
    """The set of all rows of a table with this many."""
    return (1 << rows) - 1


def of_mask(mask: Any) -> int:
    """The rows where a boolean array is true."""
    return int.from_bytes(np.packbits(mask, bitorder="little").tobytes(), "little")


def of_rows(numbers: Any, rows: int) -> int:
    """The set of these row numbers (an integer array, repeats allowed) of a table with `rows` rows."""
    if len(numbers) <= FEW:
        out = 0
        for number in numbers.tolist():
            out |= 1 << number
        return out
    mask = np.zeros(rows, dtype=bool)
    mask[numbers] = True
    return of_mask(mask)


def row_numbers(bits: int, rows: int) -> Any:
    """The numbers of the rows in the set, ascending."""
    raw = np.frombuffer(bits.to_bytes((rows + 7) // 8, "little"), dtype=np.uint8)
    return np.flatnonzero(np.unpackbits(raw, count=rows, bitorder="little"))


def pieces(keys: Any, values: Any) -> Iterator[tuple[int, Any]]:
    """Each distinct key with the array of the values that stand beside it."""
    if not len(keys):
        return
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], values[order]
    edges = (np.flatnonzero(np.diff(keys)) + 1).tolist()
    for start, end in zip([0, *edges], [*edges, len(keys)], strict=True):
        yield int(keys[start]), values[start:end]
