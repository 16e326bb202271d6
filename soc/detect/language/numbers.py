"""Whole numbers of rules with all their digits: pySigma 1.5 keeps those beyond 2**53 as the nearest double."""

from __future__ import annotations

from typing import Any

from sigma.types import SigmaNumber, type_map

DOUBLES = 1 << 53  # up to here every whole number is a double


class Long(int):
    """A whole number beyond 2**53."""


class SigmaLong(SigmaNumber):
    """pySigma's number, as it was written."""

    def __post_init__(self, init_number: Any) -> None:
        self.number = int(init_number)


type_map[Long] = SigmaLong  # how pySigma makes its values of Python's


def exact(value: Any) -> Any:
    """The value, so that pySigma keeps all digits of a whole number."""
    return Long(value) if type(value) is int and abs(value) > DOUBLES else value
