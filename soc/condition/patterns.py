"""Wildcards and regular expressions: what they mean, as tests of one text."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

from soc.condition.tree import ANY, Any_, Contains, Ends, Equals, Exists, One, Starts, Wildcard
from soc.errors import ConditionError

Part = str | Any_ | One
_QUIET = re2.Options()
_QUIET.log_errors = False  # the reason is raised, not written to stderr


def compile_regex(pattern: str, flags: str, field: str) -> Callable[[str], bool]:
    """A test whether RE2 finds the pattern somewhere in a text. Raises ConditionError, naming the field, when RE2 refuses it."""
    if set(flags) - set("ims"):
        raise ConditionError(f"field {field!r}: regex flags {flags!r}; known are i, m and s")
    try:
        found = _compiled(re2_text(pattern, flags)).search
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        if "repetition size" in reason:
            what = f"field {field!r}: the regex {pattern!r} repeats something more than 1,000 times, which RE2 does not"
            raise ConditionError(what, repair="write the repeat in parts, as in x{1000}x{500} for x{1500}") from error
        raise ConditionError(
            f"field {field!r}: RE2 refuses the regex {pattern!r}: {reason}", repair="RE2 has no look-around and no back references"
        ) from error
    return lambda text: found(text) is not None


def re2_text(pattern: str, flags: str) -> str:
    """The pattern with its flags written into it."""
    return f"(?{''.join(sorted(set(flags)))}){pattern}" if flags else pattern


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern, options=_QUIET)


def tidy(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The same wildcard without empty texts, neighbouring texts or neighbouring Any_."""
    out: list[Part] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, str) and isinstance(last, str):
            out[-1] = last + part
        elif part != "" and not (isinstance(part, Any_) and isinstance(last, Any_)):
            out.append(part)
    return tuple(out)


def simplest(node: Wildcard) -> Wildcard | Equals | Contains | Starts | Ends | Exists:
    """The simplest leaf that means the same."""
    parts, field, cased = tidy(node.parts), node.field, node.cased
    match parts:
        case ():
            return Equals(field, "", cased)
        case (Any_(),):
            return Exists(field)
        case (str() as text,):
            return Equals(field, text, cased)
        case (str() as text, Any_()):
            return Starts(field, text, cased)
        case (Any_(), str() as text):
            return Ends(field, text, cased)
        case (Any_(), str() as text, Any_()):
            return Contains(field, text, cased)
    return Wildcard(field, parts, cased)


def wildcard_test(parts: tuple[Part, ...]) -> Callable[[str], bool]:
    """A test whether a text is these parts in turn.

    The pieces between the Any_ are looked for from left to right, each as early as it can stand: if any placing works,
    the earliest does. The first piece stands at the start, the last at the end.
    """
    pieces = _pieces(parts)
    first, middle, last = pieces[0], pieces[1:-1], pieces[-1]

    def test(text: str) -> bool:
        if len(pieces) == 1:
            return len(text) == len(first) and _stands(first, text, 0)
        end = len(text) - len(last)
        if end < len(first) or not _stands(first, text, 0) or not _stands(last, text, end):
            return False
        at = len(first)
        for piece in middle:
            at = next((i for i in range(at, end - len(piece) + 1) if _stands(piece, text, i)), -1)
            if at < 0:
                return False
            at += len(piece)
        return True

    return test


def _pieces(parts: tuple[Part, ...]) -> list[list[str | None]]:
    """What stands between the Any_: characters, None for One."""
    pieces: list[list[str | None]] = [[]]
    for part in parts:
        if part == ANY:
            pieces.append([])
        else:
            pieces[-1].extend(part if isinstance(part, str) else (None,))
    return pieces


def _stands(piece: list[str | None], text: str, at: int) -> bool:
    return all(want is None or text[at + i] == want for i, want in enumerate(piece))
