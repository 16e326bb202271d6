"""JSON read as typed records: at once or value by value, the event is the same, and what does not fit costs only itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any, get_args

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soc.errors import ParseError
from soc.event import Event
from soc.parsing import Clock, Record
from soc.times import parse_iso
from tests.mutate import all_parsers, sample_lines

PARSE = next(parser.parse for parser in all_parsers() if parser.name == "suricata")
MODULE = sys.modules[PARSE.__module__]
EVE: type[msgspec.Struct] = MODULE.Eve
CLOCK = Clock(parse_iso("2027-01-01T00:00:00Z"), UTC)
RECORDS = [line.decode() for line in sample_lines("suricata") if line.startswith(b"{") and line.endswith(b"}")]


def event(line: str) -> Event | None:
    return PARSE(Record(line, {}, "", line, CLOCK))


def outcome(read: Callable[[str], Event | None], line: str) -> Event | str | None:
    try:
        return read(line)
    except ParseError as error:
        return str(error)


def by_value(line: str) -> Event | None:
    def refuse(_: str) -> None:
        raise msgspec.DecodeError("to be read value by value")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MODULE, "_at_once", refuse)
        return event(line)


@pytest.mark.parametrize("line", RECORDS)
def test_a_record_is_the_same_read_at_once_and_value_by_value(line: str):
    assert outcome(by_value, line) == outcome(event, line)


def parts(kind: type[msgspec.Struct]) -> Iterator[tuple[str, Any]]:
    """Each key of the objects in a record as a path, and its declared type."""
    for field in msgspec.structs.fields(kind):
        inner = next((held for held in get_args(field.type) if isinstance(held, type) and issubclass(held, msgspec.Struct)), None)
        yield field.name, field.type
        if inner and type(None) in get_args(field.type):
            yield from ((f"{field.name}.{name}", held) for name, held in parts(inner))


@pytest.mark.parametrize("path", [path for path, held in parts(EVE) if held is Any])
def test_what_has_no_field_of_its_own_goes_to_labels(path: str):
    value: Any = "said"
    for key in reversed(path.split(".")):
        value = {key: value}

    found = event(orjson.dumps({"timestamp": "2026-10-11T22:14:15.123456+0000", "event_type": "alert"} | value).decode())

    assert found and found["labels"] == {path: "said"}


def fields(record: Any) -> Event | str | None:
    """All but the labels."""
    found = outcome(event, orjson.dumps(record).decode())
    return {name: value for name, value in found.items() if name != "labels"} if isinstance(found, dict) else found


def places(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from places(inner, (*path, key))


@given(st.sampled_from(RECORDS), st.randoms(use_true_random=False), st.sampled_from([12.5, -0.5, [], [["a"]], [[{"a": 1}]]]))
def test_a_value_that_fits_nowhere_changes_no_field(line: str, random: Any, odd: Any):
    record = orjson.loads(line)
    *path, last = random.choice([place for place in places(record) if place[-1] not in ("timestamp", "event_type")] or [("odd",)])
    holder = record
    for key in path:
        holder = holder[key]
    holder.pop(last, None)
    without = fields(record)
    holder[last] = odd

    assert fields(record) == without
