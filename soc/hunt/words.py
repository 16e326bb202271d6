r"""The words of the hunt language: scanned from left to right, each with its column.

A word ends at white space or `)`. In it `*` and `?` are wildcards, and `\` takes the meaning from one of the characters
`* ? \ " ( ) [ ] { } < > ~ : =` or white space; before any other character it is itself, so that `C:\Temp` needs no care.
In double quotes only `\"` and `\\` mean something else than themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from soc.condition.patterns import Part, tidy
from soc.condition.tree import ANY, ONE
from soc.errors import UsageError
from soc.text import printable

ESCAPABLE = frozenset('*?\\"()[]{}<>~:=')
_FIELD = re.compile(r"(?P<name>[^\W\d](?:[\w.@/-]|\\.)*|@(?:[\w.@-]|\\.)*):", re.DOTALL)
_COMPARISON = re.compile(r">=|<=|>|<")
_NAMES = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


@dataclass(frozen=True, slots=True)
class Word:
    """A value: its parts (text, Any_ and One), where it begins, and whether it stood in quotes."""

    parts: tuple[Part, ...]
    at: int
    quoted: bool = False

    @property
    def plain(self) -> str | None:
        """The text, None when there are wildcards in it."""
        if not self.parts:
            return ""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], str) else None


class Scanner:
    """A place in a query."""

    def __init__(self, query: str) -> None:
        self.query, self.at = query, 0

    def error(self, what: str, at: int | None = None) -> UsageError:
        """The error at a column (here, unless stated): the text, then the query with a caret below it."""
        shown = "".join(c if c.isprintable() and printable(c) == c else " " for c in self.query)  # a column each
        return UsageError(f"{what}\n  {shown}\n  {' ' * (self.at if at is None else at)}^")

    def space(self) -> None:
        while self.at < len(self.query) and self.query[self.at].isspace():
            self.at += 1

    def ended(self) -> bool:
        self.space()
        return self.at >= len(self.query)

    def take(self, text: str) -> bool:
        """Whether the text stands here; if so, it is passed."""
        found = self.query.startswith(text, self.at)
        self.at += len(text) if found else 0
        return found

    def operator(self, *names: str) -> str | None:
        """The operator (`and or not to`, in either case) that stands here as a word of its own; it is passed."""
        for name in names:
            end = self.at + len(name)
            if self.query[self.at : end].lower() == name and (
                end >= len(self.query) or self.query[end].isspace() or self.query[end] in "()"
            ):
                self.at = end
                return name
        return None

    def field(self) -> str | None:
        """The field name before a colon, None when none stands here. Both are passed."""
        found = _FIELD.match(self.query, self.at)
        if found is None:
            return None
        self.at = found.end()
        return re.sub(r"\\(.)", r"\1", found["name"], flags=re.DOTALL)

    def comparison(self) -> str | None:
        """lt, lte, gt or gte when `<`, `<=`, `>` or `>=` stands here; it is passed."""
        found = _COMPARISON.match(self.query, self.at)
        if found is None:
            return None
        self.at = found.end()
        return _NAMES[found[0]]

    def word(self, stops: str = ")") -> Word:
        """The value that begins here. Raises UsageError where there is none."""
        begin = self.at
        if self.take('"'):
            return Word(tidy((self._quoted(begin),)), begin, quoted=True)
        parts: list[Part] = []
        while self.at < len(self.query) and not self.query[self.at].isspace() and self.query[self.at] not in stops:
            parts.append(self._character())
        if not parts:
            raise self.error("a value is missing here")
        return Word(tidy(tuple(parts)), begin)

    def _character(self) -> Part:
        char, following = self.query[self.at], self.query[self.at + 1 : self.at + 2]
        if char == "\\" and (following in ESCAPABLE or following.isspace()) and following:
            self.at += 2
            return following
        if char == '"':
            raise self.error('a quote within a word; put quotes around the whole value and write \\" inside')
        self.at += 1
        return ANY if char == "*" else ONE if char == "?" else char

    def _quoted(self, begin: int) -> str:
        out: list[str] = []
        while self.at < len(self.query):
            char = self.query[self.at]
            self.at += 1
            if char == '"':
                return "".join(out)
            if char == "\\" and self.query[self.at : self.at + 1] in ('"', "\\"):
                char = self.query[self.at]
                self.at += 1
            out.append(char)
        raise self.error("the quote that begins here has no end", begin)
