"""`soc ingest`: files and standard input into the store."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.when import as_of as moment_of
from soc.cli.call.words import LogFile
from soc.cli.intake.jobs import How, Jobs, ingest_jobs
from soc.errors import UsageError

if TYPE_CHECKING:
    from soc.ingest.feeds import Feed
    from soc.ingest.pump import Tally
    from soc.store.base import Added


@click.command()
@click.argument("paths", nargs=-1, type=LogFile())
@click.option("--feed", "feed_name", help="The feed that the lines belong to.  [default: the one whose paths hold PATH, else files]")
@click.option("--source", default="", help="A name for standard input: a later stream that begins alike is continued, not read twice.")
@click.option("--final", is_flag=True, help="A last line without newline is whole.")
@click.option("--as-of", help="When the lines were written at the latest: 2026-10-11, 7d …  [default: the file's time of change, or now]")
@click.option("--zone", help="The zone of times that state none, as Europe/Vienna.  [default: the feed's, else UTC]")
@pass_soc
def ingest(soc: Soc, paths: tuple[str, ...], feed_name: str | None, source: str, final: bool, as_of: str | None, zone: str | None) -> int:
    """Read files, folders or standard input (-) into the store; without PATHS, all that the feeds name.

    What was read before is not read again, whatever the file is called now, so cron may run this every minute.
    Packed files (gzip, bzip2, xz, zstd) are unpacked. SIGINT and SIGTERM end it at a clean batch.

    \b
    Examples:  soc ingest /var/log/auth.log*
               journalctl -o short-iso -f | soc ingest - --feed gateways
    """
    from soc.cli.call.clusters import is_cluster
    from soc.cli.call.pipeline import report_content, stopper
    from soc.cli.intake.pour import pour
    from soc.ingest.zones import zone_named

    jobs = stated_jobs(soc, paths, feed_name, source) if paths else feed_jobs(soc, feed_name)
    how = How(stopper(soc, None), final, moment_of(as_of, soc.now()) if as_of else None, zone_named(zone) if zone else None)
    tally = pour(soc, jobs, how) if is_cluster(soc.config) else ingest_jobs(soc, jobs, how)
    refused = report_content(soc)
    return 4 if refused or tally.failed or tally.refused or tally.letters else 0


def ingest_feeds(soc: Soc, *, stop: Callable[[], bool], on_batch: Callable[[Added], None] | None = None) -> Tally:
    """Reads what waits in spools, then all that the feeds name; totals and refusals are printed. Raises Busy and StoreError."""
    from soc.cli.intake.pour import spooled_jobs

    return ingest_jobs(soc, [*spooled_jobs(soc), *feed_jobs(soc, None, needed=False)], How(stop), on_batch=on_batch)


def stated_jobs(soc: Soc, paths: Sequence[str], feed_name: str | None, source: str) -> Jobs:
    """One job per path. Raises UsageError: an unknown feed, a source name without standard input."""
    from soc.ingest.feeds import STDIN, feed_named
    from soc.ingest.intake import Files, Piped

    if source and "-" not in paths:
        raise UsageError("--source names standard input, which is not read\n  add - to the paths, or leave --source out")
    feeds = soc.content.feeds
    feed = feed_named(feed_name, feeds) if feed_name else None
    if feed is None and (broken := [error for error in soc.content.errors if error.path and Path(error.path).parent.name == "ingest"]):
        what = "\n".join(map(str, broken))
        raise UsageError(f"{what}\n  mend it, or name the feed with --feed: a file stays with the feed that begins it")
    stdin = feed or feed_named(STDIN, feeds)
    return [Piped(stdin, sys.stdin.fileno(), source) if path == "-" else Files(feed, [path], stated=True) for path in paths]


def feed_jobs(soc: Soc, feed_name: str | None, *, needed: bool = True) -> Jobs:
    """One job per feed that names paths, or of the one feed. Raises UsageError when `needed` and there is none.

    The feed that waits longest comes first, so that none with a backlog keeps the others waiting run after run.
    """
    from soc.ingest.feeds import feed_named
    from soc.ingest.intake import Files

    feeds = soc.content.feeds
    chosen = [feed_named(feed_name, feeds)] if feed_name else _by_patience(soc)
    jobs = [Files(feed, feed.paths) for feed in chosen if feed.paths]
    if needed and not jobs:
        what = f"feed {feed_name!r} names no paths" if feed_name else "no feed names any paths"
        raise UsageError(f"{what}\n  add paths to ingest/NAME.yml in your content root, or name files: soc ingest PATH…")
    return jobs


def _by_patience(soc: Soc) -> list[Feed]:
    """All feeds, those of which nothing came for longest first."""
    last: dict[str, int] = {}
    for state in soc.store.feeds():
        last[state.feed] = max(last.get(state.feed, 0), state.last_ingested)
    return sorted(soc.content.feeds.values(), key=lambda feed: (last.get(feed.name, 0), feed.name))
