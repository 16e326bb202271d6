"""Steps that reach outside and were not carried out: what the doctor says of runs that go on."""

from __future__ import annotations

from collections.abc import Iterable

from soc.desk.cases.journal import JournalEntry
from soc.desk.desk import Tx


def undone(tx: Tx) -> list[str]:
    """For each step of a run that goes on, and whose last attempt failed: case, step and why. The runs are read one after the other."""
    return [
        f"case {run.case}, playbook {run.playbook}, step {step}: {why}"
        for run in tx.playbook_runs(unended=True)
        for step, why in _failed(tx.journal(run.id)).items()
    ]


def _failed(entries: Iterable[JournalEntry]) -> dict[str, str]:
    """Step -> why it was not carried out, of those that notify somebody."""
    failed: dict[str, str] = {}
    notifies = False
    for entry in entries:
        if entry.action == "started":
            notifies = str(entry.said.get("action", "")).startswith("notify_")
        elif notifies and entry.action in ("retry", "done"):
            failed.pop(entry.step, None)
            if why := entry.said.get("error"):
                failed[entry.step] = str(why)
    return failed
