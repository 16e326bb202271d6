"""`soc playbook`: what leads cases to their close."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import chosen, emit, emit_object, note, output_option, safe_echo
from soc.errors import Busy, UsageError

if TYPE_CHECKING:
    from soc.respond.playbooks.playbook import Playbook, Step
    from soc.respond.runs.run import Responder

COLUMNS = ("id", "title", "when", "steps", "asking", "running")


@click.group()
def playbook() -> None:
    """Playbooks: what to do about a case, step by step.

    \b
    Example:  soc playbook list
              soc playbook answer 2026-000123 confirmed yes
    """


@playbook.command("list")
@output_option
@pass_soc
def list_(soc: Soc, output: str | None) -> int:
    """All playbooks, which cases they lead, and how many runs of each go on.

    \b
    Example:  soc playbook list
    """
    books, states = _books(soc), _states(soc)
    rows = [
        {"id": book.id, "title": book.title, "when": _when(book), "steps": len(book.steps), "owner": book.owner, "path": str(book.path)}
        | {"asking": states.get(book.id, []).count(True), "running": states.get(book.id, []).count(False)}
        for book in sorted(books.values(), key=lambda book: book.id)
    ]
    emit(rows, COLUMNS, output)
    return _report(soc)


@playbook.command()
@click.argument("id")
@output_option
@pass_soc
def show(soc: Soc, id: str, output: str | None) -> None:
    """One playbook with its steps and where each leads.

    \b
    Example:  soc playbook show port-scan
    """
    books = _books(soc)
    if id not in books:
        raise UsageError(f"there is no playbook {id!r}\n  there are: {', '.join(sorted(books)) or 'none'}")
    book = books[id]
    steps = [_step(step) for step in book.steps.values()]
    if chosen(output) == "json":
        emit_object({"id": book.id, "title": book.title, "when": _when(book), "description": book.description, "steps": steps})
        return
    if chosen(output) == "table":
        for line in (f"{book.title} ({book.id})", f"  when   {_when(book)}", f"  owner  {book.owner}", f"  file   {book.path}"):
            safe_echo(line)
        if book.description:
            safe_echo(f"\n{book.description}" if "\n" not in book.description else book.description.replace("\n", " "))
    emit(steps, ("step", "kind", "does", "leads"), output)


@playbook.command()
@click.argument("case")
@click.argument("id")
@pass_soc
def run(soc: Soc, case: str, id: str) -> int:
    """Begin playbook ID on a case, whatever else leads it.

    \b
    Example:  soc playbook run 2026-000123 port-scan
    """
    _books(soc)
    here = _responder(soc)
    begun = here.begin(case, id, actor=soc.actor)
    note(f"case {case}: run {begun.number}, {id}")
    return _go_on(soc, here, case)


@playbook.command()
@click.argument("case")
@click.argument("step")
@click.argument("value")
@click.option("--run", "number", type=click.IntRange(1), help="Which run, when several ask with the same step.")
@pass_soc
def answer(soc: Soc, case: str, step: str, value: str, number: int | None) -> int:
    """Answer the question that STEP of a playbook asks about a case; the playbook goes on at once.

    `soc case show` prints the question and what can be answered.

    \b
    Example:  soc playbook answer 2026-000123 confirmed yes
    """
    _books(soc)
    here = _responder(soc)
    here.answer(case, step, value, actor=soc.actor, number=number)
    return _go_on(soc, here, case)


def questions(soc: Soc, case: str) -> list[dict[str, Any]]:
    """The questions about a case that wait for an answer."""
    with soc.desk.read() as tx:
        found = tx.case(case)
    return [dict(asked) for asked in found.questions] if found else []


def question_lines(soc: Soc, case: str, asked: Mapping[str, Any]) -> list[str]:
    """A question, and the command that answers it."""
    choices = "|".join(map(str, asked.get("choices") or ())) or "TEXT"
    answer = soc.pasted("playbook", "answer", case, str(asked.get("step")))
    return [*str(asked.get("text", "")).split("\n"), f"  {answer} {choices}"]


def _go_on(soc: Soc, here: Responder, case: str) -> int:
    from soc.cli.call.pipeline import stopper
    from soc.cli.cases.respond import report

    try:
        outcome = here.respond(stop=stopper(soc, None), case=case)
    except Busy as busy:
        note(f"put down; the playbook goes on with the next soc respond: {busy}")
        return 0
    report(outcome)
    for asked in questions(soc, case):
        for line in question_lines(soc, case, asked):
            safe_echo(line)
    return 4 if outcome.failed else 0


def _books(soc: Soc) -> dict[str, Playbook]:
    soc.content.load("institutions", "playbooks")
    return soc.content.playbooks


def _report(soc: Soc) -> int:
    from soc.cli.call.pipeline import report_content

    return 4 if report_content(soc) else 0


def _responder(soc: Soc) -> Responder:
    from soc.cli.cases.respond import responder

    return responder(soc)


def _states(soc: Soc) -> dict[str, list[bool]]:
    """Playbook -> for each run that goes on, whether it asks. Nothing before `soc init`."""
    from soc.respond.runs.progress import fold

    if soc.config.desk == "sqlite" and not (soc.home / "desk.db").exists():
        return {}
    states: dict[str, list[bool]] = {}
    with soc.desk.read() as tx:
        for one in tx.playbook_runs(unended=True):
            states.setdefault(one.playbook, []).append(fold(tx.journal(one.id)).state in ("asking", "unsure"))
    return states


def _when(book: Playbook) -> str:
    when = book.when
    parts = [
        f"{name} {', '.join(words)}"
        for name, words in (("rules", when.rules), ("tags", when.tags), ("categories", when.categories))
        if words
    ]
    return (" or ".join(parts) or "every case") + ("" if when.level == "informational" else f"; {when.level} or higher")


def _step(step: Step) -> dict[str, Any]:
    leads = ", ".join(f"{outcome or 'answer'} -> {to}" for outcome, to in step.exits.items())
    return {"step": step.name, "kind": step.kind, "does": " ".join(step.does.split()), "leads": leads}
