"""Which variables of a playbook hold what a step kept of a log."""

from __future__ import annotations

from collections.abc import Mapping

from soc.respond.actions.action import Action
from soc.respond.playbooks.playbook import Playbook, Step


def of_logs(step: Step, action: Action | None) -> frozenset[str]:
    """The variables of one step, by what its action gives."""
    outputs = action.from_log if action else frozenset()
    return frozenset(variable for variable, output in step.keep.items() if output in outputs)


def kept_from_logs(book: Playbook, actions: Mapping[str, Action]) -> frozenset[str]:
    """The variables of all steps."""
    steps = (step for step in book.steps.values() if step.kind == "action")
    return frozenset(name for step in steps for name in of_logs(step, actions.get(step.does)))
