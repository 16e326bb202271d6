"""`soc respond`: the playbooks of open cases go on to their next question to a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import chosen, emit_object, note, output_option
from soc.cli.call.pipeline import report_content, stopper

if TYPE_CHECKING:
    from soc.respond.runs.run import Outcome, Responder


@click.command()
@click.option("--deadline", help="End cleanly after this long, e.g. 10m; the rest is left to the next run.")
@output_option
@pass_soc
def respond(soc: Soc, deadline: str | None, output: str | None) -> int:
    """Begin the playbook that fits each new case, and go on with all others up to their next question.

    Safe to kill and to call again: what may be repeated is, under the same key; what may not becomes a question.

    \b
    Example:  soc respond --deadline 4m
    """
    soc.content.load("institutions", "playbooks")
    refused = report_content(soc)
    outcome = responder(soc).respond(stop=stopper(soc, deadline))
    report(outcome)
    if chosen(output) == "json":
        emit_object(asdict(outcome))
    return 4 if refused or outcome.failed else 0


def respond_all(soc: Soc, *, stop: Callable[[], bool]) -> int:
    """As `soc respond`; returns how many runs failed. What is wrong with the content is left to the caller to say."""
    soc.content.load("institutions", "playbooks")
    outcome = responder(soc).respond(stop=stop)
    report(outcome)
    return len(outcome.failed)


def responder(soc: Soc) -> Responder:
    """The responder over the desk and content of this call; store and field catalogue are opened when a hunt needs them."""
    from soc.respond.actions.action import World
    from soc.respond.runs.run import Responder

    content = soc.content
    lists = {path.stem: path for root in content.roots for path in sorted((root / "detections" / "lists").glob("*.txt"))}
    world = World(
        store=lambda: soc.store,
        catalogue=lambda: content.catalogue,
        institutions=content.institutions,
        lists=lists,
        mail=soc.config.mail,
        webhook=soc.config.webhook,
    )
    return Responder(desk=soc.desk, world=world, playbooks=content.playbooks, now=soc.now, actor=soc.actor)


def report(outcome: Outcome) -> None:
    """One line of totals on stderr, then what failed."""
    later = f", {outcome.retrying} to be tried again" if outcome.retrying else ""
    left = f", {outcome.left} left" if outcome.left else ""
    note(f"playbooks: {outcome.begun} begun, {outcome.ended} ended, {outcome.asking} wait for a person{later}{left}")
    for place, reason in sorted(outcome.failed.items()):
        note(f"failed: {place}: {reason}")
    for place, reason in sorted(outcome.undone.items() - outcome.failed.items()):
        note(f"not done: {place}: {reason}")
