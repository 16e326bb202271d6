"""How an Elasticsearch index of ours holds a field: what its mapping, its documents and its queries have to agree upon.

- Text: `FIELD` as it is, `FIELD.lc` in lower case by the server. An address is an `ip`, `FIELD.lc` its canonical text.
- A date: `FIELD` in milliseconds, for people and histograms; `FIELD.ns` to the microsecond, for comparing and sorting.
- Labels are `flattened`, which has no sub-fields: `soc.labels_lc` holds them folded. It is indexed, not kept.
- What the index cannot match exactly in an event (`soc.coarse`): text beyond MAX_UNITS, which is not indexed at all; letters
  that the server lowers and `fold` does not; dates outside of NANOS; numbers that are not finite; addresses that are none.
  All labels count as one field.
"""

from __future__ import annotations

import math
import re
from typing import Any

from soc.condition.values import LABEL
from soc.fields import LABELS, canonical_ip

COARSE = "soc.coarse"
UNSURE: dict[str, Any] = {"exists": {"field": COARSE}}  # the query for events that the index cannot match exactly
LABELS_LC = "soc.labels_lc"
LC, NS = ".lc", ".ns"
MAX_UNITS = 8191  # UTF-16 code units, as the server counts `ignore_above`; at most 3 bytes each, far below a term's 32,766
MAX_KEY = 8192  # bytes of a label's key; key, separator and value are one term
NANOS = (0, 9_223_372_036_854_775)  # microseconds that fit into 64 bits as nanoseconds since 1970: until April 2262

# Blocks with letters that Unicode 15 to 17 have added. A server's Java lowers them or not as its age has it, `fold` does not.
_LATER = re.compile("[\u1c89-\u1c8f\ua7cb-\ua7cf\ua7d2\ua7d4\ua7da-\ua7f1\U00010d40-\U00010d8f\U00016ea0-\U00016edf]")


def fits(text: str) -> bool:
    """Whether the text is short enough to be indexed."""
    return len(text) <= MAX_UNITS and (text.isascii() or 2 * len(text) <= MAX_UNITS or len(text.encode("utf-16-le")) <= 2 * MAX_UNITS)


def lowers_as_fold(text: str) -> bool:
    """Whether every server lowers the text as `fold` does. (Walked on a real one: only letters of Unicode 16 differed.)"""
    return text.isascii() or _LATER.search(text) is None


def key_fits(key: str) -> bool:
    """Whether a label of this key can be indexed."""
    return "\0" not in key and (len(key) <= MAX_KEY // 4 or len(key.encode()) <= MAX_KEY)


def exact(value: Any, kind: str) -> bool:
    """Whether the index matches this value of a field of this kind as the predicate does."""
    if kind == "keyword":
        return fits(value) and lowers_as_fold(value)
    if kind == "ip":
        return bool(canonical_ip(value) == value)
    if kind == "date":
        return bool(NANOS[0] <= value <= NANOS[1])
    return kind != "double" or math.isfinite(value)


def guard(field: str, kind: str) -> str | None:
    """The name in `soc.coarse` that makes an event uncertain for leaves on this field; None when no value ever is."""
    if kind in ("long", "bool"):
        return None
    return LABELS if field.startswith(LABEL) else field


def folded(field: str) -> str:
    """Where the text of a field stands in lower case."""
    return f"{LABELS_LC}.{field[len(LABEL) :]}" if field.startswith(LABEL) else field + LC
