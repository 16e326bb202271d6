"""`detections/categories.yml`: the RSIT category of a case from the ATT&CK tags of an alert.

t1110: intrusion-attempts/brute-force
credential-access: intrusion-attempts/brute-force
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from soc.desk.cases.words import CATEGORY, categories
from soc.document import Document, load_document

_PREFIX = "attack."


@dataclass(frozen=True, slots=True)
class Categories:
    """Technique or tactic, as in tags without `attack.` -> category. The first row that an alert carries wins."""

    rows: Mapping[str, str] = field(default_factory=dict)

    def of(self, tags: Iterable[str]) -> str:
        """The category of an alert with these tags; `other/undetermined` when no row says."""
        carried = {name for tag in tags for name in _names(tag)}
        return next((category for name, category in self.rows.items() if name in carried), CATEGORY)


def load_categories(path: Path) -> Categories:
    """Reads the file. Raises ContentError with the place and the right words."""
    return parse_categories(load_document(path))


def parse_categories(document: Document) -> Categories:
    """As `load_categories`, from a document."""
    if not isinstance(document.value, dict):
        raise document.error("no table of categories", repair="write rows such as  t1110: intrusion-attempts/brute-force")
    for name, category in document.value.items():
        if not isinstance(category, str) or category not in categories():
            raise document.error(f"{category!r} is no RSIT category", str(name), repair=f"there are: {', '.join(categories())}")
    return Categories({str(name).lower(): category for name, category in document.value.items()})


def _names(tag: str) -> list[str]:
    """`attack.t1110.003` carries t1110.003 and t1110; `attack.credential_access` carries credential-access."""
    folded = tag.lower().replace("_", "-")
    if not folded.startswith(_PREFIX):
        return []
    name = folded.removeprefix(_PREFIX)
    return [name, name.partition(".")[0]]
