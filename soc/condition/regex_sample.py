"""Texts that a regular expression finds, for witnesses. Only likely ones: whoever asks checks them with RE2."""

from __future__ import annotations

import re
from random import Random
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

START, END = "\ue000", "\ue001"  # stand for ^ and $ in a sample; private use characters, which no rule names
_LEADING_FLAGS = re.compile(r"^\(\?[imsU]+\)")
_POSIX = {"[:alpha:]": "a-zA-Z", "[:digit:]": "0-9", "[:alnum:]": "a-zA-Z0-9", "[:space:]": r"\s", "[:xdigit:]": "0-9a-fA-F"}
_CATEGORY = {
    op.CATEGORY_DIGIT: "7",
    op.CATEGORY_NOT_DIGIT: "d",
    op.CATEGORY_SPACE: " ",
    op.CATEGORY_NOT_SPACE: "s",
    op.CATEGORY_WORD: "w",
    op.CATEGORY_NOT_WORD: "-",
}
_PRINTABLE = "x7 -_./\\:;,'\"()[]{}<>=+*&%$#@!?^|~`\n\t" + "abcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWXYZ012345689é"


def sample(pattern: str, random: Random, *, wide: str = "") -> str | None:
    """A text with START and END where it has to start and end, None when the pattern is beyond this sampler.

    `wide` is put where the pattern allows a run of any characters. Choices come from `random`.
    """
    for posix, plain in _POSIX.items():
        pattern = pattern.replace(posix, plain)
    pattern = _LEADING_FLAGS.sub("", pattern).replace(r"\z", r"\Z")
    try:
        tree = parser.parse(pattern)
    except (re.error, OverflowError, RecursionError):
        return None
    return "".join(_text(code, value, random, wide) for code, value in tree)


def _text(code: Any, value: Any, random: Random, wide: str) -> str:
    if code is op.LITERAL:
        return chr(value)
    if code is op.NOT_LITERAL:
        return next(c for c in _PRINTABLE if ord(c) != value)
    if code is op.ANY:
        return "x"
    if code is op.IN:
        return _one_of(value, random)
    if code is op.BRANCH:
        return _sequence(random.choice(value[1]), random, wide)
    if code is op.SUBPATTERN:
        return _sequence(value[3], random, wide)
    if code in (op.MAX_REPEAT, op.MIN_REPEAT):
        least, most, items = value
        return _repeat(least, most, items, random, wide)
    if code is op.AT:
        return START if value in (op.AT_BEGINNING, op.AT_BEGINNING_STRING) else END if value in (op.AT_END, op.AT_END_STRING) else ""
    return ""


def _sequence(items: Any, random: Random, wide: str) -> str:
    return "".join(_text(code, value, random, wide) for code, value in items)


def _repeat(least: int, most: Any, items: Any, random: Random, wide: str) -> str:
    most = int(most)  # MAXREPEAT is an int
    if wide and most > 1000 and len(items) == 1 and items[0][0] in (op.ANY, op.IN):
        return wide
    count = min(most, least + random.choice((0, 0, 1, 2)))
    return "".join(_sequence(items, random, wide) for _ in range(min(count, 2000)))


def _one_of(items: list[tuple[Any, Any]], random: Random) -> str:
    negated = items[0][0] is op.NEGATE
    if negated:
        return next((c for c in _PRINTABLE if not any(_within(c, *item) for item in items[1:])), "")
    code, value = random.choice(items)
    if code is op.LITERAL:
        return chr(value)
    if code is op.RANGE:
        return chr(random.randint(*value))
    return _CATEGORY.get(value, "x")


def _within(char: str, code: Any, value: Any) -> bool:
    if code is op.LITERAL:
        return bool(ord(char) == value)
    if code is op.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    inside: dict[Any, bool] = {
        op.CATEGORY_DIGIT: char.isdigit(),
        op.CATEGORY_SPACE: char.isspace(),
        op.CATEGORY_WORD: char.isalnum() or char == "_",
        op.CATEGORY_NOT_DIGIT: not char.isdigit(),
        op.CATEGORY_NOT_SPACE: not char.isspace(),
        op.CATEGORY_NOT_WORD: not (char.isalnum() or char == "_"),
    }
    return inside.get(value, False)
