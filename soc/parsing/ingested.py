"""How ingest reads the lines of a parser, where no feed states their format: what others take, and what has no time of its own."""

from __future__ import annotations

from collections.abc import Iterator

from soc.event import Event
from soc.parsing.parser import Parser

ODD = 123_457  # microseconds: a time of receipt that no line states


def taken_by(event: Event, parser: Parser) -> str:
    """What reads a line instead of the parser, in words; "" where the parser does."""
    dataset = str(event["event.dataset"])
    if "unrecognised" in event.get("tags", ()):
        return f"nothing reads it: it is left as {dataset}"
    if event["event.kind"] == "pipeline_error":
        return f"it fails as {dataset}: {event.get('error.message')}"
    ours = {one.name for one in parser.supplies} | {f"{parser.name}.meta"}
    return "" if dataset in ours else f"it is taken for {dataset}"


def has_time(event: Event, received: int) -> bool:
    """Whether the line states when it was written; header lines and comments of a format need not."""
    return event["@timestamp"] != received or "soc.claimed" in event or event["event.kind"] == "state"


def findings(event: Event, parser: Parser, received: int) -> Iterator[str]:
    """What somebody should know who expects the parser to read a line."""
    if what := taken_by(event, parser):
        yield what
    elif not has_time(event, received):
        yield "it has no time of its own: its time of receipt stands for it"
