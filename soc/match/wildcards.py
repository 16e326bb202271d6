"""Wildcards over the bytes of a text: the same answers as `soc.condition.patterns`, in linear time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import re2

from soc.condition.tree import ANY, Any_, One


def wildcard_test(parts: Sequence[str | Any_ | One]) -> Callable[[bytes], bool]:
    """A test whether bytes in UTF-8 are these parts in turn; `parts` as binding leaves them."""
    if any(isinstance(part, One) for part in parts):
        return _by_regex(parts)
    pieces = [b""]
    for part in parts:
        if isinstance(part, str):
            pieces[-1] += part.encode()
        else:
            pieces.append(b"")
    return _by_pieces(pieces[0], pieces[1:-1], pieces[-1])


def _by_pieces(first: bytes, middle: Sequence[bytes], last: bytes) -> Callable[[bytes], bool]:
    """Each piece is taken as early as it can stand: if any placing works, the earliest does."""
    ends = len(first) + len(last)

    def test(raw: bytes) -> bool:
        if len(raw) < ends or not raw.startswith(first) or not raw.endswith(last):
            return False
        at, end = len(first), len(raw) - len(last)
        for piece in middle:
            at = raw.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return test


def _by_regex(parts: Sequence[str | Any_ | One]) -> Callable[[bytes], bool]:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    body = "".join(re2.escape(part) if isinstance(part, str) else ".*" if part == ANY else "." for part in parts)
    search = re2.compile(rf"(?s)\A{body}\z", options=options).search
    return lambda raw: search(raw) is not None
