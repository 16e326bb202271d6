"""`soc try`: any logs, nothing configured, nothing kept."""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import chosen, note
from soc.cli.call.progress import pieces_done
from soc.cli.call.when import as_of as moment_of
from soc.cli.call.words import LogFile
from soc.folders import scratch

if TYPE_CHECKING:
    from soc.ingest.pump import Tally

TOGETHER = 1_000_000  # hits that are judged at once: nobody else has to wait for the desk meanwhile


@click.command("try")
@click.argument("files", nargs=-1, type=LogFile(), required=True)
@click.option("--format", "stated", help="What every line is: a parser's name, or syslog.  [default: recognised line by line]")
@click.option("--rules", multiple=True, type=click.Path(path_type=Path), help="A folder or file of Sigma rules, added to ours; repeatable.")
@click.option("--as-of", help="When the lines were written at the latest: 2026-10-11, 7d …  [default: the file's time of change, or now]")
@click.option("--zone", help="The zone of times that state none, as Europe/Vienna.  [default: UTC]")
@click.option(
    "--output", type=click.Choice(("table", "json")), default=None, help="How to print.  [default: table on a terminal, else json]"
)
@pass_soc
def try_(
    soc: Soc, files: tuple[str, ...], stated: str | None, rules: tuple[Path, ...], as_of: str | None, zone: str | None, output: str | None
) -> int:
    """Read FILES (also .gz .bz2 .xz .zst, folders, or - for standard input), run all rules, show alerts and cases.

    Nothing has to be configured, and nothing is kept. Private addresses count as inside. Rules given with --rules are
    loaded whatever their status or level; those that cannot run on these formats are listed with the reason.

    \b
    Examples:  soc try /var/log/auth.log
               soc try --format suricata eve.json.gz --rules ~/sigma/rules --output json
    """
    from soc.cli.begin.trials import sweep_trial, trial_config
    from soc.content import load_content

    import_module("soc.match.hits")  # numpy cannot be loaded again once an interrupt ended its loading
    interrupted = _Interrupted()
    with scratch(Path(tempfile.gettempdir()), "try", sweep=partial(sweep_trial, soc)) as folder:
        here = Soc(folder, None, ())
        here.config = trial_config(soc, folder)
        here.content = load_content(soc.roots, cache=soc.cache, extra_rules=rules)
        here.content.institutions = here.content.institutions.with_private()  # so that rules can tell inside from outside
        try:
            tally = _read(here, files, stated, zone, moment_of(as_of, soc.now()) if as_of else None, interrupted)
            interrupted.end()
            for error in here.content.errors:
                note(str(error))
            _print(here, tally, chosen(output))
        finally:
            _put_away(here)
    return 4 if tally.refused else 0


class _Interrupted:
    """SIGINT and SIGTERM end a trial at once: nothing of it is kept, so that no clean point is worth waiting for."""

    def __init__(self) -> None:
        self.raised = False
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as a shell without job control starts what it does not wait for
                signal.signal(number, self._raise)

    def _raise(self, number: int, frame: FrameType | None) -> None:
        self.raised = True
        raise KeyboardInterrupt

    def __call__(self) -> bool:
        return self.raised

    def end(self) -> None:
        """Raises KeyboardInterrupt where the one that the signal raised was lost, as in what frees an object."""
        if self.raised:
            raise KeyboardInterrupt


def _read(here: Soc, files: Sequence[str], stated: str | None, zone: str | None, as_of: int | None, stop: _Interrupted) -> Tally:
    """Reads the files to their end and runs the rules over them."""
    from soc.cli.begin.init import make_state
    from soc.cli.call.pipeline import detector
    from soc.cli.intake.jobs import How, ingest_jobs
    from soc.ingest.feeds import Feed
    from soc.ingest.intake import Files, Piped
    from soc.ingest.zones import zone_named

    feed = Feed("try", format=stated)
    if stated:
        here.content.routes(stated)  # an unknown format is said before anything is read
    if zone:
        feed = replace(feed, zone=zone_named(zone))
    make_state(here, quiet=True)
    jobs = [Piped(feed, sys.stdin.fileno()) if path == "-" else Files(feed, [path], stated=True) for path in files]
    tally = ingest_jobs(here, jobs, How(stop, final=True, as_of=as_of, trial=True))
    with pieces_done("events searched") as progress:
        outcome = replace(detector(here, kind="try"), together=TOGETHER).run(stop=stop, progress=progress)
    for place, reason in outcome.failed.items():
        note(f"failed: {place}: {reason}")
    return tally


def _print(here: Soc, tally: Tally, form: str) -> None:
    from soc.cli.begin.tried import Tried, print_json, print_tables

    tried = Tried(here, tally)
    if form == "json":
        print_json(tried, here)
    else:
        print_tables(tried)


def _put_away(here: Soc) -> None:
    """Closes what was opened, and takes away what was made elsewhere than in the folder."""
    from soc.cli.begin.trials import remove_trial

    opened = vars(here)
    if "store" in opened:
        here.store.close()
    remove_trial(here)
    if "desk" in opened:
        here.desk.close()
