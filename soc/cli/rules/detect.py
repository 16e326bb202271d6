"""`soc detect`: the rules over what they have not seen."""

from __future__ import annotations

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import emit, output_option
from soc.cli.call.pipeline import blindness_noted, detector, report, report_content, stopper
from soc.cli.rules.restored import check_not_restored
from soc.cli.rules.watch import watch

COLUMNS = ("batches", "events", "hits", "new", "left")


@click.command()
@click.option("--deadline", help="End cleanly after this long, e.g. 10m; the rest is left to the next run.")
@click.option("--index", help="Search what has arrived in these indices of the cluster, which soc does not write: 'filebeat-*'.")
@click.option("--dataset", help="With --index: the dataset that its documents count as.  [default: their event.dataset]")
@click.option("--since", help="With --index: what has arrived since then.  [default: since the last run, at first 24h]")
@click.option("--delay", default="1m", show_default=True, help="With --index: what arrived later than this ago is left to the next run.")
@click.option("--overlap", default="10m", show_default=True, help="With --index: so much before the last run is looked at again.")
@output_option
@pass_soc
def detect(soc: Soc, /, deadline: str | None, index: str | None, output: str | None, **others: str | None) -> int:
    """Run the rules over batches that they have not seen, and changed rules over their look-back.

    Of several that share a desk one works and covers all that is new; the others say who it is and end with exit code 3.
    Its lock is free at once when the process is gone, and two minutes after its machine is.
    Exits 3 when the store did not answer, or not to the end: it was blind then, says `soc status`, and the next run catches up.

    \b
    Example:  soc detect --deadline 10m
              soc detect --index 'filebeat-*' --dataset openssh.auth
    """
    refused = _prepared(soc)
    stop = stopper(soc, deadline)
    with blindness_noted(soc):
        check_not_restored(soc)
        outcome = detector(soc).run(stop=stop) if index is None else watch(soc, index, stop, **others)
    report(outcome)
    emit([{name: getattr(outcome, name) for name in COLUMNS}], COLUMNS, output)
    return 3 if outcome.unreachable else 4 if refused or outcome.failed else 0


def _prepared(soc: Soc) -> int:
    soc.content.load("feeds", "institutions", "rules", "exceptions")
    return report_content(soc)
