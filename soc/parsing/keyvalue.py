"""KEY=value words, as packet filters and appliances write them.

IN=eth0 OUT= SRC=203.0.113.7 DST=192.0.2.10 DF PROTO=TCP        action="deny" policyname="LAN to WAN" duration=12
"""

from __future__ import annotations

import re

_PAIR = re.compile(r"""([\w.-]++)=(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|'([^']*+)'|(\S*+))""", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def words(text: str) -> dict[str, str]:
    """Value by key of words without quotes or spaces in them; the first of equal keys stands. Words without `=` are passed over."""
    return dict([word.split("=", 1) for word in reversed(text.split()) if "=" in word])


def flags(text: str) -> list[str]:
    """The words without `=`, in order."""
    return [word for word in text.split() if "=" not in word]


def quoted(text: str) -> dict[str, str]:
    """Value by key where values may stand in quotes and hold spaces and escaped quotes; the first of equal keys stands."""
    found: dict[str, str] = {}
    for key, double, single, plain in _PAIR.findall(text):
        value = _ESCAPED.sub(r"\1", double) if "\\" in double else double or single or plain
        found.setdefault(key, value)
    return found
