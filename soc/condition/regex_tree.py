r"""Patterns of RE2 as trees that Lucene can run.

Python's parser reads them, but only where its syntax and RE2's mean the same; anything else is None: `\pL`, `\Q`, `[[:alpha:]]`,
flags within the pattern, letters outside of ASCII under `i`. Lucene knows no anchors: an anchor within a pattern, `\b` among
them, is left out, and the tree then meets more texts than the pattern.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from soc.condition.automaton import ANYTHING, Alt, Chars, Repeat, Seq, Tree
from soc.condition.fold import fold

_LEADING = re.compile(r"\(\?([ims]+)\)")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ALIKE = re.compile(r"x[0-9a-fA-F]{2}|[dDsSwWbBnrtf]|[^A-Za-z0-9]")
_UNLIKE = re.compile(r"\[:|\[\[|\[[^\]]*(?:--|&&|~~|\|\|)|\(\?[<#]|\(\?P[=>]|\{,")
_NEWLINE = Chars(((10, 10),), negated=True)
_CLASSES = {  # RE2's, over ASCII; no vertical tab in \s
    op.CATEGORY_DIGIT: ((48, 57),),
    op.CATEGORY_SPACE: ((9, 10), (12, 13), (32, 32)),
    op.CATEGORY_WORD: ((48, 57), (65, 90), (95, 95), (97, 122)),
}
_NEGATED = {
    op.CATEGORY_NOT_DIGIT: op.CATEGORY_DIGIT,
    op.CATEGORY_NOT_SPACE: op.CATEGORY_SPACE,
    op.CATEGORY_NOT_WORD: op.CATEGORY_WORD,
}
_KELVIN, _LONG_S = 0x212A, 0x17F  # RE2 takes them for a k and an s when it ignores case


@dataclass(frozen=True, slots=True)
class Read:
    """A tree of whole values. `exact`: it meets those in which RE2 finds the pattern; otherwise these and others."""

    tree: Tree
    exact: bool


class _Unsure(Exception):
    """This part may mean something else to RE2 than to Python."""


def read(pattern: str, flags: str) -> Read | None:
    """The pattern, which RE2 accepts, as a tree of whole values; None when its meaning is not certain."""
    if leading := _LEADING.match(pattern):
        pattern, flags = pattern[leading.end() :], flags + leading[1]
    if _UNLIKE.search(pattern) or not all(_ALIKE.fullmatch(escape) for escape in _ESCAPE.findall(pattern)):
        return None
    try:
        items = parser.parse(pattern)
        reader = _Reader(frozenset(flags))
        tree = reader.whole(list(items))
    except (re.error, OverflowError, RecursionError, _Unsure):
        return None
    return Read(tree, reader.exact)


class _Reader:
    def __init__(self, flags: frozenset[str]) -> None:
        self.flags = flags
        self.exact = True

    def whole(self, items: list[Any]) -> Tree:
        """As it is found anywhere: what is not anchored has anything before and after it."""
        if len(items) == 1 and items[0][0] is op.BRANCH:
            return Alt(tuple(self.whole(list(branch)) for branch in items[0][1][1]))
        starts = bool(items) and self._is_anchor(items[0], op.AT_BEGINNING)
        rest = items[1:] if starts else items
        ends = bool(rest) and self._is_anchor(rest[-1], op.AT_END)
        body = self._sequence(rest[:-1] if ends else rest)
        return Seq((*(() if starts else (ANYTHING,)), body, *(() if ends else (ANYTHING,))))

    def _is_anchor(self, item: Any, at: Any) -> bool:
        return "m" not in self.flags and bool(item == (op.AT, at))

    def _sequence(self, items: Any) -> Tree:
        return Seq(tuple(self._item(code, value) for code, value in items))

    def _item(self, code: Any, value: Any) -> Tree:
        if code is op.ANY:
            return Chars((), negated=True) if "s" in self.flags else _NEWLINE
        if code in (op.LITERAL, op.NOT_LITERAL):
            return Chars(self._closed(((value, value),)), negated=code is op.NOT_LITERAL)
        if code is op.IN:
            return self._one_of(value)
        if code is op.BRANCH:
            return Alt(tuple(map(self._sequence, value[1])))
        if code is op.SUBPATTERN and not value[1] and not value[2]:
            return self._sequence(value[3])
        if code in (op.MAX_REPEAT, op.MIN_REPEAT):
            least, most, inner = value
            return Repeat(self._sequence(inner), least, None if most is op.MAXREPEAT else most)
        if code is op.AT:
            self.exact = False
            return Seq(())
        raise _Unsure

    def _one_of(self, items: list[tuple[Any, Any]]) -> Tree:
        negated = items[0][0] is op.NEGATE
        ranges: list[tuple[int, int]] = []
        for code, value in items[1:] if negated else items:
            if code is op.CATEGORY and value in _NEGATED and len(items) == 1:
                return Chars(self._class(_NEGATED[value]), negated=True)
            if code is op.CATEGORY and value in _CLASSES:
                ranges += self._class(value)
            elif code in (op.LITERAL, op.RANGE):
                ranges += self._closed((value if code is op.RANGE else (value, value),))
            else:
                raise _Unsure
        return Chars(tuple(dict.fromkeys(ranges)), negated)

    def _class(self, category: Any) -> tuple[tuple[int, int], ...]:
        if "i" in self.flags and category is op.CATEGORY_WORD:
            raise _Unsure
        return _CLASSES[category]

    def _closed(self, ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        """These and, under `i`, their other cases."""
        if "i" not in self.flags:
            return ranges
        if any(high > 127 for _, high in ranges):
            raise _Unsure
        codes = {code for low, high in ranges for code in range(low, high + 1)}
        letters = {chr(code) for code in codes if chr(code).isalpha()}
        others = {ord(letter.swapcase()) for letter in letters} - codes
        others |= {special for special, letter in ((_KELVIN, "k"), (_LONG_S, "s")) if letters & {letter, letter.upper()}}
        return (*ranges, *((code, code) for code in sorted(others)))


def required(tree: Tree) -> tuple[str, ...] | None:
    """Folded texts one of which each folded value that meets the tree contains; None when there is nothing to look for."""
    found = _required(tree)
    return found if found and min(map(len, found)) >= 3 and len(found) <= 32 else None


def _required(tree: Tree) -> tuple[str, ...] | None:
    match tree:
        case Chars():
            return (letter,) if (letter := _letter(tree)) else None
        case Seq(items):
            runs = [(run,) for run in _runs(items)]
            inner = [found for item in items if not isinstance(item, Chars) and (found := _required(item))]
            return max([*runs, *inner], key=lambda texts: min(map(len, texts)), default=None)
        case Alt(items):
            each = [_required(item) for item in items]
            return None if None in each else tuple(dict.fromkeys(text for found in each if found for text in found))
        case Repeat(item, least, _):
            return _required(item) if least else None


def _runs(items: tuple[Tree, ...]) -> list[str]:
    """The texts that stand in a sequence as they are."""
    runs = [""]
    for item in items:
        letter = _letter(item) if isinstance(item, Chars) else None
        if letter is None:
            runs.append("")
        else:
            runs[-1] += letter
    return [run for run in runs if run]


def _letter(chars: Chars) -> str | None:
    """The one letter that all of these fold to."""
    if chars.negated or sum(high - low + 1 for low, high in chars.ranges) > 3:
        return None
    folded = {fold(chr(code)) for low, high in chars.ranges for code in range(low, high + 1)}
    return folded.pop() if len(folded) == 1 else None
