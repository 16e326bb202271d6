"""How a line finds its parser, and how whatever comes of it becomes an event: `Routes.event` is total.

With a stated format only that is read, one without an envelope also behind a header; "syslog" reads the header and goes by
the program's name. With none stated:
what read the source's line before (formats without an envelope only), the syslog header, formats that recognise the
whole line. Behind a header: by program, then by marks, then formats without an envelope that recognise the message
(Suricata's JSON by syslog, `@cee:` cookies). A line without a header that begins with a mark is read as its message.
Recognition depends on the line and the header lines in force alone.

A line that nobody understands has the tag "unrecognised": under its program's dataset when a parser names the program
(and no marks, which would say that it wants some of the program's lines only), else under "syslog" when its header was
read, else under "raw". Empty lines and a format's own header lines are `event.kind: state` in `<format>.meta`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from soc.errors import ParseError, UsageError
from soc.event import Event
from soc.parsing.envelope import EXPECTED, read_start
from soc.parsing.half import Half
from soc.parsing.outcome import failed, finished, meta, unrecognised
from soc.parsing.parser import ANY, Dataset, Parser, Record, Stream, new_record
from soc.text import decode_line

RAW = "raw"
SYSLOG = Dataset(
    "syslog",
    logsources=[{"product": "linux", "service": "syslog"}],
    fields={"log.syslog.appname": ANY, "process.name": ANY, "process.pid": ANY, "host.name": ANY, "host.hostname": ANY, "labels": ANY},
)
_MOST_NULS = 4 << 10  # behind a message: more are no sender's
_COOKIE = "@cee:"  # CEE Log Syntax: JSON in a syslog message
T = TypeVar("T")


class Routes:
    """The parsers of a feed. `stated`: the format's name when it is known: "syslog" or a parser's."""

    def __init__(self, parsers: Sequence[Parser], stated: str | None = None) -> None:
        self._bare = [parser for parser in parsers if parser.envelope == "none"]
        self._headed = [parser for parser in self._bare if parser.preamble]
        self._marks = [(mark, parser) for parser in parsers if parser.envelope == "syslog" for mark in parser.marks]
        self._programs: dict[str, tuple[Parser, ...]] = {}
        for parser in parsers:
            for program in parser.programs:
                self._programs[program] = (*self._programs.get(program, ()), parser)
        self._buggy: set[str] = set()
        self._format = stated or RAW
        self._read = self._reader(parsers, stated)

    def event(self, raw: bytes, stream: Stream) -> Event:
        """The event of a line, whatever its bytes are; nothing is raised. Without `event.id`: that is the pump's.

        NULs at a line's edges are no part of it.
        """
        if raw and not (raw[0] and raw[-1]) and (bare := _without_nuls(raw)) != raw:
            event = self.event(bare, stream)
            event["soc.raw"] = b64encode(raw).decode()
            return event
        try:
            line = raw.decode()
        except UnicodeDecodeError:
            line = decode_line(raw)
            event = self._read(line, stream)  # it is no blank
            event["soc.raw"] = b64encode(raw).decode()
        else:
            event = self._read(line, stream) if line and not line.isspace() else meta(self._format, line)
        clock = stream.clock
        return finished(event, line, clock.received, clock.received if clock.until is None else clock.until)

    def _reader(self, parsers: Sequence[Parser], stated: str | None) -> Callable[[str, Stream], Event]:
        if stated is None:
            return self._recognise
        if stated == SYSLOG.name:
            return self._syslog
        self._stated = _named(parsers, stated)
        return self._bare_one if self._stated.envelope == "none" else self._one

    def _syslog(self, line: str, stream: Stream) -> Event:
        try:
            record = _headed(line, stream)
        except ParseError as error:
            return failed({}, SYSLOG.name, str(error))
        return failed({}, SYSLOG.name, EXPECTED) if record is None else self._behind(record, stream)

    def _recognise(self, line: str, stream: Stream) -> Event:
        owner = stream.before
        if owner is None and stream.preamble:
            owner = self._owner(stream.preamble)
        if owner is not None and (event := self._whole(owner, line, stream)) is not None:
            return event
        try:
            found = read_start(line, stream.clock)
        except ParseError:
            found = None
        if type(found) is Record:
            return self._behind(found, stream)
        for parser in self._bare:
            if parser is not owner and (event := self._whole(parser, line, stream)) is not None:
                return event
        for mark, parser in self._marks:
            if line.startswith(mark):
                return self._ask(parser, Record(line, {"message": line}, "", line, stream.clock)) or unrecognised({"message": line}, RAW)
        return self._half(found, stream) if type(found) is Half else unrecognised({"message": line}, RAW)

    def _half(self, half: Half, stream: Stream) -> Event:
        """A line with a time and not all of a header: what a parser makes of it, else the line with its time."""
        for read in (half.named, half.plain) if half.program in self._programs else (half.plain,):
            event = self._behind(read(), stream)
            if "unrecognised" not in event.get("tags", ()) and "error.message" not in event:
                return event
        return unrecognised({"@timestamp": half.moment, "message": half.line}, RAW)

    def _one(self, line: str, stream: Stream) -> Event:
        """As the stated format says, behind a header."""
        parser = self._stated
        try:
            record, reason = _headed(line, stream), EXPECTED
        except ParseError as error:
            record, reason = None, str(error)
        if record is None:
            naked = Record(line, {"message": line}, "", line, stream.clock)
            return self._ask(parser, naked) or failed({}, parser.dataset, reason)
        if (event := self._ask(parser, record)) is not None:
            return event
        certain = not record.program or not parser.programs or record.program in parser.programs
        return unrecognised(record.fields, parser.dataset if certain else SYSLOG.name)

    def _bare_one(self, line: str, stream: Stream) -> Event:
        """As the stated format says: the whole line, or where that fails on a line that it does not recognise, what is behind a header."""
        parser = self._stated
        if parser.preamble is None:
            event = self._ask(parser, new_record(Record, (line, {}, "", line, stream.clock, ())))
        else:
            event = self._whole(parser, line, stream, recognised=True)
        if event is not None and ("error.message" not in event or self._holds(parser, line)):
            return event
        record = _header_or_none(line, stream)
        payload = _payload(record) if record else None
        if payload is not None and (behind := self._ask(parser, payload._replace(preamble=stream.preamble))) is not None:
            return behind
        return event or failed({}, parser.dataset, f"no line of {parser.title or parser.name}")

    def _behind(self, record: Record, stream: Stream) -> Event:
        certain = None
        for parser in self._programs.get(record.program, ()):
            if (event := self._ask(parser, record)) is not None:
                return event
            if certain is None and not parser.marks:
                certain = parser
        for mark, parser in self._marks:
            if mark in record.message and (event := self._ask(parser, record)) is not None:
                return event
        if self._bare and (payload := _payload(record)) is not None:
            for parser in self._bare:
                if parser.recognises and self._holds(parser, payload.message) and (event := self._ask(parser, payload)) is not None:
                    return event
        return unrecognised(record.fields, certain.dataset if certain else SYSLOG.name)

    def _whole(self, parser: Parser, line: str, stream: Stream, *, recognised: bool = False) -> Event | None:
        """The line as one of a format without an envelope; None when it is none of its lines."""
        mine = stream.before is parser or stream.before is None
        if parser.preamble is not None:
            header = self._guard(parser, parser.preamble, stream.preamble if mine else (), line)
            if header is not None:
                stream.preamble, stream.before = header, parser
                return meta(parser.name, line)
        in_force = stream.preamble if mine else ()
        if not (recognised or (parser.preamble and in_force) or self._holds(parser, line)):
            return None
        event = self._ask(parser, new_record(Record, (line, {}, "", line, stream.clock, in_force)))
        if event is not None and stream.before is not parser:
            stream.before, stream.preamble = parser, in_force
        return event

    def _owner(self, preamble: tuple[str, ...]) -> Parser | None:
        """The format that the header in force belongs to: a source is resumed with its header alone."""
        return next((p for p in self._headed if p.preamble and self._guard(p, p.preamble, (), preamble[0]) is not None), None)

    def _holds(self, parser: Parser, text: str) -> bool:
        return parser.recognises is not None and bool(self._guard(parser, parser.recognises, text))

    def _guard(self, parser: Parser, question: Callable[..., T], *arguments: Any) -> T | None:
        """The parser's answer to a question about a line, None when it has a bug there."""
        try:
            return question(*arguments)
        except Exception as bug:  # noqa: BLE001 - as in _ask
            self._report(parser, bug)
            return None

    def _ask(self, parser: Parser, record: Record) -> Event | None:
        """The parser's event; None when the line is not one of its."""
        fields = record.fields
        try:
            meaning = parser.parse(record)
        except ParseError as error:
            return failed(fields, parser.dataset, str(error))
        except Exception as bug:  # noqa: BLE001 - a parser's bug must neither stop the feed nor hide
            self._report(parser, bug)
            return failed(fields, parser.dataset, f"bug in parser {parser.name}: {type(bug).__name__}: {bug}", "parser_bug")
        if meaning is None:
            return None
        if not fields:
            fields = meaning
        elif meaning is not fields:
            fields.update(meaning)
        if "event.dataset" not in fields:
            fields["event.dataset"] = parser.dataset
        return fields

    def _report(self, parser: Parser, bug: Exception) -> None:
        """The first bug of each parser with its traceback; the events tell of the others."""
        if parser.name not in self._buggy:
            import logging  # a tenth of a short command's time, and parsers seldom have bugs

            self._buggy.add(parser.name)
            logging.getLogger(__name__).error("parser %s has a bug; its lines are kept with the tag parser_bug", parser.name, exc_info=bug)


