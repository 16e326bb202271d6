"""`soc demo`: a day at a research network, from raw logs to cases that wait for a person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import safe_echo
from soc.folders import alone

if TYPE_CHECKING:
    from soc.desk.cases.case import Case, Head
    from soc.store.base import Added, Tables


@click.command()
@click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), help="The demo's own folder.  [default: demo in the state folder]"
)
@pass_soc
def demo(soc: Soc, home: Path | None) -> int:
    """A day at a research network: raw logs of eight institutions are read, searched, and become cases.

    Logs, events and cases lie in a folder of their own, so that every other command can be tried on them.
    Run again it shows what has become of them; to begin anew, remove the folder.

    \b
    Example:  soc demo --home /tmp/soc-demo
    """
    from soc.cli.begin.demo_folder import DAY, lay_out
    from soc.cli.begin.init import make_state

    folder = (home or soc.home / "demo").absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(folder):
        lay_out(folder)
        here = Soc(folder, folder / "soc.toml", (), soc.stated_store)
        make_state(here, quiet=True)
    safe_echo(f"{DAY} at eight institutions: their logs lie in {folder / 'logs'}")
    failures = _work(here)
    _show(here)
    here.store.close()
    here.desk.close()
    return 4 if failures else 0


def _work(here: Soc) -> int:
    """Reads the logs, runs the rules, advances the playbooks; returns how many things failed."""
    from soc.cli.begin.demo_folder import END
    from soc.cli.call.pipeline import detector, overlap_guard, report, report_content, stopper
    from soc.cli.cases.respond import respond_all
    from soc.cli.intake.ingest import feed_jobs
    from soc.cli.intake.jobs import How, ingest_jobs

    stop = stopper(here, None)
    memory: dict[int, Tables] = {}

    def keep(added: Added) -> None:
        memory[added.batch.number] = added.tables

    with overlap_guard(here, "soc run"):
        tally = ingest_jobs(here, feed_jobs(here, None), How(stop, final=True, as_of=END, trial=True), on_batch=keep)
        outcome = detector(here).run(stop=stop, memory=memory)
        report(outcome)
        failures = 0 if stop() else respond_all(here, stop=stop)
    return report_content(here) + tally.failed + tally.refused + len(outcome.failed) + failures


def _show(here: Soc) -> None:
    """The queue, its first case with the timeline, and what to try next."""
    from soc.cli.cases.case_show import show_case
    from soc.cli.cases.listed import print_cases

    with here.desk.read() as tx:
        queue = [head for head in tx.heads() if head.status != "closed"]
        _heading(f"The queue: {len(queue)} cases")
        print_cases(queue, "table")
        if queue:
            _heading("The first of them")
            show_case(here, tx, queue[0].id, "table")
        first = tx.case(queue[0].id) if queue else None
    _heading("Next, try")
    for arguments in _next(first, queue):
        safe_echo(f"  {here.pasted(*arguments)}")


def _heading(text: str) -> None:
    click.echo(f"\n{text}\n")


def _next(first: Case | None, queue: Sequence[Head]) -> list[list[str]]:
    """Three commands that lead on from here."""
    from soc.cli.begin.demo_folder import DAY, NEXT_DAY

    hunt = [
        "hunt",
        "timeline",
        "event.outcome:failure OR event.type:denied",
        "--since",
        DAY,
        "--until",
        NEXT_DAY,
        "--by",
        "organization.id",
    ]
    if first is None:
        return [["case", "list", "--status", "all"], hunt, ["status"]]
    answer = ["case", "assign", first.head.id]
    for asked in first.questions[:1]:
        answer = ["playbook", "answer", first.head.id, str(asked["step"]), _choice(asked.get("choices"))]
    return [answer, ["case", "show", queue[-1].id], hunt]


def _choice(choices: object) -> str:
    """An answer that lets the playbook go on without knowing more than it says."""
    if not isinstance(choices, (list, tuple)) or not choices:
        return "none"
    return "not_known" if "not_known" in choices else str(choices[-1])
