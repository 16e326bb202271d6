"""`playbooks/*.yml`: what to do about a case, step by step, with the semantics of CACAO 2.0 in readable spelling.

id: port-scan
title: Port scan
owner: soc
when: {tags: [attack.t1046], level: low}
variables: {desk: "+00 0 000"}
steps:
  whose:   {action: look_up_institution, keep: {contact: contact}, on_completion: known}
  known:   {if: "contact != ''", on_true: ask, on_false: end}
  ask:     {manual: "Is it ours?", choices: {ours: close, foreign: end}, keep: decision}
  close:   {action: close, with: {verdict: benign_expected}, on_success: end}
  end:     {end: done}

The first step begins. Each step is met at most once in a run: no step leads back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from soc.desk.cases.words import SEVERITIES
from soc.model import Alert
from soc.respond.playbooks.expression import Expression
from soc.times import MINUTE

SUCCESS, FAILURE = "success", "failure"


@dataclass(frozen=True, slots=True)
class Retry:
    """`max` further attempts, the first after `backoff` microseconds, each later one after twice as long."""

    max: int = 0
    backoff: int = MINUTE


@dataclass(frozen=True, slots=True)
class Step:
    """`kind`: action manual if end. `exits`: success failure | a choice, or "" for any answer | true false -> the next step."""

    name: str
    kind: str
    does: str = ""  # the action's name, the question, how it ends
    arguments: Mapping[str, Any] = field(default_factory=dict)
    keep: Mapping[str, str] = field(default_factory=dict)  # variable -> output
    exits: Mapping[str, str] = field(default_factory=dict)
    condition: Expression | None = None
    repeat: str = "safe"
    timeout: int = MINUTE
    retry: Retry = field(default_factory=Retry)
    line: int = 1


@dataclass(frozen=True, slots=True)
class When:
    """Which cases a playbook leads: one of the rules, tags or categories is met (none stated: every case), and the level reached."""

    rules: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    level: str = SEVERITIES[0]

    def fits(self, severity: str, category: str, alerts: Sequence[Alert]) -> tuple[int, int]:
        """How closely, then how bad the worst alert that says so is.

        4 by rule, 3 by tag, 2 by category, 1 because every case does, 0 not at all.
        """
        if _rank(severity) < _rank(self.level):
            return 0, 0
        by_rule = [alert for alert in alerts if alert.rule_id in self.rules]
        by_tag = [alert for alert in alerts if any(_tagged(tag, wanted) for tag in alert.tags for wanted in self.tags)]
        if by_rule or by_tag:
            return (4 if by_rule else 3), max(_rank(alert.level) for alert in by_rule or by_tag)
        if any(fnmatchcase(category, pattern) for pattern in self.categories):
            return 2, 0
        return (0 if self.rules or self.tags or self.categories else 1), 0


@dataclass(frozen=True, slots=True)
class Playbook:
    """A playbook that was read whole and checked; its steps in their order, the first one begins."""

    id: str
    title: str
    path: Path
    steps: Mapping[str, Step]
    when: When = field(default_factory=When)
    description: str = ""
    owner: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def first(self) -> str:
        return next(iter(self.steps))


def best(playbooks: Mapping[str, Playbook], severity: str, category: str, alerts: Sequence[Alert]) -> Playbook | None:
    """The playbook that fits a case most closely; of several that of the worst alert, then the one for the higher level, then by id."""
    ranked = [
        (book.when.fits(severity, category, alerts), _rank(book.when.level), book.id)
        for book in (playbooks[id] for id in sorted(playbooks))
    ]
    fitting = [entry for entry in ranked if entry[0][0]]
    return playbooks[max(fitting, key=lambda entry: entry[:2])[2]] if fitting else None


def _rank(level: str) -> int:
    return SEVERITIES.index(level if level in SEVERITIES else "medium")


def _tagged(tag: str, wanted: str) -> bool:
    """A technique stands for its sub-techniques."""
    return tag == wanted or tag.startswith(f"{wanted}.")
