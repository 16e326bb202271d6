"""A figure, what it may be, and the verdict; the table they are printed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One row. `bound` is of the same unit as `value`; a figure without one is printed for its own sake.

    `beside`: what it was measured against in the same run. `least`: the bound is a minimum.
    """

    what: str
    value: float
    unit: str
    bound: float | None = None
    beside: str = ""
    least: bool = False

    @property
    def holds(self) -> bool:
        if self.bound is None:
            return True
        return self.value >= self.bound if self.least else self.value <= self.bound

    def cells(self) -> tuple[str, ...]:
        if self.bound is None:
            return (self.what, _number(self.value), self.unit, "", "", self.beside)
        bound = f"{'>=' if self.least else '<='} {_number(self.bound)}"
        return (self.what, _number(self.value), self.unit, bound, "holds" if self.holds else "MISSED", self.beside)


HEAD = ("what", "figure", "unit", "bound", "verdict", "beside")


def table(figures: Sequence[Figure]) -> str:
    rows = [HEAD, *(figure.cells() for figure in figures)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
