"""`soc ingest`: files and standard input into the store."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import note
from soc.cli.call.progress import bytes_done
from soc.cli.call.when import as_of as moment_of
from soc.cli.call.words import LogFile
from soc.errors import UsageError

if TYPE_CHECKING:
    from datetime import tzinfo

    from soc.ingest.batch import Batch
    from soc.ingest.feeds import Feed
    from soc.ingest.inlet import Inlet
    from soc.ingest.intake import Intake, Job
    from soc.ingest.pump import Tally
    from soc.store.base import Added

Jobs = Sequence["Job"]


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
    from soc.cli.call.pipeline import report_content, stopper
    from soc.cli.call.stores import is_cluster
    from soc.cli.intake.pour import pour
    from soc.ingest.zones import zone_named

    jobs = stated_jobs(soc, paths, feed_name, source) if paths else feed_jobs(soc, feed_name)
    how = How(stopper(soc, None), final, moment_of(as_of, soc.now()) if as_of else None, zone_named(zone) if zone else None)
    tally = pour(soc, jobs, how) if is_cluster(soc) else ingest_jobs(soc, jobs, how)
    refused = report_content(soc)
    return 4 if refused or tally.failed or tally.refused or tally.letters else 0


def ingest_feeds(soc: Soc, *, stop: Callable[[], bool], on_batch: Callable[[Added], None] | None = None) -> Tally:
    """Reads what waits in spools, then all that the feeds name; totals and refusals are printed. Raises Busy and StoreError."""
    from soc.cli.intake.pour import spooled_jobs

    return ingest_jobs(soc, [*spooled_jobs(soc), *feed_jobs(soc, None, needed=False)], How(stop), on_batch=on_batch)


@dataclass(frozen=True, slots=True)
class How:
    """How lines are read: see `soc.ingest.intake.Terms`."""

    stop: Callable[[], bool]
    final: bool = False
    as_of: int | None = None
    zone: tzinfo | None = None


def ingest_jobs(soc: Soc, jobs: Jobs, how: How, *, on_batch: Callable[[Added], None] | None = None) -> Tally:
    """Reads the jobs into the store and prints totals and refusals on stderr, also when the store fails on the way."""
    from soc.ingest.intake import Intake, Poured, Terms
    from soc.ingest.pump import Tally, pump_shared

    inlets = [job.inlet for job in jobs if isinstance(job, Poured)]
    tally, content = Tally(), soc.content
    with soc.store.writer() as writer, _reported(tally, how.stop) as reported, bytes_done("read") as progress:
        terms = Terms(
            parsers=content.parsers,
            institutions=content.institutions,
            now=soc.now,
            monotonic=soc.monotonic,
            stop=how.stop,
            progress=progress,
            feeds=content.feeds,
            as_of=how.as_of,
            zone=how.zone,
            final=how.final,
            most=soc.config.batch,
            state=os.path.realpath(soc.home),
        )

        def intake(elsewhere: Collection[str]) -> Iterator[Batch]:
            return reported(Intake(replace(terms, known=soc.store.sources(), elsewhere=elsewhere))).batches(jobs)

        pump_shared(intake, writer, tally, now=soc.now, on_batch=on_batch, on_kept=_teller(inlets))
    for inlet in inlets if not how.stop() else ():
        inlet.end()
    return tally


def _teller(inlets: Sequence[Inlet]) -> Callable[[Batch], None]:
    def kept(batch: Batch) -> None:
        for inlet in inlets:
            inlet.keep(batch.states)

    return kept


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


@contextmanager
def _reported(tally: Tally, stop: Callable[[], bool]) -> Iterator[Callable[[Intake], Intake]]:
    """Prints, when all is over, what became of what the given intakes read: also when the store failed on the way."""
    intakes: list[Intake] = []

    def remember(intake: Intake) -> Intake:
        intakes.append(intake)
        return intake

    try:
        yield remember
    finally:
        repair = "let soc have more, or make [ingest] batch in soc.toml smaller; the next run reads it on"
        oversized = [f"{path}: there is not enough memory to store what was read of it\n  {repair}" for path in sorted(tally.oversized)]
        refused = {line for intake in intakes for line in intake.refused}
        tally.refused = len(refused) + len(oversized)
        left = [f"{path}: left alone: {said}" for path, said in sorted(tally.elsewhere.items())]
        notes = dict.fromkeys(line for intake in intakes for line in (*intake.notes, *intake.refused))
        for line in "\n".join((*notes, *oversized, *left)).splitlines():
            note(line)
        elsewhere = f"; {len(left)} are read elsewhere" if left else ""
        note(
            f"read {tally.read} lines in {tally.batches} batches: {tally.events} events, {tally.unrecognised} of them unrecognised, "
            f"{tally.failed} failed; {tally.refused} files refused{elsewhere}" + ("; stopped before the end" if stop() else "")
        )
        if tally.letters:
            note(f"the cluster refused {tally.letters} events; they are kept as dead letters: see soc doctor")
