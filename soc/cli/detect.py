"""`soc detect`: the rules over what they have not seen."""

from __future__ import annotations

import click

from soc.cli.context import Soc, pass_soc
from soc.cli.output import emit, output_option
from soc.cli.pipeline import blindness_noted, detector, report, report_content, stopper

COLUMNS = ("batches", "events", "hits", "new", "left")


@click.command()
@click.option("--deadline", help="End cleanly after this long, e.g. 10m; the rest is left to the next run.")
@output_option
@pass_soc
def detect(soc: Soc, deadline: str | None, output: str | None) -> int:
    """Run the rules over batches that they have not seen, and changed rules over their look-back.

    Of several that share a desk one works and covers all that is new; the others say who it is and end with exit code 3.
    Its lock is free at once when the process is gone, and two minutes after its machine is.
    Exits 3 when the store did not answer, or not to the end: it was blind then, says `soc status`, and the next run catches up.

    \b
    Example:  soc detect --deadline 10m
    """
    refused = _prepared(soc)
    with blindness_noted(soc):
        outcome = detector(soc).run(stop=stopper(soc, deadline))
    report(outcome)
    emit([{name: getattr(outcome, name) for name in COLUMNS}], COLUMNS, output)
    return 3 if outcome.unreachable else 4 if refused or outcome.failed else 0


def _prepared(soc: Soc) -> int:
    soc.content.load("feeds", "institutions", "rules", "exceptions")
    return report_content(soc)
