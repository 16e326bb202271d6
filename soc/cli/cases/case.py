"""`soc case`: the queue, one case, and what people do to cases."""

from __future__ import annotations

from typing import Any

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import note as say
from soc.cli.call.output import output_option
from soc.cli.cases.listed import minute, print_cases
from soc.cli.cases.pick import chosen_cases, filter_options, filters_of, find, split_words
from soc.desk.cases.case import Head
from soc.desk.cases.words import CATEGORY, SEVERITIES, STATUSES, TLP, VERDICTS
from soc.desk.desk import Tx
from soc.errors import UsageError
from soc.model import UNKNOWN
from soc.times import DAY


@click.group()
def case() -> None:
    """Cases: what the desk works on.

    \b
    Example:  soc case list --priority 1
              soc case show 2026-000123
              soc case close 2026-000123 2026-000124 --verdict false_positive --note 'scanner of the audit'
    """


@case.command("list")
@filter_options
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@output_option
@pass_soc
def list_(soc: Soc, /, limit: int | None, output: str | None, **options: Any) -> None:
    """The queue: by priority, then the longest open first.

    \b
    Example:  soc case list --query 'status:new severity:high ssh'
    """
    with soc.desk.read() as tx:
        found, taken = find(soc, tx, filters_of(options)), tx.taken_from(soc.actor, since=soc.now() - DAY)
    for one in taken:
        how = "took it" if one.by == one.to else f"gave it to {one.to or 'nobody'}"
        say(f"case {one.case} was yours until {minute(one.at)}; {one.by} {how}")
    print_cases(found[:limit], output)
    if not found:
        say("no case is like that; --status all shows closed ones too")


@case.command()
@click.argument("id")
@output_option
@pass_soc
def show(soc: Soc, id: str, output: str | None) -> None:
    """One case: its fields, alerts, evidence, timeline and log, and the question that waits for an answer.

    \b
    Example:  soc case show 2026-000123
    """
    from soc.cli.cases.case_show import show_case

    with soc.desk.read() as tx:
        show_case(soc, tx, id, output)


@case.command("open")
@click.option("--title", required=True, help="What it is about, in one line.")
@click.option("--institution", required=True, help="Whose it is, by id, or unknown.")
@click.option("--severity", type=click.Choice(SEVERITIES), default="medium", show_default=True)
@click.option("--priority", type=click.IntRange(1, 4), help="1 is worked first.  [default: as detections/priority.yml says]")
@click.option("--category", default=CATEGORY, show_default=True, help="RSIT class/type.")
@click.option("--tlp", type=click.Choice(TLP), default="AMBER", show_default=True)
@click.option("--note", help="What was reported.")
@output_option
@pass_soc
def open_(soc: Soc, /, title: str, institution: str, priority: int | None, note: str | None, output: str | None, **fields: Any) -> None:
    """Open a case that no alert opened: a telephone call, a mail.

    \b
    Example:  soc case open --institution example-hospital --title 'Phishing mail to staff' --category fraud/phishing
    """
    _check_report(soc, title, institution)
    fields["priority"] = priority or _priority(soc, institution, fields["severity"])
    with soc.desk.write() as tx:
        now = soc.now()
        head = tx.open_case(title=title, institution=institution, actor=soc.actor, now=now, **fields)
        changed = tx.note([head.id], note, actor=soc.actor, now=now) if note else [head]
    print_cases(changed, output)


@case.command()
@click.argument("words", nargs=-1, metavar="ID... [OWNER]")
@click.option("--to", help="Who works on them; `nobody` takes them back.  [default: me]")
@filter_options
@output_option
@pass_soc
def assign(soc: Soc, /, words: tuple[str, ...], to: str | None, output: str | None, **options: Any) -> None:
    """Give cases to somebody; without a name to yourself.

    \b
    Example:  soc case assign 2026-000123 2026-000124 alice
              soc case assign --query 'status:new priority:1'
    """
    ids, word = split_words(words, "the other word is the new owner")
    owner = to or word or soc.actor
    with soc.desk.write() as tx:
        picked = chosen_cases(soc, tx, ids, filters_of(options))
        before = {head.id: head.owner for head in tx.heads(ids=picked)}
        changed = tx.assign(picked, None if owner == "nobody" else owner, actor=soc.actor, now=soc.now())
    print_cases(changed, output)
    for head in changed:
        if before[head.id] not in (None, head.owner, soc.actor):
            say(f"case {head.id} was {before[head.id]}'s, who is told with the next soc case list")


