"""Everything soc raises on purpose. The command line turns each branch into one message and one exit code.

SocError
+ ParseError          a line is of this format but cannot be read      -> kept as an event of kind pipeline_error
+ SourceError         a file cannot be read, or not further          -> named; the other files are read; exit 4
+ UsageError          a wrong argument, query or value                 -> exit 2
+ ContentError        a file under a content root is wrong             -> all are listed; `check` exits 2, runs go on
  + RuleRefused       a rule that cannot mean anything                 -> named, the others run
  + ConditionError    a condition that cannot mean anything for the type of its field
+ Unavailable         the store or the desk cannot be used now         -> exit 3
  + StoreError
    + StoreUnreachable  nothing of the store answers: what comes next would fail as well
  + DeskError
  + Contested         another process is at it, or was
    + Busy            it holds the lock                            -> wait, or leave it to that one
    + Conflict        it did the same work meanwhile               -> drop the result, look again
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class SocError(Exception):
    """The root of the tree; its text says where, what and the repair."""


class ParseError(SocError):
    """A line is of a recognised or stated format, but cannot be read. The text becomes the event's `error.message`."""


class SourceError(SocError):
    """A file cannot be read, or not beyond an offset. What lies before that offset is kept; the text names file and offset."""


class UsageError(SocError):
    """What was asked makes no sense; the text names the right words."""


class ContentError(SocError):
    """A file under a content root is wrong.

    Printed as `path:line: what`, then the repair indented on the next line.
    """

    def __init__(self, what: str, *, path: Path | str | None = None, line: int | None = None, repair: str = "") -> None:
        self.what, self.path, self.line, self.repair = what, path, line, repair
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}: " if self.path and self.line else f"{self.path}: " if self.path else ""
        return f"{place}{self.what}" + (f"\n  {self.repair}" if self.repair else "")


class RuleRefused(ContentError):
    """A rule that cannot mean anything: it is named, and the other rules run."""


class ConditionError(ContentError):
    """A condition that cannot mean anything for the type of its field; whoever has read it adds path and line."""


class Unavailable(SocError):
    """Something soc rests on cannot be used now; trying again later may help."""


class StoreError(Unavailable):
    """The event store cannot be opened, read or written."""


class StoreUnreachable(StoreError):
    """Nothing of the event store can be had now: whoever works through many parts of it may stop at the first."""


class DeskError(Unavailable):
    """The desk's database cannot be opened, read or written."""


class Contested(Unavailable):
    """Another soc process is at the same work. `sources`: ids of those that it reads or has read, where it is about them."""

    def __init__(self, said: str, *, sources: Iterable[str] = ()) -> None:
        self.sources = frozenset(sources)
        super().__init__(said)


class Busy(Contested):
    """Another soc process holds the lock that this work needs."""


class Conflict(Contested):
    """Another process did this work between our reading and our commit; what was computed is to be dropped."""
