"""Log lines as hostile as chance makes them: the sample lines of all parsers, cut, spliced, repeated and salted."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

from soc.fields import Catalogue, base_catalogue
from soc.parsing.load import load_parsers
from soc.parsing.parser import Parser
from soc.parsing.samples import load_samples

PARSERS = Path(__file__).parents[1] / "parsers"
SALT = [
    *(
        b"",
        b" ",
        b"\t",
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        "é".encode(),
        "١".encode(),
        b"\\",
        b'"',
        b"'",
        b"\r",
        b"\x1b[",
    ),
    *(
        b"<",
        b">",
        b"[",
        b"]",
        b"{",
        b"}",
        b":",
        b"=",
        b",",
        b"|",
        b" : ",
        b" ; ",
        b" from ",
        b" port ",
        b"IN=",
        b" COMMAND=",
        b"%ASA-",
        b"@cee:",
    ),
    *(
        b"0",
        b"-1",
        b"65536",
        b"99999999999999999999",
        b"1e999",
        b"NaN",
        b"null",
        b"true",
        b"[]",
        b"{}",
        b"203.0.113.256",
        b"::",
        b"fe80::1%eth0",
    ),
    *(
        b"Feb 29 23:59:60",
        b"Feb 30 00:00:00",
        b"2026-02-30T00:00:00Z",
        b"0000-00-00T00:00:00Z",
        b"9999-12-31T23:59:59-12:00",
        b"\\ud800",
        b"\\u0000",
    ),
]


@cache
def all_parsers() -> tuple[Parser, ...]:
    """The parsers of this content root; it has no faults."""
    parsers, errors = load_parsers(PARSERS, "tests")
    assert not errors, "\n".join(map(str, errors))
    return tuple(parsers)


@cache
def catalogue() -> Catalogue:
    """With the fields of all parsers."""
    whole = base_catalogue()
    for parser in all_parsers():
        whole = whole.extended(parser.fields)
    return whole


@cache
def sample_lines(name: str = "") -> tuple[bytes, ...]:
    """The lines of all samples, or of one parser's, header lines included."""
    lines: dict[bytes, None] = {}
    for parser in all_parsers():
        if name not in ("", parser.name):
            continue
        for sample in load_samples(PARSERS / f"{parser.name}.yml")[0]:
            lines.update((line.encode(), None) for line in (*sample.preamble, *sample.lines))
    return tuple(lines)


def mutated(chance: random.Random, corpus: tuple[bytes, ...] = ()) -> bytes:
    """A line of the corpus, of all samples by default, after up to five accidents."""
    line = chance.choice(corpus or sample_lines())
    for _ in range(chance.randint(0, 5)):
        line = chance.choice(_ACCIDENTS)(line, chance)
    return line


def _cut(line: bytes, chance: random.Random) -> bytes:
    start, end = sorted((chance.randint(0, len(line)), chance.randint(0, len(line))))
    return line[:start] + line[end:]


def _end(line: bytes, chance: random.Random) -> bytes:
    return line[: chance.randint(0, len(line))]


def _salted(line: bytes, chance: random.Random) -> bytes:
    start = chance.randint(0, len(line))
    return line[:start] + chance.choice(SALT) + line[start + chance.randint(0, 3) :]


def _spliced(line: bytes, chance: random.Random) -> bytes:
    other = chance.choice(sample_lines())
    return line[: chance.randint(0, len(line))] + other[chance.randint(0, len(other)) :]


def _repeated(line: bytes, chance: random.Random) -> bytes:
    start, end = sorted((chance.randint(0, len(line)), chance.randint(0, len(line))))
    return line[:end] + line[start:end] * chance.randint(1, 20) + line[end:]


def _flipped(line: bytes, chance: random.Random) -> bytes:
    if not line:
        return line
    place = chance.randrange(len(line))
    return line[:place] + bytes([line[place] ^ (1 << chance.randrange(8))]) + line[place + 1 :]


def _headed(line: bytes, chance: random.Random) -> bytes:
    """Behind the header of another line."""
    other = chance.choice(sample_lines())
    return other[: other.find(b": ") + 2] + line


_ACCIDENTS = (_cut, _end, _salted, _salted, _spliced, _repeated, _flipped, _headed)