@case.command()
@click.argument("words", nargs=-1, metavar="ID... TEXT")
@click.option("--text", help="The note, when it could be taken for something else.")
@filter_options
@output_option
@pass_soc
def note(soc: Soc, /, words: tuple[str, ...], text: str | None, output: str | None, **options: Any) -> None:
    """Write a note into the log of cases.

    \b
    Example:  soc case note 2026-000123 'called the owner of the machine, no answer'
    """
    ids, word = split_words(words, "put the note in quotation marks")
    with soc.desk.write() as tx:
        picked = chosen_cases(soc, tx, ids, filters_of(options))
        changed = tx.note(picked, text or word or "", actor=soc.actor, now=soc.now())
    print_cases(changed, output)


@case.command()
@click.argument("words", nargs=-1, metavar="ID... STATUS")
@click.option("--note", default="", help="Why.")
@click.option("--to", type=click.Choice(STATUSES), help="The new status, instead of the word.")
@filter_options
@output_option
@pass_soc
def status(soc: Soc, /, words: tuple[str, ...], note: str, to: str | None, output: str | None, **options: Any) -> None:
    """Move cases to another status; one that cannot names those that it can become.

    \b
    Example:  soc case status 2026-000123 in_progress
              soc case status waiting --mine --query ssh
    """
    ids, word = split_words(words, "the other word is the new status")
    wanted = to or word
    if not wanted:
        raise UsageError(f"which status? There are: {', '.join(STATUSES)}")
    with soc.desk.write() as tx:
        picked = chosen_cases(soc, tx, ids, filters_of(options))
        changed = tx.set_status(picked, wanted, actor=soc.actor, now=soc.now(), note=note)
    print_cases(changed, output)


@case.command()
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option("--verdict", required=True, type=click.Choice(VERDICTS), help="What it turned out to be.")
@click.option("--note", default="", help="Why.")
@filter_options
@output_option
@pass_soc
def close(soc: Soc, /, ids: tuple[str, ...], verdict: str, note: str, output: str | None, **options: Any) -> None:
    """Close cases with a verdict. `soc case status ID in_progress` opens one again.

    \b
    Example:  soc case close 2026-000123 --verdict true_positive_no_impact --note 'blocked at the border'
    """
    with soc.desk.write() as tx:
        picked = chosen_cases(soc, tx, ids, filters_of(options))
        changed = tx.close_cases(picked, verdict, actor=soc.actor, now=soc.now(), note=note)
        if any(tx.playbook_runs(case=head.id, unended=True) for head in changed):
            changed = _abandoned(soc, tx, [head.id for head in changed])
    print_cases(changed, output)


def _abandoned(soc: Soc, tx: Tx, cases: list[str]) -> list[Head]:
    """The cases once their playbooks ask nothing any more, in their order."""
    from soc.cli.cases.respond import responder

    soc.content.load("institutions", "playbooks")
    responder(soc).abandon(tx, cases)
    heads = {head.id: head for head in tx.heads(ids=cases)}
    return [heads[id] for id in cases]


def _check_report(soc: Soc, title: str, institution: str) -> None:
    known = sorted({*soc.content.institutions.by_id, UNKNOWN})
    if institution not in known:
        raise UsageError(f"there is no institution {institution!r}\n  there are: {', '.join(known)}")
    if not title.strip():
        raise UsageError("the title is empty\n  say in one line what it is about")


def _priority(soc: Soc, institution: str, severity: str) -> int:
    """What the table says while no asset is known to be concerned."""
    from soc.respond.triaging.priority import load_priority

    table = load_priority(soc.content.file("detections", "priority.yml"))
    return table.of(severity, (), soc.content.institutions.classes.get(institution))
