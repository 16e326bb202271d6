"""`python -m tests.fuzz [SECONDS [SEED]]`: parsers and the hunt language on mutated input, five minutes unless told otherwise.

Ends with 1 at the first line or query that breaks a promise, and prints how to repeat it.
"""

from __future__ import annotations

import random
import sys
import time
from base64 import b64decode
from datetime import UTC

import orjson

from soc.errors import SocError
from soc.hunt.language import parse_query
from soc.parsing import Clock, Stream
from soc.parsing.printed import Printer
from soc.parsing.routes import Routes
from soc.times import parse_iso
from tests.mutate import all_parsers, catalogue, mutated

RECEIVED = parse_iso("2027-01-01T00:00:00Z")
FORMATS = [None, "syslog", *(parser.name for parser in all_parsers())]
ROUTES = {stated: Routes(all_parsers(), stated) for stated in FORMATS}
PRINTER = Printer(catalogue(), all_parsers())
QUERIES = [
    "user.name:root source.ip:198.51.100.0/24",
    "source.port:>=1024 OR destination.port:[20 TO 25}",
    "process.command_line:*curl*http?://* NOT user.name:(root OR admin)",
    'url.path:"/a \\"b" AND NOT (event.outcome:* OR message:~"(?i)invalid user \\\\w+")',
    '"Failed password" root',
    "@timestamp:[2026-10-11 TO 2026-10-12T00:00:00Z] labels.a@1.b:x",
]


def line_fault(line: bytes, stated: str | None) -> str:
    """What promise the line breaks, "" when none."""
    event = ROUTES[stated].event(line, Stream(Clock(RECEIVED, UTC)))
    if "parser_bug" in event.get("tags", ()):
        return str(event["error.message"])
    if faults := catalogue().check(event):
        return faults[0]
    kept = b64decode(event["soc.raw"]) if "soc.raw" in event else event["event.original"].encode()
    if kept != line:
        return f"kept as {kept!r}"
    orjson.dumps(PRINTER.flat(event))
    return ""


def query_fault(query: str) -> str:
    """What promise the query breaks, "" when none."""
    try:
        parse_query(query, catalogue())
    except SocError as error:
        return "" if str(error) else "an error without a text"
    return ""


def main(seconds: float, seed: int) -> int:
    chance, end, done = random.Random(seed), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for _ in range(200):
            line, stated = mutated(chance), chance.choice(FORMATS)
            if fault := line_fault(line, stated):
                print(f"format {stated}, line {line!r}: {fault}\nrepeat: python -m tests.fuzz {seconds:g} {seed}")
                return 1
        query = mutated(chance, tuple(query.encode() for query in QUERIES)).decode(errors="replace")
        if fault := query_fault(query):
            print(f"query {query!r}: {fault}\nrepeat: python -m tests.fuzz {seconds:g} {seed}")
            return 1
        done += 200
    print(f"{done:,} lines and {done // 200:,} queries keep every promise (seed {seed})")
    return 0


if __name__ == "__main__":
    stated_seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 300.0
    sys.exit(main(stated_seconds, int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 1_000_000))
