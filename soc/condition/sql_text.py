"""Names, literals and patterns in DuckDB's SQL, safe for any text."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from soc.condition.patterns import Part
from soc.condition.tree import ANY


def name(field: str) -> str:
    """A column's name, quoted."""
    return '"' + field.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text literal. The parser ends at a NUL, so that is put in by `chr(0)`."""
    if "\0" not in text:
        return "'" + text.replace("'", "''") + "'"
    return "(" + " || chr(0) || ".join(literal(piece) for piece in text.split("\0")) + ")"


def like_number(value: str, met: Callable[[str], str]) -> str:
    """Whether a text is a number in decimal digits (as `soc.condition.values.NUMBER`) that meets a test."""
    digits = r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?"
    return f"CASE WHEN regexp_full_match({value}, '{digits}') THEN coalesce({met(f'TRY_CAST({value} AS DOUBLE)')}, false) ELSE false END"


def wildcard_pattern(parts: Iterable[Part]) -> str:
    """RE2's spelling of a wildcard, to be met by a whole text."""
    return "(?s)" + "".join(re2_quote(part) if isinstance(part, str) else ".*" if part == ANY else "." for part in parts)


def re2_quote(text: str) -> str:
    """The text as an RE2 pattern that only it meets."""
    return "".join(c if c.isalnum() or ord(c) > 127 else f"\\x{ord(c):02x}" for c in text)
