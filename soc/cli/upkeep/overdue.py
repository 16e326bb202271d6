"""What has stopped without saying so: runs that are older than their lease, and a retention that waits for a person."""

from __future__ import annotations

from soc.cli.call.context import Soc
from soc.times import iso


def overdue(soc: Soc) -> list[str]:
    """One line for each run that is older than its lease, with the repair."""
    with soc.desk.read() as tx:
        found = tx.overdue_locks(soc.now())
    return [
        f"{run.name}: {run.who}, runs since {iso(run.since)}, and was to end until {iso(run.until)}\n"
        "  look at that process, and end it if it hangs"
        for run in found
    ]


def retention_waits(soc: Soc) -> str | None:
    """Since when retention drops nothing, why, and the repair; None where it went when it ran last."""
    with soc.desk.read() as tx:
        waits = tx.retention_waits()
    return f"{waits.why}\n  since {iso(waits.since)}" if waits else None
