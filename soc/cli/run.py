"""`soc run`: feeds, detect, respond in one command for cron and systemd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from soc.cli.context import Soc, pass_soc
from soc.cli.output import note
from soc.cli.pipeline import detector, earlier, overlap_guard, report, report_content, stopper
from soc.errors import StoreError

if TYPE_CHECKING:
    from soc.store.base import Tables

READING = 0.5  # of the deadline at most, so that a backlog is searched as it is read
MOST_IN_MEMORY = 8  # batches handed to the detector as they are; later ones are read back


@click.command()
@click.option("--deadline", default="10m", show_default=True, help="End cleanly after this long; the rest is left to the next run.")
@pass_soc
def run(soc: Soc, deadline: str) -> int:
    """Read all feeds, run the rules over what is new, advance the playbooks, drop what is older than the retention.

    Safe to call again while it runs: the second one says who is at it and ends with exit code 3.

    \b
    Example crontab line:  */5 * * * * soc run --deadline 4m
    """
    from soc.cli.ingest import ingest_feeds
    from soc.cli.respond import respond_all
    from soc.cli.retain import upkeep

    soc.content.load()
    refused = report_content(soc)
    stop = stopper(soc, deadline)
    memory: dict[int, Tables] = {}

    def keep(added: object) -> None:
        if len(memory) < MOST_IN_MEMORY:
            memory[added.batch.number] = added.tables  # type: ignore[attr-defined]

    with overlap_guard(soc, "soc run"):
        tally = ingest_feeds(soc, stop=earlier(stop, soc, deadline, READING), on_batch=keep)
        outcome = detector(soc).run(stop=stop, memory=memory)
        report(outcome)
        failures = 0 if stop() else respond_all(soc, stop=stop)
        if not stop():
            _, dropped = upkeep(soc, soc.config.retention_days)
            if dropped:
                note(f"dropped {dropped} events older than {soc.config.retention_days} days, or beyond max_disk")
        failures += _unpublished(soc)
    return 4 if refused or outcome.failed or tally.failed or tally.refused or failures else 0


def _unpublished(soc: Soc) -> int:
    """Shows dashboards what is new on the desk; 1 where the cluster did not take it, which the next run makes good."""
    from soc.cli.published import RECENT, publish_all
    from soc.cli.stores import is_cluster

    try:
        if is_cluster(soc):
            publish_all(soc, soc.now() - RECENT)
    except StoreError as error:
        note(f"dashboards are behind the desk: {error}")
        return 1
    return 0
