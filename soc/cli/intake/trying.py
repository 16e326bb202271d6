"""A file is read as ingest would read it, and what a parser does not read of it is named. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from soc.cli.call.context import Soc
from soc.ingest.lines import chunks
from soc.ingest.open import File
from soc.ingest.zones import zone_named
from soc.parsing import Clock, Parser, Stream
from soc.parsing.ingested import ODD, findings
from soc.text import decode_line
from soc.times import SECOND

MOST = 100  # findings that are listed


@dataclass
class Tried:
    """`findings`: line number, what is the matter, and the line, at most so many; `found`: how many there are."""

    lines: int = 0
    read: int = 0
    found: int = 0
    findings: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def cut(self) -> bool:
        return self.found > len(self.findings)


def try_lines(soc: Soc, path: Path, parser: Parser, zone: str) -> Tried:
    """What becomes of the lines of a file, packed or not. Raises SourceError."""
    file, routes, tried, now = File(path), soc.content.routes(), Tried(), soc.now()
    received = file.written(now) // SECOND * SECOND + ODD
    stream = Stream(Clock(received, zone_named(zone), until=now))
    for chunk in chunks(file.pieces(), 0, final=True):
        for raw in chunk.raws:
            tried.lines += 1
            found = [*findings(routes.event(raw, stream), parser, received)]
            tried.read += not found
            tried.found += len(found)
            if found and len(tried.findings) < MOST:
                tried.findings += [(tried.lines, what, decode_line(raw)) for what in found]
    return tried
