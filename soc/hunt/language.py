"""The hunt language: what an analyst types becomes a condition.

    user.name:root source.ip:198.51.100.0/24                     both (AND may be left out)
    source.port:>=1024 OR destination.port:[20 TO 25]            ranges: `{` and `}` leave the ends out, `*` is open
    process.command_line:*curl*http?://* NOT user.name:(root OR admin)
    url.path:"/a b"                                              in quotes nothing is a wildcard
    message:~"(?i)invalid user \\w+"                             an RE2 regex
    event.outcome:*                                              the field has a value
    "Failed password" root                                       bare words: somewhere in the line

`and`, `or`, `not` and `to` may be written small; NOT binds before AND, AND before OR. Words: `soc.hunt.words`.
Text is compared without regard to case. A date without a time stands for its whole day in UTC.
"""

from __future__ import annotations

import re
from difflib import get_close_matches

from soc.condition.bind import bind, kind_of
from soc.condition.numbers import number_of
from soc.condition.patterns import simplest, tidy
from soc.condition.tree import ANY, TRUE, And, Cidr, Compare, Contains, Equals, Exists, Keyword, Node, Not, Or, Regex, Wildcard
from soc.condition.values import LABEL
from soc.errors import ConditionError
from soc.fields import Catalogue, canonical_ip
from soc.hunt.words import Scanner, Word
from soc.times import DAY