def _without_nuls(raw: bytes) -> bytes:
    """Without those in front, which a hole in a file leaves, and those behind, with which a sender ends a message (RFC 6587, 3.4.2)."""
    bare = raw.lstrip(b"\0")
    behind = bare.rstrip(b"\0")
    return behind if len(bare) - len(behind) <= _MOST_NULS else bare


def _named(parsers: Iterable[Parser], name: str | None) -> Parser:
    known = {parser.name: parser for parser in parsers}
    if name not in known:
        raise UsageError(f"parser {name!r} is not in parsers/; known: {', '.join(sorted([*known, SYSLOG.name]))}")
    return known[name]


def _header_or_none(line: str, stream: Stream) -> Record | None:
    try:
        return _headed(line, stream)
    except ParseError:
        return None


def _headed(line: str, stream: Stream) -> Record | None:
    """The record of a line of which it is stated that it has a header. Raises ParseError."""
    found = read_start(line, stream.clock)
    return found.plain() if isinstance(found, Half) else found


def _payload(record: Record) -> Record | None:
    """The record as a format without an envelope gets it: without what belongs to the header's message. None when empty."""
    text = record.message.removeprefix(_COOKIE).lstrip(" ")
    fields = dict(record.fields)
    fields.pop("message", None)
    return record._replace(message=text, fields=fields) if text else None
