"""`soc run`: feeds, detect, respond in one command for cron and systemd."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import click

from soc.cli.call.clusters import is_cluster
from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import note
from soc.cli.call.pipeline import blindness_noted, detector, earlier, overlap_guard, report, report_content, stopper, unless_busy
from soc.cli.rules.restored import check_not_restored
from soc.errors import StoreError

if TYPE_CHECKING:
    from soc.store.base import Added, Tables

READING = 0.5  # of the deadline at most, so that a backlog is searched as it is read
MOST_IN_MEMORY = 96 << 20  # bytes of batches that are handed to the detector as they are; later ones are read back


@click.command()
@click.option("--deadline", default="10m", show_default=True, help="End cleanly after this long; the rest is left to the next run.")
@pass_soc
def run(soc: Soc, deadline: str) -> int:
    """Read all feeds, run the rules over what is new, advance the playbooks, drop what is older than the retention.

    Safe to call again while it runs: the second one says who is at it and ends with exit code 3. Several machines
    that share a cluster and a desk may run it at once: each reads its own feeds, and one of them searches for all.

    \b
    Example crontab line:  */5 * * * * soc run --deadline 4m
    """
    from soc.cli.cases.respond import respond_all
    from soc.cli.intake.ingest import ingest_feeds
    from soc.cli.upkeep.retain import upkeep

    soc.content.load()
    refused = report_content(soc)
    stop = stopper(soc, deadline)
    memory: dict[int, Tables] = {}
    room = MOST_IN_MEMORY

    def keep(added: Added) -> None:
        nonlocal room
        room -= sum(table.nbytes for table in added.tables.values())
        if room >= 0:
            memory[added.batch.number] = added.tables

    with blindness_noted(soc), overlap_guard(soc, _name(soc)):
        tally = ingest_feeds(soc, stop=earlier(stop, soc, deadline, READING), on_batch=keep)
        check_not_restored(soc)
        outcome = unless_busy(lambda: detector(soc).run(stop=stop, memory=memory), "it searches what was read here, too")
        if outcome:
            report(outcome)
            if outcome.unreachable:
                return 3
        waits = False
        failures = 0 if stop() else unless_busy(lambda: respond_all(soc, stop=stop), "the playbooks are its affair") or 0
        if not stop():
            _, dropped, waits = upkeep(soc, asked=False, stop=stop)
            if dropped:
                kept = "the retention" if soc.config.keeps else f"{soc.config.retention_days} days"
                note(f"dropped {dropped} events older than {kept}, or beyond max_disk")
        failures += _unpublished(soc) + _damaged(soc)
    failed = (outcome and outcome.failed) or tally.failed or tally.refused or tally.letters
    return 4 if refused or failed or failures or waits else 0


def _name(soc: Soc) -> str:
    """What one machine does once at a time: several machines write to a cluster, each its own feeds."""
    return f"soc run on {socket.gethostname()}" if is_cluster(soc.config) else "soc run"


def _damaged(soc: Soc) -> int:
    """Says what of the store cannot be opened, which nobody may have asked for yet; returns how much that is."""
    found = soc.store.missing()
    for fault in found:
        note(fault)
    if found:
        note(f"{len(found)} parts of the store cannot be opened; see: soc doctor")
    return len(found)


def _unpublished(soc: Soc) -> int:
    """Shows dashboards what is new on the desk; 1 where the cluster did not take it, which the next run makes good."""
    from soc.cli.cases.published import RECENT, publish_all

    try:
        if is_cluster(soc.config):
            publish_all(soc, soc.now() - RECENT)
    except StoreError as error:
        note(f"dashboards are behind the desk: {error}")
        return 1
    finally:
        soc.desk.touched.clear()
    return 0
