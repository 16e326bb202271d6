"""What parsers remember between lines is small, whatever the lines hold: a cache is no place for somebody else's megabytes."""

from __future__ import annotations

import gc
import re
import tracemalloc
from collections.abc import Iterable, Iterator
from datetime import UTC

import pytest

from soc.parsing import Clock, Stream
from soc.parsing.routes import Routes
from soc.times import parse_iso
from tests.mutate import all_parsers, sample_lines

HUGE = 1 << 18
MOST = 120  # lines of a format that are tried
RECEIVED = parse_iso("2027-01-01T00:00:00Z")
WORD = re.compile(rb"[^\s\"=:,/\[\](){}<>|]+")


def swollen(lines: tuple[bytes, ...]) -> Iterator[bytes]:
    """Lines once for each of their words, with that word grown huge and unlike any before."""
    number = 0
    for line in lines[:: max(1, len(lines) // MOST)]:
        for word in WORD.finditer(line):
            number += 1
            filler = (b"x", b"7")[number % 2] * HUGE
            yield line[: word.end()] + filler + b"%d" % number + line[word.end() :]


def read(routes: Routes, lines: Iterable[bytes]) -> None:
    source = Stream(Clock(RECEIVED, UTC))
    for line in lines:
        routes.event(line, source)


@pytest.mark.parametrize("format", [None, *(parser.name for parser in all_parsers())])
def test_no_part_of_a_line_is_kept_when_it_is_huge(format: str | None):
    routes, lines = Routes(all_parsers(), format), sample_lines(format or "")
    read(routes, lines)
    tracemalloc.start()
    try:
        read(routes, swollen(lines))
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < HUGE, f"{kept >> 10} KiB of lines that are gone are kept"
