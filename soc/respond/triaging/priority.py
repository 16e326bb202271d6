"""`detections/priority.yml`: severity x asset class, shifted by the class of the institution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from soc.desk.cases.words import PRIORITIES, SEVERITIES
from soc.document import Document, load_document

UNKNOWN = "unknown"  # the class of an asset that nobody described
_KEYS = ("assets", "table", "institutions")


@dataclass(frozen=True, slots=True)
class Priority:
    """`assets`: classes, the most important first. `table`: severity -> asset class -> priority."""

    assets: tuple[str, ...] = (UNKNOWN,)
    table: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    shifts: Mapping[str, int] = field(default_factory=dict)

    def of(self, severity: str, assets: Iterable[str], institution_class: str | None) -> int:
        """1 (worked first) to 4. Several assets: the most important counts."""
        found = set(assets)
        asset = next((name for name in self.assets if name in found), UNKNOWN)
        base = self.table.get(severity, {}).get(asset, 3)
        return min(max(base + self.shifts.get(institution_class or "", 0), PRIORITIES[0]), PRIORITIES[-1])


def load_priority(path: Path) -> Priority:
    """Reads the file. Raises ContentError with the place and the right words."""
    document = load_document(path)
    return parse_priority(document)


def parse_priority(document: Document) -> Priority:
    """As `load_priority`, from a document."""
    value = document.value
    if not isinstance(value, dict) or set(value) - set(_KEYS) or "table" not in value:
        raise document.error("no table of priorities", repair=f"keys: {', '.join(_KEYS)}; `table` is needed")
    assets = value.get("assets", [UNKNOWN])
    if not isinstance(assets, list) or not all(isinstance(name, str) for name in assets) or UNKNOWN not in assets:
        raise document.error(f"assets are a list of words that holds {UNKNOWN!r}", "assets")
    table, shifts = value["table"], value.get("institutions", {})
    if not isinstance(table, dict) or set(table) != set(SEVERITIES):
        raise document.error("the table needs a row for each severity", "table", repair=f"severities: {', '.join(SEVERITIES)}")
    for severity, row in table.items():
        if not isinstance(row, dict) or set(row) != set(assets) or not all(cell in PRIORITIES for cell in row.values()):
            repair = f"one of 1, 2, 3, 4 for each of: {', '.join(map(str, assets))}"
            raise document.error(f"the row {severity!r} is not a priority for each asset class", "table", severity, repair=repair)
    if not isinstance(shifts, dict) or not all(type(shift) is int for shift in shifts.values()):
        raise document.error("a shift is a whole number for each class of institution", "institutions")
    return Priority(tuple(assets), table, {str(name): shift for name, shift in shifts.items()})
