"""Samples: the lines beside a parser (`parsers/x.yml`) with what they mean. A list of

    - name: failed password for a user name with a space in it
      line: "<38>Oct 11 22:14:15 gw1 sshd[4721]: Failed password for invalid user a b from 203.0.113.7 port 52144 ssh2"
      event: {event.outcome: failure, user.name: a b, source.ip: 203.0.113.7}

`lines:` in place of `line:` are read in turn; the expectation concerns the last. `event:` compares the fields it names:
moments as ISO text, null for a field that must be missing. `error:` is the whole message of a failed line, `unrecognised: true`
a line that the parser passes by. Optional: `preamble:` (header lines in force), `as_of:`
(default 2027-01-01T00:00:00Z), `zone:` (default UTC). A line of an event is read besides as ingest reads it where no feed states
the format: `stated: true` says that it needs one that does, `timeless: true` that it states no time of its own.
Each sample's event must besides fit the catalogue and what the parser declares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from soc.document import Document, Step, load_document
from soc.errors import ContentError
from soc.event import Event
from soc.fields import Catalogue
from soc.parsing.declared import undeclared
from soc.parsing.ingested import has_time, taken_by
from soc.parsing.parser import Clock, Parser, Stream
from soc.parsing.printed import Printer
from soc.parsing.routes import Routes
from soc.times import iso, parse_iso, to_moment

AS_OF = parse_iso("2027-01-01T00:00:00Z")
EXPECTATIONS = ("event", "error", "unrecognised")
_WORDS = ("stated", "timeless")
_KEYS = {"name", "line", "lines", "preamble", "as_of", "zone", *_WORDS, *EXPECTATIONS}


@dataclass(frozen=True, slots=True)
class Sample:
    """`index`: its place in the file. `expected`: whichever of `event`, `error`, `unrecognised` it states."""

    index: int
    name: str
    lines: tuple[str, ...]
    expected: Mapping[str, Any]
    clock: Clock
    preamble: tuple[str, ...]
    stated: bool = False
    timeless: bool = False

    def event(self, routes: Routes) -> Event:
        """What the last line means."""
        stream = Stream(self.clock, self.preamble)
        return [routes.event(line.encode(), stream) for line in self.lines][-1]


def load_samples(path: Path) -> tuple[list[Sample], list[ContentError]]:
    """The samples of a file in order, and what is wrong with the others."""
    try:
        document = load_document(path)
    except ContentError as error:
        return [], [error]
    if not isinstance(document.value, list):
        return [], [document.error("holds no list of samples", repair="write '- name: …', 'line: …', 'event: {…}' for each")]
    samples: list[Sample] = []
    errors: list[ContentError] = []
    for index, item in enumerate(document.value):
        try:
            samples.append(_sample(document, index, item))
        except ContentError as error:
            errors.append(error)
    return samples, errors


def check_samples(parser: Parser, path: Path, catalogue: Catalogue, ingest: Routes | None = None) -> list[ContentError]:
    """What is wrong with a parser's samples, in order; also when it has none. `catalogue` includes the parser's own fields.

    `ingest`: how lines find their parser where no feed states the format; the samples are read by it, too.
    """
    if not path.exists():
        return [ContentError(f"parser {parser.name!r} has no samples", path=path, repair="write at least one")]
    samples, errors = load_samples(path)
    if not samples and not errors:
        return [ContentError(f"parser {parser.name!r} has no samples", path=path, repair="write at least one")]
    if samples:
        document, routes = load_document(path), Routes([parser], parser.name)
        for sample in samples:
            event = sample.event(routes)
            faults = [*sample_faults(sample, event, parser, catalogue), *(_ingested(sample, event, parser, ingest) if ingest else ())]
            for what, steps in faults:
                errors.append(document.error(f"{sample.name}: {what}", sample.index, *steps))
    return sorted(errors, key=lambda error: error.line or 0)


def _sample(document: Document, index: int, item: Any) -> Sample:
    name = item.get("name") if isinstance(item, dict) else None
    if not isinstance(name, str):
        raise document.error("a sample without a name", index, repair="name it by the sentence that it proves")
    if unknown := set(item) - _KEYS:
        raise document.error(f"{name}: unknown key {sorted(unknown)[0]!r}; known: {', '.join(sorted(_KEYS))}", index)
    lines = _texts(document, index, item, "lines") or _texts(document, index, item, "line")
    if not lines:
        raise document.error(f"{name}: neither line nor lines", index)
    expected = {key: item[key] for key in EXPECTATIONS if key in item}
    clock = Clock(_as_of(document, index, item), _zone(document, index, item))
    words = [_truth(document, index, item, word) for word in _WORDS]
    return Sample(index, name, lines, expected, clock, _texts(document, index, item, "preamble"), *words)


def _truth(document: Document, index: int, item: dict[str, Any], key: str) -> bool:
    if type(value := item.get(key, False)) is not bool:
        raise document.error(f"{item['name']}: {key} is neither true nor false", index, key)
    return value


def _texts(document: Document, index: int, item: dict[str, Any], key: str) -> tuple[str, ...]:
    value = item.get(key, [])
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise document.error(f"{item['name']}: {key} is no text", index, key, repair="put it into quotes")
    return tuple(texts)


def _as_of(document: Document, index: int, item: dict[str, Any]) -> int:
    try:
        value = item.get("as_of", AS_OF)
        return value if isinstance(value, int) else to_moment(value) if isinstance(value, datetime) else parse_iso(str(value))
    except ValueError as error:
        raise document.error(f"{item['name']}: as_of is no ISO 8601 time with a zone", index, "as_of") from error


def _zone(document: Document, index: int, item: dict[str, Any]) -> tzinfo:
    try:
        return ZoneInfo(str(item["zone"])) if "zone" in item else UTC
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise document.error(f"{item['name']}: no such zone", index, "zone", repair="write for example Europe/Berlin") from error


def _ingested(sample: Sample, stated: Event, parser: Parser, ingest: Routes) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """What becomes of the sample of an event where no feed states its format."""
    if not sample.expected.keys() <= {"event"}:
        return
    read = sample.event(ingest)
    what = taken_by(read, parser) or ("" if read == stated else "it is read as another event")
    if what and not sample.stated:
        yield f"where no feed states the format {what}; write stated: true if it needs a feed that does", ()
    if sample.stated and not what:
        yield "needs no feed that states the format; leave stated out", ("stated",)
    if sample.timeless == has_time(stated, sample.clock.received):
        yield (
            "has a time of its own; leave timeless out"
            if sample.timeless
            else "has no time of its own; write timeless: true if it has none",
            (),
        )


def sample_faults(sample: Sample, event: Event, parser: Parser, catalogue: Catalogue) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """What is wrong with the event of a sample, each with the keys of its place within the sample."""
    expected = sample.expected
    failure = event.get("error.message")
    if not expected:
        yield "states no expectation; soc parser accept writes the present one", ()
    if failure != expected.get("error"):
        yield (f"fails: {failure}" if "error" not in expected else f"expected the error {expected['error']!r}, got {failure!r}"), ("error",)
    unrecognised = "unrecognised" in event.get("tags", ())
    if unrecognised != bool(expected.get("unrecognised", False)):
        yield f"is {'not recognised' if unrecognised else 'recognised'}", ("unrecognised",)
    for what, name in undeclared(event, parser, catalogue):
        yield what, ("event", name)
    yield from _differences(Printer(catalogue).flat(dict(event)), expected.get("event") or {})


def _differences(got: dict[str, Any], wanted: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Step, ...]]]:
    for name, value in wanted.items():
        want = iso(to_moment(value)) if isinstance(value, datetime) and value.tzinfo else value
        have = got.get(name)
        if have != want or type(have) is not type(want):
            yield f"{name} is {have!r}, expected {want!r}", ("event", name)
