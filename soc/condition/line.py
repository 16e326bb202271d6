r"""What keywords are looked for in: the values of a line that is JSON, decoded, and the text of any other.

    {"http": {"url": "\/a", "user_agent": "\u00dc"}, "status": 200}      /a   Ü   200      <- and `message`; no key's name, no spelling
    Oct 11 22:14:15 fw1 sshd[4721]: Failed password for root             the line

Sigma rules specification 2.1.0, "Keywords search": "searching for keywords across an entire event". A header before the JSON is one
value. Numbers are as the line spells them; of equal keys each value counts.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

LONGEST_HEADER = 1_000  # characters that may stand before the JSON
_SCALAR = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"(\s*+:)?|(-?[0-9][0-9.eE+-]*+|true|false)')
_ENDS_HEADER = (":", "]", "-")


def searched(original: str | None, message: str | None) -> list[str]:
    """The texts of an event's line, one of which a keyword is to meet; none where the event has neither line nor message."""
    if original is None:
        return [] if message is None else [message]
    values = values_in(original)
    if values is None:
        return [original]
    return values if message is None else [*values, message]


def values_in(line: str) -> list[str] | None:
    """The values in the JSON object that a line is, behind its header or alone; None for a line that is none."""
    at = line.find("{")
    if at < 0 or not line.rstrip().endswith("}") or (at and not _is_header(line[:at])):
        return None
    text = line[at:]
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    values = _decoded(said, text)
    if values is None:
        values = _spelt(text)
    return [line[:at], *values] if at else values


def _decoded(said: dict[str, Any], text: str) -> list[str] | None:
    """The values of the object; None where its text may say more: a key twice, a number in a spelling of its own."""
    values: list[str] = []
    left: list[Any] = [said]
    keys = 0
    for one in left:  # grows
        keys += len(one) if type(one) is dict else 0
        for value in one.values() if type(one) is dict else one:
            kind = type(value)
            if kind is str:
                values.append(value)
            elif kind is dict or kind is list:
                left.append(value)
            elif kind is bool:
                values.append("true" if value else "false")
            elif value is not None:
                values.append(str(value))
                if kind is float and not any(values[-1] + end in text for end in ",}]"):
                    return None
    return values if keys == text.count('":') else None


def _spelt(text: str) -> list[str]:
    """The values in the text of an object, token by token."""
    values = []
    for said, is_key, plain in _SCALAR.findall(text):
        if plain:
            values.append(plain)
        elif not is_key:
            values.append(orjson.loads(f'"{said}"') if "\\" in said else said)
    return values


def _is_header(text: str) -> bool:
    return len(text) <= LONGEST_HEADER and text.rstrip().endswith(_ENDS_HEADER)
