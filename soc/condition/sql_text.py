"""Names, literals and patterns in DuckDB's SQL, safe for any text."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from soc.condition.patterns import Part
from soc.condition.tree import ANY

_DIGITS = r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?"


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
    return f"CASE WHEN regexp_full_match({value}, '{_DIGITS}') THEN coalesce({met(f'TRY_CAST({value} AS DOUBLE)')}, false) ELSE false END"


def like_whole(value: str, operator: str, bound: int) -> str:
    """Whether a text is such a number that stands so to a whole one of at most 30 digits that is not 0, to the last digit."""
    whole, more = f"TRY_CAST(ltrim(split_part({value}, '.', 1), '+') AS HUGEINT)", f"regexp_matches({value}, '[.].*[1-9]')"
    beyond, stands = (">", operator in (">", "<=")) if bound > 0 else ("<", operator in ("<", ">="))
    if stands:  # a fraction leads away from 0
        met = f"({whole} {beyond} {bound} OR ({whole} = {bound} AND {more}))"
        met = met if operator == beyond else f"NOT {met}"
    else:
        met = f"{whole} {operator} {bound}"
    return f"CASE WHEN regexp_full_match({value}, '{_DIGITS}') THEN coalesce({met}, false) ELSE false END"


def wildcard_pattern(parts: Iterable[Part]) -> str:
    """RE2's spelling of a wildcard, to be met by a whole text."""
    return "(?s)" + "".join(re2_quote(part) if isinstance(part, str) else ".*" if part == ANY else "." for part in parts)


def re2_quote(text: str) -> str:
    """The text as an RE2 pattern that only it meets."""
    return "".join(c if c.isalnum() or ord(c) > 127 else f"\\x{ord(c):02x}" for c in text)
