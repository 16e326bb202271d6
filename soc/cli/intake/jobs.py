"""What is read into the store at once, and what is said of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from soc.cli.call.context import Soc
from soc.cli.call.output import note
from soc.cli.call.progress import bytes_done
from soc.model import ALWAYS
from soc.times import DAY

if TYPE_CHECKING:
    from datetime import tzinfo

    from soc.ingest.batch import Batch
    from soc.ingest.inlet import Inlet
    from soc.ingest.intake import Intake, Job
    from soc.ingest.pump import Tally
    from soc.store.base import Added

Jobs = Sequence["Job"]


@dataclass(frozen=True, slots=True)
class How:
    """How lines are read: see `soc.ingest.intake.Terms`. `trial`: nothing of it is kept, so that nothing is too old."""

    stop: Callable[[], bool]
    final: bool = False
    as_of: int | None = None
    zone: tzinfo | None = None
    trial: bool = False


def ingest_jobs(soc: Soc, jobs: Jobs, how: How, *, on_batch: Callable[[Added], None] | None = None) -> Tally:
    """Reads the jobs into the store and prints totals and refusals on stderr, also when the store fails on the way."""
    from soc.ingest.intake import Intake, Poured, Terms
    from soc.ingest.pump import Tally, pump_shared

    inlets = [job.inlet for job in jobs if isinstance(job, Poured)]
    days = max(soc.config.retention_days, *(keep.days for keep in soc.config.keeps), 0)
    keep_from = ALWAYS.since if how.trial else max(soc.now() - days * DAY, ALWAYS.since)
    tally, content = Tally(keep_from=keep_from), soc.content
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


@contextmanager
def _reported(tally: Tally, stop: Callable[[], bool]) -> Iterator[Callable[[Intake], Intake]]:
    """Prints, when all is over, what became of what the given intakes read: also when the store failed on the way."""
    from soc.ingest.skew import skew_lines

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
        for line in skew_lines(tally.skewed):
            note(line)
        if tally.old:
            kept = "more days under [retention] in soc.toml keep them; what goes is said by: soc retain --dry-run"
            note(f"{tally.old} of the events are older than the retention, which lets them go\n  {kept}")
        if tally.letters:
            note(f"the cluster refused {tally.letters} events; they are kept as dead letters: see soc doctor")
