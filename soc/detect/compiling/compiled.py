"""One rule document as it was compiled: all that depends on its text, and nothing that depends on its neighbours.

Rows of plain values, so that a cache can keep them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EVERY = "any"  # what a filter has for its rules that is for each of its logsource


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule without its place in a rule set, or a filter of rules.

    `id` is "" where none is stated; `made_id` is made from the text. `tree` is the condition as `soc.condition.codec`
    writes it, `fields` what it reads. `correlation` refers to rules by the names stated. `fault` is what is wrong in the
    rule's metadata while its detection can be compiled.
    """

    id: str
    made_id: str
    name: str
    title: str
    line: int
    level: str
    status: str
    tags: tuple[str, ...]
    description: str
    author: str
    references: tuple[str, ...]
    falsepositives: tuple[str, ...]
    logsource: tuple[str | None, str | None, str | None]  # product, category, service
    fields: tuple[str, ...] = ()
    lines: dict[str, int] = field(default_factory=dict)  # field -> where the rule first names it
    tree: Any = None
    tree_hash: str = ""
    correlation: dict[str, Any] | None = None
    filter: dict[str, Any] | None = None  # see `soc.detect.compiling.filters.filter_of`
    fault: tuple[str, int, str] | None = None  # what, line, repair


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document that is no rule; `id` where it states one."""

    what: str
    line: int | None = None
    repair: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class CompiledFile:
    """What one rule file holds, in its order. `names`: of correlations, with the fields that pipelines make of each."""

    rules: tuple[Compiled, ...] = ()
    refused: tuple[Refusal, ...] = ()
    names: Mapping[str, list[str]] = field(default_factory=dict)
