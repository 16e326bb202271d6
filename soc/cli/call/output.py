"""How answers are printed: tables for people on a terminal, JSON lines or CSV elsewhere. Diagnostics go to stderr."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click
import orjson

from soc.text import csv_cell, json_for_terminals, printable

F = TypeVar("F", bound=Callable[..., Any])
PAPER = 160  # columns of a table that is not printed on a terminal
OUTPUTS = ("table", "json", "csv")


def output_option(command: F) -> F:
    """Adds `--output table|json|csv`; the default is a table on a terminal and JSON elsewhere."""
    text = "How to print.  [default: table on a terminal, else json]"
    return click.option("--output", type=click.Choice(OUTPUTS), default=None, help=text)(command)


def chosen(output: str | None) -> str:
    """The output format in force."""
    return output or ("table" if sys.stdout.isatty() else "json")


def emit(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], output: str | None, *, title: str = "") -> int:
    """Prints rows, a JSON object a line, CSV with a header, or a table of `columns`; of none nothing. Returns how many there were."""
    form = chosen(output)
    if form == "json":
        listed = list(rows)
        for row in listed:
            emit_object(row)
        return len(listed)
    if form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        listed = list(rows)
        if listed:
            writer.writerow(map(_header, columns))
        writer.writerows([csv_cell(cell(row.get(c))) for c in columns] for row in listed)
        return len(listed)
    return _table(list(rows), columns, title)


def emit_object(value: Any) -> None:
    """Prints one JSON object on a line of its own."""
    click.echo(json_text(value))


def json_text(value: Any) -> str:
    """A value as JSON that steers no terminal."""
    return json_for_terminals(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=str).decode())


def cell(value: Any) -> str:
    """A value as a table shows it; lists are joined by commas, so are names with their values; nothing is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {cell(one)}" for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(item) for item in value)
    return str(value)


def safe_echo(text: str, *, err: bool = False) -> None:
    """Prints text that may come from a log: one line stays one line, control characters become escapes."""
    click.echo(printable(text), err=err)


def note(text: str) -> None:
    """A diagnostic for people, on stderr: line ends stay, other control characters become escapes."""
    click.echo("\n".join(printable(line) for line in text.split("\n")), err=True)


def log_safely() -> None:
    """From here on what soc or a library logs reaches stderr as `note` would say it, where nobody has set up another way."""
    import logging

    class Printable(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return "\n".join(printable(line) for line in super().format(record).split("\n"))

    if logging.lastResort is not None:
        logging.lastResort.setFormatter(Printable())


def _header(name: str) -> str:
    """The name of a column as a CSV cell: a pivot makes names out of values; the field of time is no formula."""
    return name if name == "@timestamp" else csv_cell(name)


def _table(rows: list[Mapping[str, Any]], columns: Sequence[str], title: str) -> int:
    if not rows:
        if title:
            click.echo(printable(title))
        return 0
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    cells = [[printable(cell(row.get(name))) for name in columns] for row in rows]
    needed = 0
    for number, name in enumerate(map(printable, columns)):
        widest = max((len(name), *(len(row[number]) for row in cells)))
        table.add_column(Text(name), overflow="fold", min_width=min(widest, 17))  # ids, words and times stay whole
        needed += min(widest, 17) + 2
    for row in cells:
        table.add_row(*map(Text, row))
    console = Console(soft_wrap=False, highlight=False)
    wide = console.width if console.is_terminal else PAPER
    console.width = max(wide, needed)  # a narrow terminal breaks lines; that is better read than columns of one letter
    console.print(table)
    return len(rows)
