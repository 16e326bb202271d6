"""A parser is one function and one declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, NamedTuple

from soc.errors import ContentError
from soc.event import Event
from soc.fields import Field


class Any_:
    """In a declaration: the values of this field form no closed list."""

    def __repr__(self) -> str:
        return "ANY"


ANY = Any_()


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a parser supplies under one `event.dataset`.

    `logsources`: the Sigma logsources that its events belong to; a rule sees the dataset if each key it states equals
    one declared there. `fields`: what its events can carry besides what the envelope and the pump set; a set holds the
    only values that the field can take.
    """

    name: str
    logsources: Sequence[Mapping[str, str]]
    fields: Mapping[str, Any_ | frozenset[str] | set[str]]


@dataclass(frozen=True, slots=True)
class Clock:
    """What an undated or zoneless time is read against: a moment not before the line was written, and the feed's zone.

    `received` is the time of receipt of a live feed, else the file's modification time or `--as-of`. `read` remembers
    the texts that were read against it (`soc.parsing.timestamps.local`). `until`: what is dated more than a little later is not
    believed; None: `received`. An old file's own dates count, whatever its modification time says.
    """

    received: int
    zone: tzinfo
    until: int | None = None
    read: dict[str, int] = field(default_factory=dict, compare=False, repr=False)


class Record(NamedTuple):
    """A line whose header has been read once.

    `fields` is what the header says, in ECS names: a parser's result is laid over it. `message` is the text after the
    header, or the whole line where there is none: a parser reads `message`, never `line`. `program` is "" where the header names none.
    """

    line: str
    fields: Event
    program: str
    message: str
    clock: Clock
    preamble: tuple[str, ...] = ()


new_record: Callable[[type[Record], tuple[Any, ...]], Record] = tuple.__new__
"""`new_record(Record, (line, fields, program, message, clock, preamble))` costs half of `Record(…)`."""


@dataclass(slots=True)
class Stream:
    """What reading one source has to remember from line to line."""

    clock: Clock
    preamble: tuple[str, ...] = ()
    before: Parser | None = None  # read the line before: asked first for the next


@dataclass(frozen=True, slots=True)
class Parser:
    """A log format. Its file in `parsers/` is its registration.

    `parse` returns the event's fields to lay over the record's, None for "not one of mine", and raises ParseError for
    "mine, but unreadable"; it never raises anything else. The result is made anew for each line. To save a copy it may
    lay them over `record.fields` itself and return that; those are untouched where it returns anything else, or raises.
    Without `event.dataset` in it the first dataset of `supplies` is meant.

    How a line finds its parser: behind a syslog header by `programs`, else by a text of `marks` in the message; without
    an envelope (`envelope="none"`) by `recognises`, a cheap test of the whole line that is not met by other formats, nor
    by a line with a syslog header; behind a header it is asked about the message.
    A line of one of the `programs` that the parser gives None for stays in its first dataset, tagged "unrecognised",
    unless there are `marks` too: they say that only some of the program's lines belong here (kernel).
    `preamble(header in force, line)` returns the new header when the line belongs to one, else None: the format's
    lines need it in `record.preamble`.
    `fields`: the vendor's own fields, to be added to the catalogue.
    """

    name: str
    parse: Callable[[Record], Event | None]
    supplies: Sequence[Dataset]
    title: str = ""
    envelope: str = "syslog"  # syslog or none
    programs: frozenset[str] | set[str] = frozenset()
    marks: Sequence[str] = ()
    recognises: Callable[[str], bool] | None = None
    preamble: Callable[[tuple[str, ...], str], tuple[str, ...] | None] | None = None
    fields: Sequence[Field] = field(default=())
    dataset: str = field(init=False)  # of an event that names none

    def __post_init__(self) -> None:
        if self.envelope not in ("syslog", "none"):
            raise ContentError(f"parser {self.name!r}: envelope is {self.envelope!r}", repair="write 'syslog' or 'none'")
        if not self.supplies:
            raise ContentError(f"parser {self.name!r} supplies no dataset", repair="declare at least one Dataset")
        object.__setattr__(self, "dataset", self.supplies[0].name)

    def __hash__(self) -> int:
        return hash(self.name)
