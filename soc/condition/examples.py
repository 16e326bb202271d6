"""Candidate values of one field for the leaves it should meet. Whoever asks checks them with the predicate's tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from itertools import permutations
from random import Random
from typing import Any

from soc.condition.numbers import LONG, as_double
from soc.condition.regex_sample import END, START, sample
from soc.condition.tree import ANY, Cidr, Compare, Contains, Ends, Equals, Leaf, Regex, Starts, TimePart, Wildcard
from soc.condition.values import canonical
from soc.fields import canonical_ip
from soc.times import to_moment

FILLERS = ("", " ", "x", "-", " x ", "/", "7", "\\")
_WHOLE_NUMBERS = (0, 1, 80, 22, 443, 4624, 65535, -1)


def candidates(kind: str, leaves: Sequence[Leaf], random: Random) -> Iterator[Any]:
    """Values of a field of this kind, the likeliest to meet all leaves first. May meet none; ends after some dozens."""
    if kind == "bool":
        yield from (True, False)
    elif kind == "date" and any(isinstance(leaf, TimePart) for leaf in leaves):
        yield from _moments(leaves)
    elif kind in ("long", "double", "date"):
        yield from _numbers(kind, leaves, random)
    elif kind == "ip":
        yield from _addresses(leaves, random)
    else:
        yield from _cidr_addresses(leaves)
        yield from (str(number) for number in _bounds(leaves))
        yield from texts(leaves, random)


def texts(leaves: Sequence[Leaf], random: Random) -> Iterator[str]:
    """Texts that hold what the leaves ask for: what has to start, in between every order, what has to end."""
    for attempt in range(6):
        pieces = [piece for leaf in leaves if (piece := _piece(leaf, "", random)) is not None]
        whole = [text for text, starts, ends in pieces if starts and ends]
        yield from whole
        if attempt == 0:
            yield from (text for text, *_ in pieces)
        for filler in FILLERS:
            yield from _assembled(pieces, filler)
        inner = " ".join(text for text, starts, ends in pieces if not (starts and ends))
        for leaf in leaves:
            if isinstance(leaf, (Regex, Wildcard)) and (piece := _piece(leaf, f"x{inner}x", random)):
                yield piece[0]


def _assembled(pieces: list[tuple[str, bool, bool]], filler: str) -> Iterator[str]:
    start = max((text for text, starts, ends in pieces if starts), key=len, default="")
    end = max((text for text, starts, ends in pieces if ends), key=len, default="")
    inner = [text for text, starts, ends in dict.fromkeys(pieces) if not starts and not ends]
    inner = [text for text in inner if not any(text != other and text in other for other in (*inner, start, end))]
    orders: Iterable[Sequence[str]] = permutations(inner) if len(inner) <= 3 else (inner, inner[::-1])
    for order in orders:
        yield filler.join(text for text in (start, *order, end) if text)
        yield filler + filler.join(order) + filler if not start and not end else filler.join((start, *order, end))


def _piece(leaf: Leaf, wide: str, random: Random) -> tuple[str, bool, bool] | None:
    """A text that meets the leaf, and whether the value has to start and to end with it."""
    match leaf:
        case Equals(_, value):
            return canonical(value), True, True
        case Contains(_, text):
            return text, False, False
        case Starts(_, text):
            return text, True, False
        case Ends(_, text):
            return text, False, True
        case Wildcard(_, parts):
            text = "".join(part if isinstance(part, str) else wide if part == ANY else "y" for part in parts)
            return text, parts[:1] != (ANY,), parts[-1:] != (ANY,)
        case Regex(_, pattern):
            found = sample(pattern, random, wide=wide)
            return None if found is None else (found.replace(START, "").replace(END, ""), found[:1] == START, found[-1:] == END)
    return None


def _bounds(leaves: Sequence[Leaf]) -> list[int | float]:
    """Numbers at and around what the leaves compare with."""
    out: list[int | float] = []
    for leaf in leaves:
        at = leaf.number if isinstance(leaf, Compare) else leaf.value if isinstance(leaf, Equals) else None
        if isinstance(at, (int, float)) and not isinstance(at, bool):
            at = int(at) if isinstance(at, float) and at.is_integer() else at
            out += [at, at + 1, at - 1]
    return out


def _numbers(kind: str, leaves: Sequence[Leaf], random: Random) -> Iterator[int | float]:
    bounds = _bounds(leaves)
    spelt = (int(text) for text in texts(leaves, random) if text.isascii() and text.isdigit() and len(text) < 18)
    for number in (*bounds, *_WHOLE_NUMBERS, *spelt):
        if kind == "double":
            yield as_double(number)
        elif LONG[0] <= number <= LONG[1]:
            yield int(number)
    if kind == "double":
        yield from (as_double(low) / 2 + as_double(high) / 2 for low in bounds for high in bounds)


def _moments(leaves: Sequence[Leaf]) -> Iterator[int]:
    """Some moment of each day around the years that are asked for, at each hour and minute that is."""
    asked = {
        part: [leaf.number + d for leaf in leaves if isinstance(leaf, TimePart) and leaf.part == part for d in (0, 1, -1)]
        for part in ("minute", "hour", "year")
    }
    for year in [y for y in (*asked["year"], 2024) if 1 <= y <= 9999]:
        for day in range(366):
            date = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=min(day, 364))
            for hour in {h for h in (*asked["hour"], 12) if 0 <= h < 24}:
                for minute in {m for m in (*asked["minute"], 30) if 0 <= m < 60}:
                    yield to_moment(date.replace(hour=hour, minute=minute))


def _cidr_addresses(leaves: Sequence[Leaf]) -> Iterator[str]:
    for leaf in leaves:
        if isinstance(leaf, Cidr):
            network = ip_network(leaf.network)
            for offset in (0, 1, network.num_addresses // 2, network.num_addresses - 1):
                yield str(network[min(offset, network.num_addresses - 1)])
            for address in (int(network[0]) - 1, int(network[-1]) + 1):  # just outside
                if 0 <= address < 1 << network.max_prefixlen:
                    yield str(type(network[0])(address))


def _addresses(leaves: Sequence[Leaf], random: Random) -> Iterator[str]:
    yield from _cidr_addresses(leaves)
    for text in texts(leaves, random):
        for spelt in (
            text,
            f"{text}1",
            f"{text}0.1",
            f"{text}0.0.1",
            f"{text}.1",
            f"{text}.0.0.1",
            f"192.0.2{text}",
            f"{text}:1",
            f"{text}::1",
        ):
            if address := canonical_ip(spelt):
                yield address
    yield from ("192.0.2.1", "198.51.100.7", "10.0.0.1", "2001:db8::1")
