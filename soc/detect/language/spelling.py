"""Spellings of Sigma that pySigma 1.5 does not read: older, newer and looser ones."""

from __future__ import annotations

from typing import Any

from soc.condition.numbers import number_of
from soc.condition.values import canonical
from soc.detect.language.bounds import check_dashes
from soc.detect.language.numbers import exact

_AS_THEY_ARE = {"all", "neq", "exists", "cidr"}  # of any kind of value
_NUMERIC = {"lt", "lte", "gt", "gte", "minute", "hour", "day", "week", "month", "year"}


def detections_of(value: Any) -> Any:
    """A rule's detections without the retired `timeframe`, which pySigma takes for a keyword, and `renamed`."""
    if not isinstance(value, dict):
        return value
    return {key: renamed(item) for key, item in value.items() if key != "timeframe"}


def renamed(value: Any) -> Any:
    """The specification's `utf16le` under its other name, `wide`, and values of the kind that their modifiers work on.

    A number in text is a number where it is compared, a number is its text where text is looked for.

    Raises RuleRefused for a value that a modifier would make too many of.
    """
    if isinstance(value, list):
        return [renamed(item) for item in value]
    if isinstance(value, dict):
        return {_key(str(key)): _value(item, set(str(key).split("|")[1:])) for key, item in value.items()}
    return value


def _key(key: str) -> str:
    """`startswith|fieldref` is `fieldref|startswith`, the one that pySigma reads."""
    field, *modifiers = key.replace("|utf16le", "|wide").split("|")
    if "fieldref" in modifiers:
        modifiers.sort(key=lambda modifier: {"cased": 0, "fieldref": 1}.get(modifier, 2))
    return "|".join((field, *modifiers))


def _value(value: Any, modifiers: set[str]) -> Any:
    if "windash" in modifiers:
        check_dashes(value)
    if isinstance(value, list):
        return [_value(item, modifiers) for item in value]
    if _NUMERIC & modifiers:
        number = number_of(value, "double") if isinstance(value, str) else None
        return exact(value if number is None else number)
    if modifiers - _AS_THEY_ARE and isinstance(value, (int, float)):
        return canonical(value)
    return exact(value)
