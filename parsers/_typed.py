"""JSON objects as typed records: all at once where every value is as declared, else value by value, so that an odd one costs no other.

A record is a `Part`. Its fields are named as the object's keys, with defaults that mean "not said". What a field of type
`Any` holds, and what no field is named by, is meant for labels; a field of type `Raw` is passed over.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta, Raw, Struct

from ._json import LARGEST, flat, read, whole

Count = Annotated[int, Meta(ge=0, le=LARGEST)]
Port = Annotated[int, Meta(ge=0, le=65535)]
Labels = dict[str, str]
_ODD = object()


class Part(Struct, forbid_unknown_fields=True, gc=False):
    """An object whose every key matters."""


class Row(Struct, gc=False):
    """An object of which nothing is wanted but the declared keys."""


P = TypeVar("P", bound=Struct)


class Reader(Generic[P]):
    """Reads lines as records of one kind. `what`: their name, for errors."""

    def __init__(self, kind: type[P], what: str) -> None:
        self._kind, self._what = kind, what
        self.at_once = msgspec.json.Decoder(kind).decode  # raises DecodeError, or RecursionError

    def by_value(self, line: str, labels: Labels) -> P | None:
        """The record of what fits; labels get what no field takes. None for JSON that is no object. Raises ParseError with the column."""
        said = _value(line, self._what)
        if type(said) is not dict:
            return None
        known = _known(self._kind, said, "", labels)
        try:
            return msgspec.convert(known, self._kind)
        except (msgspec.ValidationError, RecursionError):
            return _fit(self._kind, known, "", labels)


def others(part: Struct, name: str, labels: Labels) -> None:
    """Adds to labels what the part's fields of type `Any` hold."""
    for key in _others(type(part)):
        if (value := getattr(part, key)) is not None:
            flat(value, name + key, labels)


def _value(line: str, what: str) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return read(line, what)  # reads deeper nests, and says what is wrong


def _known(kind: type[Struct], said: dict[str, Any], name: str, labels: Labels) -> dict[str, Any]:
    """What the object and those in it say by declared keys. The rest goes to labels."""
    known, declared = {}, _declared(kind)
    for key, value in said.items():
        if key not in declared:
            flat(value, name + key, labels)
        elif (part := declared[key][1]) is not None and type(value) is dict:
            known[key] = _known(part, value, f"{name}{key}.", labels)
        elif declared[key][0] is not Raw:
            known[key] = value
    return known


def _fit(kind: type[P], said: dict[str, Any], name: str, labels: Labels) -> P:
    """The record of those values that are as declared; the others go to labels."""
    fitting, declared = {}, _declared(kind)
    for key, value in said.items():
        if key not in declared:  # of a row
            continue
        fitted = _fitted(value, *declared[key], name + key, labels)
        if fitted is not _ODD:
            fitting[key] = fitted
        else:
            flat(value, name + key, labels)
    return kind(**fitting)


def _fitted(value: Any, declared: Any, part: type[Struct] | None, row: type[Struct] | None, name: str, labels: Labels) -> Any:
    if part is not None:
        return _fit(part, value, f"{name}.", labels) if type(value) is dict else _ODD
    if row is not None:
        return tuple(_fit(row, one, f"{name}.", labels) for one in value if type(one) is dict) if type(value) is list else _ODD
    try:
        return msgspec.convert(whole(value), declared)
    except msgspec.ValidationError:
        return _ODD


@cache
def _declared(kind: type[Struct]) -> dict[str, tuple[Any, type[Struct] | None, type[Struct] | None]]:
    """Key -> its type, and the record that its objects are, or the rows of its list."""
    return {field.name: (field.type, *_inner(field.type)) for field in msgspec.structs.fields(kind)}


def _inner(declared: Any) -> tuple[type[Struct] | None, type[Struct] | None]:
    kind = next((kind for kind in get_args(declared) if isinstance(kind, type) and issubclass(kind, Struct)), None)
    return (None, kind) if get_origin(declared) is tuple else (kind, None)


@cache
def _others(kind: type[Struct]) -> tuple[str, ...]:
    return tuple(key for key, (declared, _, _) in _declared(kind).items() if declared is Any)
