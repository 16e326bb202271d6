"""Make docs/reference: the commands, parsers and fields as the code declares them.

    python -m tools.make_docs

`tests/test_docs.py` compares. Nothing in the pages depends on the machine, the state folder or the day.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from soc.cli.main import cli
from soc.content import load_content, shipped_root
from soc.fields import ECS_VERSION, Field, base_catalogue
from soc.parsing import Dataset, Parser
from soc.parsing.routes import SYSLOG

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
_MADE = "<!-- made by `make docs`; not to be edited -->"
_ENVELOPE = {"syslog": "behind a syslog header", "none": "whole lines"}


def page(name: str) -> str:
    """The text of one of PAGES."""
    return "\n".join(PAGES[name]()).rstrip("\n") + "\n"


def _commands() -> Iterator[str]:
    yield from (_MADE, "# Commands", "")
    yield from _command(cli, "soc", None)


def _command(command: click.Command, path: str, parent: click.Context | None) -> Iterator[str]:
    """The command's own section and those of what lies under it."""
    context = click.Context(command, info_name=path.rpartition(" ")[2], parent=parent)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    yield from ("#" * min(path.count(" ") + 2, 3) + f" {path}", "", "```", usage, "```", "")
    yield from _help(command.help or "")
    yield from _options(command, context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if child := command.get_command(context, name):
                yield from _command(child, f"{path} {name}", context)


def _help(text: str) -> Iterator[str]:
    """Paragraphs as they stand; those that click is told not to wrap as code."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b"):
            yield from ("```text", paragraph.removeprefix("\b").strip("\n"), "```", "")
        elif paragraph:
            yield from (_prose(paragraph), "")


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    records = [record for option in command.params if isinstance(option, click.Option) and (record := option.get_help_record(context))]
    for written, meaning in records:
        yield f"- `{written}`{': ' if meaning else ''}{_prose(meaning)}"
    if records:
        yield ""


def _prose(text: str) -> str:
    return text.replace("*", r"\*").replace("<", r"\<")


def _shipped() -> list[Parser]:
    parsers = load_content(()).parsers
    return [parsers[name] for name in sorted(parsers)]


def _parsers() -> Iterator[str]:
    yield from (
        f"{_MADE}",
        "# Parsers",
        "",
        "A rule sees a dataset when each key of its `logsource` equals one declared there. Values behind a field are all that it takes.",
        "Besides what is listed, events carry what the header says (`syslog` below) and what ingest adds ([fields](fields.md)).",
        "",
    )
    for parser in _shipped():
        yield from (f"## {parser.name}: {parser.title}", "", *_doc(parser), *_recognised(parser), "")
        yield from _datasets(parser.supplies)
    yield from ("## syslog: what no parser understands", "", "Lines whose header was read, and nothing more.", "")
    yield from _datasets([SYSLOG])


def _doc(parser: Parser) -> Iterator[str]:
    """What the parser's module says of the format and where it is defined, but for the names of its other modules."""
    source = (shipped_root() / "parsers" / f"{parser.name}.py").read_text("utf-8")
    for paragraph in (ast.get_docstring(ast.parse(source)) or "").split("\n\n"):
        if paragraph.startswith("    "):
            yield from ("```text", textwrap.dedent(paragraph), "```", "")
        else:
            yield from (_prose(paragraph), "")


def _recognised(parser: Parser) -> Iterator[str]:
    yield f"- Read: {_ENVELOPE[parser.envelope]}"
    if parser.programs:
        yield f"- Programs: {_names(parser.programs)}"
    if parser.marks:
        yield f"- Marks in the message: {_names(parser.marks)}"


def _datasets(supplied: Iterable[Dataset]) -> Iterator[str]:
    """Datasets with the same fields share one list of them."""
    alike: dict[tuple[str, ...], list[Dataset]] = defaultdict(list)
    for dataset in supplied:
        alike[tuple(_supplied(dataset))].append(dataset)
    for lines, datasets in alike.items():
        for dataset in datasets:
            logsources = (" ".join(f"{key}: {source[key]}" for key in source) for source in dataset.logsources)
            yield from (f"### {dataset.name}", "", f"- Logsources: {', '.join(f'`{source}`' for source in logsources)}", "")
        yield from (*lines, "")


def _supplied(dataset: Dataset) -> Iterator[str]:
    closed = {name: values for name, values in sorted(dataset.fields.items()) if isinstance(values, (set, frozenset))}
    yield from _wrapped(f"Fields: {_names(dataset.fields.keys() - closed)}")
    if closed:
        yield ""
    for name, values in closed.items():
        yield from _wrapped(f"- `{name}`: {_names(values)}", "  ")


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _fields() -> Iterator[str]:
    base, parsers = base_catalogue(), _shipped()
    own = [known for known in base.values() if known.meaning]
    yield from (_MADE, "# Fields", "", "Events are ECS; beside it stand soc's own fields and those that parsers declare.", "")
    yield from ("## soc's own", "", *_table(["Field", "Type", "Meaning"], ([*_cells(known)] for known in own)))
    declared = ([*_cells(known), ", ".join(names)] for known, names in _declared(parsers))
    yield from ("## Declared by parsers", "", *_table(["Field", "Type", "Meaning", "Parsers"], declared))
    yield from (
        "## ECS that some parser supplies",
        "",
        f"As ECS {ECS_VERSION} defines it.",
        "",
        *_ecs(parsers, {known.name for known in own}),
    )


def _declared(parsers: list[Parser]) -> list[tuple[Field, list[str]]]:
    """The parsers' fields by name, each with the parsers that declare it."""
    known: dict[str, tuple[Field, list[str]]] = {}
    for parser in parsers:
        for declared in parser.fields:
            known.setdefault(declared.name, (declared, []))[1].append(parser.name)
    return [known[name] for name in sorted(known)]


def _cells(known: Field) -> tuple[str, str, str]:
    return f"`{known.name}`", f"list of {known.type}" if known.array else known.type, _prose(known.meaning)


def _table(heads: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    for row in (heads, ["---"] * len(heads), *rows):
        cells = (cell.replace("|", r"\|") for cell in row)
        yield f"| {' | '.join(cells)} |"
    yield ""


def _ecs(parsers: list[Parser], own: set[str]) -> Iterator[str]:
    base = base_catalogue()
    suppliers: dict[str, set[str]] = defaultdict(set)
    for parser in parsers:
        for dataset in parser.supplies:
            for name in dataset.fields:
                if name in base and name not in own:
                    suppliers[name].add(parser.name)
    for name in sorted(suppliers):
        yield f"- `{name}`: {', '.join(sorted(suppliers[name]))}"


PAGES = {"commands.md": _commands, "parsers.md": _parsers, "fields.md": _fields}


def main() -> None:
    """Writes the pages, and removes those that are no longer made."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.md"):
        if path.name not in PAGES:
            path.unlink()
    for name in PAGES:
        (FOLDER / name).write_text(page(name), "utf-8")


if __name__ == "__main__":
    main()
