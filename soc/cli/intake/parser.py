"""`soc parser`: list, show, check, accept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import chosen, emit, emit_object, note, output_option, safe_echo
from soc.cli.call.words import LogFile
from soc.errors import UsageError
from soc.parsing import Dataset, Parser
from soc.parsing.accept import accepted
from soc.parsing.parser import Any_
from soc.parsing.samples import check_samples, load_samples


@click.group()
def parser() -> None:
    """Parsers: list, show, check, try, accept."""


@parser.command("list")
@output_option
@pass_soc
def list_(soc: Soc, output: str | None) -> None:
    """List the formats that are read, with what each supplies."""
    rows = [
        {
            "name": known.name,
            "title": known.title,
            "envelope": known.envelope,
            "recognised by": _recognised_by(known),
            "datasets": [dataset.name for dataset in known.supplies],
        }
        for known in soc.content.parsers.values()
    ]
    emit(rows, ("name", "title", "envelope", "recognised by", "datasets"), output)
    _tell(soc)


@parser.command()
@click.argument("name")
@output_option
@pass_soc
def show(soc: Soc, name: str, output: str | None) -> None:
    """Show a parser: how it recognises its lines, its datasets with Sigma logsources and fields, how many samples it has."""
    known = _named(soc, name)
    samples, _ = load_samples(_sample_file(soc, known))
    shown = {
        "name": known.name,
        "title": known.title,
        "envelope": known.envelope,
        "recognised by": _recognised_by(known),
        "samples": len(samples),
        "datasets": {dataset.name: _dataset(dataset) for dataset in known.supplies},
    }
    if chosen(output) == "json":
        emit_object(shown)
        return
    for line in _lines(shown):
        safe_echo(line)


@parser.command()
@click.argument("names", nargs=-1)
@pass_soc
def check(soc: Soc, names: tuple[str, ...]) -> int:
    """Check parsers against their samples, all of them without NAMES. Exits 2 when something is wrong.

    Samples are read as their parser says, and as ingest reads them where no feed states the format: what the envelope or another
    parser takes is wrong, and so is an event without a time of its own, unless the sample says `stated: true` or `timeless: true`.
    """
    known = [_named(soc, name) for name in names] or list(soc.content.parsers.values())
    ingest = soc.content.routes()
    faults = [fault for one in known for fault in check_samples(one, _sample_file(soc, one), soc.content.catalogue, ingest)]
    if not names:
        faults = [*soc.content.errors, *faults]
    for fault in faults:
        note(str(fault))
    note(f"{len(known)} parsers, {len(faults)} faults")
    return 2 if faults else 0


@parser.command("try")
@click.argument("file", type=LogFile())
@click.argument("name")
@click.option("--zone", default="UTC", show_default=True, help="The zone of times that state none, as Europe/Vienna.")
@output_option
@pass_soc
def try_(soc: Soc, file: str, name: str, zone: str, output: str | None) -> int:
    """Read FILE as ingest would, and name each line that parser NAME does not read: what the envelope or another parser takes, what
    fails, and events without a time of their own. Exits 2 when there are any.

    \b
    Example:  soc parser try /var/log/door.log door
    """
    from soc.cli.intake.trying import try_lines

    tried = try_lines(soc, Path(file), _named(soc, name), zone)
    rows = ({"line": number, "finding": finding, "text": text} for number, finding, text in tried.findings)
    emit(rows, ("line", "finding", "text"), output)
    _tell(soc)
    note(f"{tried.lines} lines, {tried.read} read by {name}; {tried.found} findings" + (", the first of them" if tried.cut else ""))
    return 2 if tried.found or soc.content.errors else 0


@parser.command()
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Only show the difference.")
@pass_soc
def accept(soc: Soc, name: str, dry_run: bool) -> None:
    """Write what the sample lines of a parser mean now into their expectations, and show the difference.

    Lines, names, comments and order stay. A new sample needs only its name and line.
    """
    known = _named(soc, name)
    path = _sample_file(soc, known)
    text, difference = accepted(known, path, soc.content.catalogue)
    if not difference:
        note(f"{path}: nothing changes")
        return
    for line in difference.splitlines():
        safe_echo(line)
    if not dry_run:
        path.write_text(text, "utf-8")


def _named(soc: Soc, name: str) -> Parser:
    parsers = soc.content.parsers
    if name not in parsers:
        _tell(soc)
        raise UsageError(f"parser {name!r} is not in parsers/; known: {', '.join(sorted(parsers))}")
    return parsers[name]


def _sample_file(soc: Soc, known: Parser) -> Path:
    """The samples beside the parser: of the last root that has the parser."""
    beside = soc.content.file("parsers", f"{known.name}.py")
    return beside.with_suffix(".yml")


def _tell(soc: Soc) -> None:
    for error in soc.content.errors:
        note(str(error))


def _recognised_by(known: Parser) -> list[str]:
    programs = [f"program {program}" for program in sorted(known.programs)]
    marks = [f"text {mark!r}" for mark in known.marks]
    return [*programs, *marks, *(["its form"] if known.recognises else [])]


def _dataset(dataset: Dataset) -> dict[str, Any]:
    return {
        "logsources": [dict(logsource) for logsource in dataset.logsources],
        "fields": {name: None if isinstance(values, Any_) else sorted(values) for name, values in sorted(dataset.fields.items())},
    }


def _lines(shown: dict[str, Any]) -> Iterator[str]:
    for key in ("name", "title", "envelope", "samples"):
        yield f"{key:<14}{shown[key]}"
    yield f"{'recognised by':<14}{', '.join(shown['recognised by'])}"
    for name, dataset in shown["datasets"].items():
        yield ""
        yield f"dataset {name}"
        for logsource in dataset["logsources"]:
            yield "  logsource   " + ", ".join(f"{key}: {value}" for key, value in logsource.items())
        for field, values in dataset["fields"].items():
            yield f"  {field:<32}{'' if values is None else ', '.join(map(str, values))}"
