"""Regular expressions as trees, written for Lucene, and what they cost there.

Lucene makes a deterministic automaton of an expression and refuses the query when that takes too much; `effort` tells before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

END_OF_UNICODE = 0x10FFFF
TOO_MUCH = 1 << 30
_POSITIONS = 400


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of these ranges, or, if negated, out of all others."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool = False

    def __contains__(self, code: int) -> bool:
        return any(low <= code <= high for low, high in self.ranges) is not self.negated


@dataclass(frozen=True, slots=True)
class Seq:
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Alt:
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`most` None: without end."""

    item: Tree
    least: int
    most: int | None


Tree = Chars | Seq | Alt | Repeat
ANYTHING = Repeat(Chars((), negated=True), 0, None)


def to_lucene(tree: Tree) -> str:
    """The expression in Lucene's syntax without optional operators (`flags: NONE`); it has to meet a whole value."""
    match tree:
        case Chars((), True):
            return "."
        case Chars(((low, high),), False) if low == high:
            return _char(low)
        case Chars(ranges, negated):
            spans = (_char(low) if low == high else f"{_char(low)}-{_char(high)}" for low, high in ranges)
            return f"[{'^' if negated else ''}{''.join(spans)}]"
        case Seq(items):
            return "".join(f"({to_lucene(item)})" if isinstance(item, Alt) else to_lucene(item) for item in items) or "()"
        case Alt(items):
            return "|".join(map(to_lucene, items))
        case Repeat(item, least, most):
            inner = to_lucene(item) if isinstance(item, Chars) else f"({to_lucene(item)})"
            return inner + _count(least, most)


def _char(code: int) -> str:
    return f"\\{chr(code)}" if 0x20 < code < 0x7F and not chr(code).isalnum() else chr(code)


def _count(least: int, most: int | None) -> str:
    short = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((least, most))
    return short or f"{{{least},{'' if most is None else most}}}"


def effort(tree: Tree, limit: int) -> int:
    """The sum of the sizes of the automaton's states (Glushkov positions by subsets); TOO_MUCH where it exceeds the limit."""
    positions = _Positions()
    part = positions.of(tree)
    if len(positions.chars) > _POSITIONS:
        return TOO_MUCH
    classes = [frozenset(i for i, chars in enumerate(positions.chars) if code in chars) for code in _representatives(positions.chars)]
    seen: set[frozenset[int]] = set()
    todo = [part.first & met for met in set(classes)]
    spent = 0
    while todo:
        state = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        spent += len(state) + 1
        if spent > limit:
            return TOO_MUCH
        following = frozenset().union(*(positions.follow[i] for i in state))
        todo += [following & met for met in set(classes)]
    return spent


def _representatives(all_chars: Iterable[Chars]) -> set[int]:
    """A character of each class that no Chars tells apart."""
    edges = {0} | {edge for chars in all_chars for low, high in chars.ranges for edge in (low, high + 1)}
    return {edge for edge in edges if edge <= END_OF_UNICODE}


@dataclass(frozen=True, slots=True)
class _Part:
    empty: bool
    first: frozenset[int]
    last: frozenset[int]


class _Positions:
    """Each character of an expression, counted repeats written out, and which may follow which."""

    def __init__(self) -> None:
        self.chars: list[Chars] = []
        self.follow: list[set[int]] = []

    def of(self, tree: Tree) -> _Part:
        match tree:
            case Chars():
                return self._position(tree)
            case Seq(items):
                return self._sequence(items)
            case Alt(items):
                parts = [self.of(item) for item in items]
                first, last = (frozenset().union(*(getattr(part, side) for part in parts)) for side in ("first", "last"))
                return _Part(any(part.empty for part in parts), first, last)
            case Repeat(item, least, None):
                whole = self._sequence([item] * max(least - 1, 0))
                loop = self.of(item)
                self._join(loop.last, loop.first)
                return self._after(whole, _Part(loop.empty or not least, loop.first, loop.last))
            case Repeat(item, least, int(most)):
                whole = self._sequence([item] * min(least, _POSITIONS))
                for _ in range(min(most, _POSITIONS) - least):
                    part = self.of(item)
                    whole = self._after(whole, _Part(True, part.first, part.last))
                return whole
        raise AssertionError(tree)

    def _position(self, chars: Chars) -> _Part:
        if len(self.chars) <= _POSITIONS:  # beyond, the expression is too large whatever it means
            self.chars.append(chars)
            self.follow.append(set())
        here = frozenset((len(self.chars) - 1,))
        return _Part(False, here, here)

    def _sequence(self, items: Iterable[Tree]) -> _Part:
        whole = _Part(True, frozenset(), frozenset())
        for item in items:
            whole = self._after(whole, self.of(item))
        return whole

    def _after(self, left: _Part, right: _Part) -> _Part:
        self._join(left.last, right.first)
        first = left.first | right.first if left.empty else left.first
        last = left.last | right.last if right.empty else right.last
        return _Part(left.empty and right.empty, first, last)

    def _join(self, lasts: Iterable[int], firsts: frozenset[int]) -> None:
        for last in lasts:
            self.follow[last] |= firsts
