"""Text that came from a log is hostile: what makes it safe to show, to store and to hash."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any

import orjson

# C0 and C1 controls, DEL, and the characters that turn or hide text (bidirectional controls, zero width, line separators).
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")


def printable(text: str) -> str:
    """The text as it may reach a terminal: each unprintable character becomes its escape, as in `\\x1b` or `\\u202e`."""
    return _UNPRINTABLE.sub(lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", text)


def json_for_terminals(text: str) -> str:
    """JSON text that means the same and holds no character that steers a terminal: JSON itself escapes only those below space."""
    return _UNPRINTABLE.sub(lambda m: f"\\u{ord(m[0]):04x}", text)


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


def decode_line(raw: bytes) -> str:
    """The line's text. Bytes that are not UTF-8 become `\\xNN`; then the caller keeps the exact bytes in `soc.raw`."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", errors="backslashreplace")
