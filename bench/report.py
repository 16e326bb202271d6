"""A figure, what it may be, and the verdict; the table they are printed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Figure:
    """One row. `bound` is of the same unit as `value`; a figure without one is printed for its own sake.

    `beside`: what it was measured against in the same run. `least`: the bound is a minimum. `cpu`: it is of this machine's
    CPU as it was just then, with nothing beside it.
    """

    what: str
    value: float
    unit: str
    bound: float | None = None
    beside: str = ""
    least: bool = False
    cpu: bool = False

    def at(self, speed: float) -> Figure:
        """The figure, which says beside it what it would about be on the reference's machine: this one has `speed` of its speed."""
        if not self.cpu:
            return self
        there = self.value / speed if self.least else self.value * speed
        return replace(self, beside=f"at the reference's speed about {_number(there)}; {self.beside}")

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
