"""`soc parse`: lines in, events out, nothing stored."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import orjson

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import note
from soc.cli.call.when import as_of as moment_of
from soc.cli.call.words import LogFile
from soc.content import load_content
from soc.ingest.identity import event_ids, source_id
from soc.ingest.lines import Chunk, chunks
from soc.ingest.open import File, Pipe
from soc.ingest.zones import zone_named
from soc.parsing import Clock, Stream
from soc.parsing.printed import Printer, nested
from soc.parsing.routes import Routes
from soc.text import json_for_terminals

_BLOCK = 256 << 10  # bytes
_NO_LIMIT = 1 << 62  # a line is one object, however long it is


@click.command()
@click.option("--format", "stated", help="The lines' format: a parser's name (soc parser list) or syslog.  [default: recognised]")
@click.option("--nested", "deep", is_flag=True, help='Objects within objects: {"source": {"ip": …}}.')
@click.option("--zone", default="UTC", show_default=True, help="Zone of times that name none, as Europe/Vienna.")
@click.option("--as-of", help="When the lines were written at the latest: 2026-10-11, 7d …  [default: the file's time of change, or now]")
@click.argument("file", type=LogFile(), default="-")
@pass_soc
def parse(soc: Soc, stated: str | None, deep: bool, zone: str, as_of: str | None, file: str) -> None:
    """Print the event of each line of FILE (- is standard input), one JSON object a line, in their order.

    Whatever a line is, it gives one object, and the exit code is 0.

    \b
    Example:  soc parse --format syslog /var/log/auth.log | jq 'select(.["event.outcome"] == "failure")'
    """
    now = soc.now()
    content = load_content(soc.roots, parser=stated)
    routes = content.routes(stated)
    printer = Printer(content.catalogue, content.parsers.values())
    for error in content.errors:
        note(str(error))
    lines = _Lines(file, moment_of(as_of, now) if as_of else None, soc)
    stream = Stream(Clock(now, zone_named(zone), until=now))
    out = open(sys.stdout.fileno(), "wb", _BLOCK, closefd=False)  # noqa: SIM115 - with more room than sys.stdout has
    collecting = gc.isenabled()
    gc.disable()  # events hold no cycles, and looking for them costs more than reading a line
    try:
        for chunk in filter(_has_lines, lines):
            if (received := lines.received()) != stream.clock.received:
                stream.clock = Clock(received, stream.clock.zone, until=soc.now())
            _write(_safely(out.write) if out.isatty() else out.write, chunk.raws, lines.ids(chunk), routes, stream, printer, deep)
            out.flush()
    finally:
        if collecting:
            gc.enable()


def _has_lines(chunk: Chunk) -> bool:
    """A silent pipe gives chunks without lines."""
    return bool(chunk.raws)


class _Lines:
    """The lines of a file or of standard input, in chunks; `received`: a moment not before they were written."""

    def __init__(self, path: str, as_of: int | None, soc: Soc) -> None:
        self._as_of, self._now, self._path = as_of, soc.now, path
        self._file = None if path == "-" else File(Path(path))
        self._source: str | None = None

    def __iter__(self) -> Iterator[Chunk]:
        pieces = self._file.pieces() if self._file else Pipe(sys.stdin.fileno()).pieces()
        return chunks(pieces, 0, final=True, limit=_NO_LIMIT)

    def received(self) -> int:
        if self._as_of is not None:
            return self._as_of
        now = self._now()
        return self._file.written(now) if self._file else now

    def ids(self, chunk: Chunk) -> list[str]:
        """The ids that the lines have whenever this file is printed; ingest gives others."""
        if self._source is None:
            self._source = source_id("parse", self._path if self._file else "-", chunk.raws[0], 0)
        return event_ids(self._source, chunk.offsets, chunk.raws)


def _safely(write: Callable[[bytes], object]) -> Callable[[bytes], object]:
    """For a terminal: JSON leaves characters in place that steer one."""
    return lambda object_: write(json_for_terminals(object_.decode()[:-1]).encode() + b"\n")


def _write(
    write: Callable[[bytes], object], raws: list[bytes], ids: list[str], routes: Routes, stream: Stream, printer: Printer, deep: bool
) -> None:
    read, flat, dumps, newline = routes.event, printer.flat, orjson.dumps, orjson.OPT_APPEND_NEWLINE
    for raw, event_id in zip(raws, ids, strict=True):
        event = read(raw, stream)
        event["event.id"] = event_id
        shown = flat(event)
        write(dumps(nested(shown) if deep else shown, None, newline))
