"""Rows that a disk or a hand has damaged: said with table, row and repair. SQLite keeps any value in any column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import orjson
from sqlalchemy import Table

from soc.errors import DeskError

T = TypeVar("T")
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999  # moments of the years 1 to 9999; no number here is larger

_REGISTER = ("batches", "feeds")  # hold what events said of their time, which is not to be judged here


@contextmanager
def whole(table: str, *row: object) -> Iterator[None]:
    """What the block cannot read is damage of this row. Raises DeskError that says so."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        place = f"table {table}, row {' '.join(map(str, row))}"
        raise DeskError(f"{place}: is damaged: {error}\n  stop soc and put a backup of the desk in its place") from error


def sound(row: Any, table: Table, *place: object) -> Any:
    """The row, when each of its values is of its column's type. Raises DeskError that names the row by `place`."""
    with whole(table.name, *place):
        for name, value in row._mapping.items():
            if (kinds := _kinds(table).get(name)) is not None and (
                type(value) not in kinds or (type(value) is int and table.name not in _REGISTER and not _FIRST <= value <= _LAST)
            ):
                raise TypeError(f"its {name} is {str(value)[:40]!r}")
    return row


def read_json(raw: bytes, kind: type[T]) -> T:
    """What JSON holds. Raises ValueError or TypeError when it is none, or holds no `kind`."""
    value = orjson.loads(raw)
    if not isinstance(value, kind):
        raise TypeError(f"{raw[:40]!r} holds no {kind.__name__}")
    return value


@cache
def _kinds(table: Table) -> Mapping[str, tuple[type, ...]]:
    return {
        column.name: (column.type.python_type, type(None)) if column.nullable else (column.type.python_type,) for column in table.columns
    }
