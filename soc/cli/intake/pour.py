"""Standard input into a cluster: while that cannot be written, lines wait in `spool` under the state folder.

Files need no spool: their positions do not advance. A pipe cannot be read twice, so what was read of it is put on disk, to its
last byte, before more is read. Whoever ingests next, this process or another, reads the spool first.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from soc.cli.call.context import Soc
from soc.cli.call.output import note
from soc.cli.intake.jobs import How, Jobs, ingest_jobs
from soc.errors import StoreError, StoreUnreachable, Unavailable

if TYPE_CHECKING:
    from soc.ingest.inlet import Inlet
    from soc.ingest.intake import Piped, Poured
    from soc.ingest.pump import Tally

AGAIN = 5.0  # seconds after which it is asked whether the store can be written again


def spool_folder(soc: Soc) -> Path:
    return soc.home / "spool"


def spooled_jobs(soc: Soc) -> list[Poured]:
    """One job for each spool that nobody is at, oldest first."""
    from soc.ingest.feeds import STDIN, feed_named
    from soc.ingest.inlet import Inlet
    from soc.ingest.intake import Poured
    from soc.ingest.spool import spools

    jobs, feeds, folder = [], soc.content.feeds, spool_folder(soc)
    for spool in spools(folder, note):
        feed = feeds.get(spool.head.feed) or feed_named(STDIN, feeds)
        jobs.append(Poured(feed, Inlet(spool.head.feed, folder, soc.config.spool, spool=spool)))
    return jobs


def pour(soc: Soc, jobs: Jobs, how: How) -> Tally:
    """Reads spools, then the jobs. Raises StoreError where the store could not take all; standard input was read into the spool then."""
    from soc.ingest.intake import Piped
    from soc.ingest.pump import Tally

    files, pipes = [job for job in jobs if not isinstance(job, Piped)], [job for job in jobs if isinstance(job, Piped)]
    tallies = [ingest_jobs(soc, [*spooled_jobs(soc), *files], how)] if files else []
    tallies += [_poured(soc, job, how) for job in pipes]
    return Tally(**{name: sum(getattr(one, name) for one in tallies) for name in ("failed", "refused", "letters")})


def _poured(soc: Soc, job: Piped, how: How) -> Tally:
    """Reads a pipe to its end, whatever becomes of the store meanwhile."""
    from soc.ingest.inlet import Inlet
    from soc.ingest.intake import Poured
    from soc.ingest.open import Pipe

    inlet = Inlet(job.feed.name, spool_folder(soc), soc.config.spool, pipe=Pipe(job.handle), name=job.name)
    while True:
        try:
            return ingest_jobs(soc, [*spooled_jobs(soc), Poured(job.feed, inlet)], how)
        except Unavailable as error:  # the desk, too, or a lease: what was read is kept whatever the reason
            if not inlet.has_read and not isinstance(error, StoreUnreachable):
                raise
            _spill(soc, inlet, how, error)


def _spill(soc: Soc, inlet: Inlet, how: How, error: Unavailable) -> None:
    """Returns when the store can be written again. Raises the error, with what waits where, at the pipe's end."""
    inlet.save()
    note(f"{error}\n  meanwhile standard input is kept in {spool_folder(soc)}")
    asked = soc.monotonic()
    for _ in inlet.spill():
        if how.stop():
            break
        if soc.monotonic() - asked >= AGAIN:
            if _takes(soc):
                return
            asked = soc.monotonic()
    if inlet.spool is not None:
        waiting = inlet.spool.end - inlet.spool.head.base
        what = f"{waiting} bytes of standard input wait in {inlet.spool.path}"
        raise StoreError(f"{str(error).splitlines()[0]}\n  {what}: the next soc ingest or soc run reads them first")


def _takes(soc: Soc) -> bool:
    """Whether the store can be written just now."""
    try:
        with soc.store.writer() as writer:
            return not writer.crowded()
    except Unavailable:
        return False
