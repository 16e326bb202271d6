"""`soc check`: all content of all roots."""

from __future__ import annotations

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import note


@click.command()
@pass_soc
def check(soc: Soc) -> int:
    """Check all content: parsers with their samples, feeds, institutions, rules, exceptions, playbooks.

    Exits 2 when something is wrong; each fault is named with its place and the repair. A dormant rule of our own is wrong.
    """
    from soc.parsing.samples import check_samples
    from soc.respond.playbooks.queries import query_faults

    content = soc.content
    faults = [str(error) for error in content.load()]
    ingest = content.routes()
    for parser in content.parsers.values():
        beside = content.file("parsers", f"{parser.name}.yml")
        faults += [str(fault) for fault in check_samples(parser, beside, content.catalogue, ingest)]
    faults += [str(fault) for fault in query_faults(content.playbooks, content.catalogue)]
    for rule in content.rules.dormant():
        if not rule.imported:
            faults.append(f"{rule.path}:{rule.line}: rule {rule.title!r} never runs: {rule.dormant}")
    for fault in faults:
        note(fault)
    for old, new in content.rules.shadowed:
        note(f"{new} shadows {old}")
    kinds = (("parsers", content.parsers), ("feeds", content.feeds), ("rules", content.rules.rules), ("playbooks", content.playbooks))
    note(", ".join(f"{len(held)} {kind}" for kind, held in kinds) + f"; {len(faults)} faults")
    return 2 if faults else 0
