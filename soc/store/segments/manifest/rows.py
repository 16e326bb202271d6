"""Rows of the manifest that a disk or a hand has damaged: said with table, row and repair. SQLite keeps any value in any column."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from soc.errors import StoreError
from soc.store.segments.manifest.manifest import Manifest

T = TypeVar("T")
REPAIR = "put a backup of the manifest and its folders in their place; `soc doctor --deep` names all that is damaged"


@contextmanager
def whole(manifest: Manifest, table: str, *row: object) -> Iterator[None]:
    """What the block cannot read is damage of this row. Raises StoreError that says so."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        place = f"{manifest.path}: table {table}, row {' '.join(map(str, row))}"
        raise StoreError(f"{place}: is damaged: {error}\n  {REPAIR}") from error


def made(kind: Callable[..., T], rows: Iterable[tuple[Any, ...]], manifest: Manifest, table: str, *, named: int = 0) -> list[T]:
    """The rows as dataclasses of a kind. Raises StoreError where a value is of another type than its field; `named`: what names the row."""
    known: set[tuple[type, ...]] = set()
    found = []
    for row in rows:
        if (types := tuple(map(type, row))) not in known:
            with whole(manifest, table, row[named]):
                of_row(kind, row)
            known.add(types)
        found.append(kind(*row))
    return found


def typed(manifest: Manifest, table: str, kinds: tuple[type, ...], rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows, whose values are of these types. Raises StoreError that names one which is not by its first value."""
    found = list(rows)
    for row in found:
        if tuple(map(type, row)) != kinds:
            with whole(manifest, table, row[0]):
                raise TypeError(", ".join(str(value)[:40] for value in row))
    return found


def of_row(kind: Callable[..., T], row: tuple[Any, ...]) -> T:
    """A dataclass of a row's values. Raises TypeError when one is of another type than its field."""
    _check(kind, row)
    return kind(*row)


def sound(kind: Callable[..., T], values: dict[str, Any]) -> T:
    """A dataclass of these values. Raises TypeError when one is missing, unknown, or of another type than its field."""
    found = kind(**values)
    _check(kind, tuple(getattr(found, name) for name, _ in _fields(kind)))
    return found


def read_json(text: Any, kind: type[T]) -> T:
    """What JSON holds. Raises ValueError or TypeError when it is none, or holds no `kind`."""
    value = json.loads(text)
    if not isinstance(value, kind):
        raise TypeError(f"{str(text)[:40]!r} holds no {kind.__name__}")
    return value


def names(text: Any) -> list[str]:
    """A JSON list of texts. Raises ValueError or TypeError."""
    found = read_json(text, list)
    if not all(type(name) is str for name in found):
        raise TypeError(f"{str(text)[:40]!r} is no list of names")
    return found


def _check(kind: Callable[..., Any], row: tuple[Any, ...]) -> None:
    for (name, allowed), value in zip(_fields(kind), row, strict=False):
        if type(value) not in allowed:
            raise TypeError(f"its {name} is {str(value)[:40]!r}")


@cache
def _fields(kind: Callable[..., Any]) -> list[tuple[str, tuple[type, ...]]]:
    hints = get_type_hints(kind)
    return [(name, tuple(get_origin(one) or one for one in _kinds(hint))) for name, hint in hints.items()]


def _kinds(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if isinstance(hint, UnionType) else (hint,)