MAX_DEPTH = 60
_ASSIGNED = re.compile(r"(?P<name>[\w@][\w.@-]*)(?P<sign>!=|>=|<=|==|=|>|<)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def parse_query(query: str, catalogue: Catalogue) -> Node:
    """The condition that a query states; an empty one, or `*`, is met by every event.

    Raises UsageError with the query and a caret under what is wrong.
    """
    return _Parser(query, catalogue).whole()


def field_fault(name: str, catalogue: Catalogue) -> str:
    """What is wrong with the name of a field, with those that it may have meant; empty when it is known or a label."""
    if name in catalogue or (name.startswith(LABEL) and name != LABEL):
        return ""
    close = get_close_matches(name, [*catalogue], n=3, cutoff=0.6) or [known for known in catalogue if known.endswith(f".{name}")][:3]
    return f"there is no field {name!r}" + (f"; did you mean {' or '.join(close)}?" if close else "")


class _Parser:
    def __init__(self, query: str, catalogue: Catalogue) -> None:
        self.scan, self.catalogue, self.depth = Scanner(query), catalogue, 0

    def whole(self) -> Node:
        if self.scan.ended():
            return TRUE
        node = self.either()
        if not self.scan.ended():
            raise self.scan.error("')' without '('; put text with parentheses into quotes")
        return node

    def either(self, field: str | None = None) -> Node:
        args = [self.both(field)]
        while not self.scan.ended() and self.scan.operator("or"):
            args.append(self.both(field))
        return args[0] if len(args) == 1 else Or(tuple(args))

    def both(self, field: str | None) -> Node:
        args = [self.negation(field)]
        while not self._closed():
            self.scan.operator("and")
            args.append(self.negation(field))
        return args[0] if len(args) == 1 else And(tuple(args))

    def _closed(self) -> bool:
        if self.scan.ended() or self.scan.query[self.scan.at] == ")":
            return True
        before = self.scan.at
        closed = self.scan.operator("or") is not None
        self.scan.at = before
        return closed

    def negation(self, field: str | None) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.scan.error(f"nested more than {MAX_DEPTH} deep")
        self.scan.space()
        begin = self.scan.at
        if self.scan.operator("not"):
            node: Node = Not(self.negation(field))
        elif self.scan.operator("and", "or"):
            raise self.scan.error("an operator where a condition should stand; put it into quotes if you look for the word", begin)
        else:
            node = self.primary(field)
        self.depth -= 1
        return node

    def primary(self, field: str | None) -> Node:
        if self.scan.take("("):
            return self.group(field)
        if field is not None:
            return self.value(field)
        begin = self.scan.at
        name = self.scan.field()
        if name is None or self._is_address(begin):
            self.scan.at = begin
            return self.bare()
        self._known(name, begin)
        self.scan.space()
        return self.group(name) if self.scan.take("(") else self.value(name)

    def group(self, field: str | None) -> Node:
        begin = self.scan.at - 1
        node = self.either(field)
        self.scan.space()
        if not self.scan.take(")"):
            raise self.scan.error("the parenthesis that begins here has no end", begin)
        return node

    def _is_address(self, begin: int) -> bool:
        word = self.scan.query[begin:].split(None, 1)[0].rstrip(")")
        return canonical_ip(word) is not None  # fe80::1 is no field `fe80`

    def _known(self, name: str, at: int) -> None:
        fault = field_fault(name, self.catalogue)
        if fault:
            raise self.scan.error(f"{fault.rstrip('?')}; to look for the text, put it into quotes", at)

    def bare(self) -> Node:
        begin = self.scan.at
        if (pattern := self.pattern()) is not None:
            return self.checked(Keyword(Regex("", pattern)), begin)
        self._no_assignment(begin)
        word = self.scan.word()
        if word.parts == (ANY,):
            return TRUE
        if word.plain is not None:
            return self.checked(Keyword(Contains("", word.plain)), begin)
        leaf = simplest(Wildcard("", tidy((ANY, *word.parts, ANY))))
        assert isinstance(leaf, (Wildcard, Contains))
        return self.checked(Keyword(leaf), begin)

    def _no_assignment(self, begin: int) -> None:
        """A word such as `user.name=root` or `source.port>1024` begins with a field: hardly the text of a line."""
        found = _ASSIGNED.match(self.scan.query, begin)
        if found and not field_fault(found["name"], self.catalogue):
            sign = found["sign"]
            meant = f"NOT {found['name']}:" if sign == "!=" else f"{found['name']}:{sign if sign[0] in '<>' else ''}"
            raise self.scan.error(f"a field is asked by a colon: write {meant}…; to look for the text, put it into quotes", begin)

    def pattern(self) -> str | None:
        """The regex of `~"regex"` when that stands here; it is passed."""
        if not self.scan.query.startswith('~"', self.scan.at):
            return None
        self.scan.take("~")
        return self.scan.word().plain

    def value(self, field: str) -> Node:
        begin = self.scan.at
        if self.scan.take("[") or self.scan.take("{"):
            return self.range(field, begin)
        op = self.scan.comparison()
        if op is not None:
            return self.compare(field, op, self.scan.word())
        if (pattern := self.pattern()) is not None:
            return self.checked(Regex(field, pattern), begin)
        word = self.scan.word()
        return self.checked(self.leaf(field, word), begin)

    def leaf(self, field: str, word: Word) -> Node:
        kind, text = kind_of(field, self.catalogue), word.plain
        if text is None:
            return simplest(Wildcard(field, word.parts))
        if kind == "ip" and "/" in text:
            return Cidr(field, text)
        if kind == "ip" and canonical_ip(text) is None:
            raise self.scan.error(f"{text!r} is no address; write for example 192.0.2.7, 192.0.2.0/24 or 192.0.2.*", word.at)
        if kind == "date" and _DAY.fullmatch(text):
            return And((self.compare(field, "gte", word), self.compare(field, "lte", word)))
        if kind in ("long", "double", "date"):
            return Equals(field, self.number(field, word))
        if kind == "bool" and text.lower() in ("true", "false"):
            return Equals(field, text.lower() == "true")
        return Equals(field, text)

    def range(self, field: str, begin: int) -> Node:
        low_op = "gte" if self.scan.query[begin] == "[" else "gt"
        self.scan.space()
        low = self.scan.word("]}")
        self.scan.space()
        if not self.scan.operator("to"):
            raise self.scan.error("a range is written [10 TO 20]")
        self.scan.space()
        high = self.scan.word("]}")
        self.scan.space()
        closed = "lte" if self.scan.take("]") else "lt" if self.scan.take("}") else None
        if closed is None:
            raise self.scan.error("the range that begins here has no end; close it with ] or }", begin)
        ends = [self.compare(field, op, word) for op, word in ((low_op, low), (closed, high)) if word.parts != (ANY,)]
        return And(tuple(ends)) if len(ends) == 2 else ends[0] if ends else Exists(field)

    def compare(self, field: str, op: str, word: Word) -> Node:
        number = self.number(field, word)
        if kind_of(field, self.catalogue) == "date" and op in ("lte", "gt") and _DAY.fullmatch(word.plain or ""):
            op, number = {"lte": "lt", "gt": "gte"}[op], number + DAY  # to the end of that day
        return self.checked(Compare(field, op, number), word.at)

    def number(self, field: str, word: Word) -> int | float:
        kind = kind_of(field, self.catalogue)
        number = None if word.plain is None else number_of(word.plain, kind)
        if number is None:
            wanted = "a time such as 2026-10-11 or 2026-10-11T22:14:15Z" if kind == "date" else "a number in decimal digits"
            raise self.scan.error(f"field {field!r} is compared with {wanted} here", word.at)
        return number

    def checked(self, node: Node, at: int) -> Node:
        try:
            bind(node, self.catalogue)
        except ConditionError as error:
            raise self.scan.error(str(error).replace("\n  ", "; "), at) from error
        return node
