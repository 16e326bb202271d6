"""Case folding, the same for every executor.

`fold` maps each code point by Unicode's simple lowercase mapping: no final sigma, no length changes (İ becomes i),
ß stays. It is pinned to Unicode 14 (soc/data/lowercase.csv, made by tools/make_fold.py), so that executors whose
Unicode tables are newer or older, other Python versions included, agree with it.
"""

from __future__ import annotations

from functools import cache

from soc.shipped import DATA


def fold(text: str) -> str:
    """The text in lower case, as every comparison that is not `cased` sees it.

    Has as many code points as the text; folding twice changes nothing more.
    """
    return text.lower() if text.isascii() else text.translate(table())


@cache
def table() -> dict[int, int]:
    """Code point to code point, for those that `fold` changes."""
    rows = (DATA / "lowercase.csv").read_text(encoding="ascii").split()
    return {int(code, 16): int(lower, 16) for code, _, lower in (row.partition(",") for row in rows[1:])}
