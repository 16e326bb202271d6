"""Text that came from a log is hostile: what makes it safe to show, to store and to hash."""

from __future__ import annotations

import re
from hashlib import blake2b
from struct import Struct
from typing import Any

import orjson

_HIDDEN = (  # first and last
    "\x00\x1f \x7f\x9f"  # C0 and C1 controls, DEL
    " \u2028\u2029 \u202a\u202e \ufff9\ufffb"  # line separators; what turns text round; annotations between lines
    # Default_Ignorable_Code_Point of Unicode 14: what no terminal shows, selectors of variants, fillers, the tags of plane 14
    " \xad\xad \u034f\u034f \u061c\u061c \u115f\u1160 \u17b4\u17b5 \u180b\u180f \u200b\u200f \u2060\u206f \u3164\u3164 \ufe00\ufe0f"
    " \ufeff\ufeff \uffa0\uffa0 \ufff0\ufff8 \U0001bca0\U0001bca3 \U0001d173\U0001d17a \U000e0000\U000e0fff"
    " \u2800\u2800"  # a pattern of no dots: as blank as a filler
).split(" ")
_UNPRINTABLE = re.compile(f"[{''.join(f'{re.escape(ends[0])}-{re.escape(ends[1])}' for ends in _HIDDEN)}]")

_LENGTH = Struct(">Q").pack


def printable(text: str) -> str:
    """The text as it may reach a terminal, in one line: what steers it or cannot be seen becomes its escape, as in `\\x1b`, `\\u202e`,
    `\\U000e0041`; a tab or a line end, which tables of logs and texts of people are full of, a space.
    """
    return _UNPRINTABLE.sub(_escape, text)


def json_for_terminals(text: str) -> str:
    """JSON text that means the same and holds no character that steers a terminal: JSON itself escapes only those below space."""
    return _UNPRINTABLE.sub(lambda m: re.sub("....", r"\\u\g<0>", m[0].encode("utf-16-be").hex()), text)


def _escape(found: re.Match[str]) -> str:
    point = ord(found[0])
    if found[0] in "\t\n":
        return " "
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def system_text(text: str) -> str:
    """What the system gave as text (arguments, names of files and accounts) as it can be stored: bytes that are not UTF-8 are escaped."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def csv_cell(text: str) -> str:
    """The text as a CSV cell that no spreadsheet runs: a leading `= + - @` or tab is preceded by an apostrophe."""
    safe = printable(text)
    return f"'{safe}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else safe


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: equal values give equal bytes. Text may not hold surrogates."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def json_digest(value: Any) -> str:
    """BLAKE2b-128 of the value as canonical JSON, in hexadecimal."""
    return blake2b(canonical_json(value), digest_size=16).hexdigest()


def measured(*parts: str | bytes) -> bytes:
    """The parts joined, each preceded by its length in eight bytes, so that no two lists of parts are alike."""
    pieces: list[bytes] = []
    for part in parts:
        raw = part if isinstance(part, bytes) else part.encode()
        pieces += (_LENGTH(len(raw)), raw)
    return b"".join(pieces)


def decode_line(raw: bytes) -> str:
    """The line's text. Bytes that are not UTF-8 become `\\xNN`; then the caller keeps the exact bytes in `soc.raw`."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", errors="backslashreplace")
