"""Spellings of Sigma that pySigma 1.5 does not read: older, newer and looser ones."""

from __future__ import annotations

from typing import Any

from soc.condition.numbers import number_of
from soc.detect.language.bounds import check_dashes

_NUMERIC = {"lt", "lte", "gt", "gte", "minute", "hour", "day", "week", "month", "year"}


def detections_of(value: Any) -> Any:
    """A rule's detections without the retired `timeframe`, which pySigma takes for a keyword, and `renamed`."""
    if not isinstance(value, dict):
        return value
    return {key: renamed(item) for key, item in value.items() if key != "timeframe"}


def renamed(value: Any) -> Any:
    """The specification's `utf16le` under its other name, `wide`, and numbers in text as numbers where a modifier compares them.

    Raises RuleRefused for a value that a modifier would make too many of.
    """
    if isinstance(value, list):
        return [renamed(item) for item in value]
    if isinstance(value, dict):
        return {str(key).replace("|utf16le", "|wide"): _value(item, set(str(key).split("|")[1:])) for key, item in value.items()}
    return value


def _value(value: Any, modifiers: set[str]) -> Any:
    if "windash" in modifiers:
        check_dashes(value)
    return _numbers(value) if _NUMERIC & modifiers else value


def _numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return value if not isinstance(value, str) or (number := number_of(value, "double")) is None else number
