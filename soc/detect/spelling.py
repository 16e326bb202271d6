"""Older and newer spellings of Sigma that pySigma 1.5 does not read."""

from __future__ import annotations

from typing import Any


def detections_of(value: Any) -> Any:
    """A rule's detections without the retired `timeframe`, which pySigma takes for a keyword, and `renamed`."""
    if not isinstance(value, dict):
        return value
    return {key: renamed(item) for key, item in value.items() if key != "timeframe"}


def renamed(value: Any) -> Any:
    """The specification's `utf16le` under its other name, `wide`."""
    if isinstance(value, list):
        return [renamed(item) for item in value]
    if isinstance(value, dict):
        return {str(key).replace("|utf16le", "|wide"): item for key, item in value.items()}
    return value
