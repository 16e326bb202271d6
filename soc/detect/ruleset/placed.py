"""A compiled rule at its place in a content root."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soc.detect.compiling.compiled import Compiled
from soc.detect.ruleset.supply import Supply
from soc.errors import RuleRefused
from soc.model import Logsource
from soc.text import json_digest


@dataclass(frozen=True, slots=True)
class Placed:
    """A compiled rule and where it lies: `root` counts the content roots, `relative` is its path in the rules folder."""

    rule: Compiled
    path: Path
    relative: str
    root: int
    imported: bool

    @property
    def id(self) -> str:
        return self.rule.id or self.rule.made_id

    def refused(self, what: str, *, field: str | None = None, repair: str = "") -> RuleRefused:
        """A refusal at the line that first names the field, else at the rule's first."""
        return RuleRefused(what, path=self.path, line=self.rule.lines.get(field or "", self.rule.line), repair=repair)


def unknown_field(one: Placed, name: str, logsource: Logsource, supply: Supply) -> RuleRefused:
    """The refusal of a field that none of the datasets seen supplies."""
    near = supply.nearest(name, logsource)
    datasets = ", ".join(dataset.name for dataset in supply.seen(logsource))
    hint = f"did you mean {near!r}? Otherwise" if near else "Either"
    return one.refused(
        f"field {name!r} is supplied by no dataset of {logsource} ({datasets})",
        field=name,
        repair=f"{hint} declare it in the parser, or map it in detections/pipelines/",
    )


def digest(*parts: Any) -> str:
    return json_digest(parts)
