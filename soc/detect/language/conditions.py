"""The text of a Sigma condition, read into a tree whose leaves are detections.

Grammar: Sigma rules specification 2.1.0, "Condition". pySigma's own reader takes `notable` for `not able`.

    or > and > not > ( condition ) | name | (1 | any | all) of (them | name with *)

The words may stand in capitals, as in older rules and in the specification's "Logical AND/OR"; a detection of such a name wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import NoReturn

from soc.condition.tree import And, Node, Not, Or
from soc.errors import RuleRefused

_TOKEN = re.compile(r"\s*(?:([\w*-]+)|([()])|(\S))")
_WORDS = ("and", "or", "not", "of")
_CAPITALS = frozenset(("AND", "OR", "NOT", "OF", "ALL", "ANY", "THEM"))  # older rules write operators so
Kind = type[And] | type[Or]
_QUANTIFIERS: dict[str, Kind] = {"1": Or, "any": Or, "all": And}


class ConditionText:
    """One condition. `detection` gives the tree of a detection by its name, or None where nothing is left of it."""

    def __init__(self, text: str, names: Sequence[str], detection: Callable[[str], Node | None]) -> None:
        self.text, self.names, self.detection = text, names, detection
        if "|" in text:
            raise RuleRefused(
                "the condition aggregates with a pipe, which Sigma replaced by correlations",
                repair="write a correlation rule (event_count, value_count, temporal) that refers to this rule",
            )
        tokens = (word or bracket or other for word, bracket, other in _TOKEN.findall(text))
        self.tokens = [token.lower() if token in _CAPITALS and token not in names else token for token in tokens]
        self.at = 0

    def tree(self) -> Node | None:
        """The whole condition. Raises RuleRefused for a text that is no condition, or names what is not there."""
        node = self._joined(Or)
        if self.at < len(self.tokens):
            self._wrong(f"{self.tokens[self.at]!r} was not expected")
        return node

    def _joined(self, kind: Kind) -> Node | None:
        """Operands of `or`, each of which are operands of `and`."""
        word = "or" if kind is Or else "and"
        nodes = [self._joined(And) if kind is Or else self._operand()]
        while self._next() == word:
            self.at += 1
            nodes.append(self._joined(And) if kind is Or else self._operand())
        return join(kind, nodes)

    def _operand(self) -> Node | None:
        token = self._next()
        self.at += 1
        if token == "not":
            node = self._operand()
            return None if node is None else Not(node)
        if token == "(":
            node = self._joined(Or)
            if self._next() != ")":
                self._wrong("a parenthesis is not closed")
            self.at += 1
            return node
        if token is None or token in _WORDS or token == ")":
            self._wrong("expected a detection's name" + (f" where {token!r} stands" if token else " at the end"))
        if self._next() == "of":
            return self._selected(token)
        return self._named(token)

    def _selected(self, quantifier: str) -> Node | None:
        self.at += 1
        pattern = self._next()
        self.at += 1
        if quantifier not in _QUANTIFIERS:
            self._wrong(f"'{quantifier} of' is not a quantifier of Sigma")
        if pattern is None or pattern in ("(", ")", *_WORDS):
            self._wrong(f"expected `them` or a name with * behind '{quantifier} of'")
        hidden = pattern.startswith("_")  # what a pipeline has added belongs to no selector of the rule
        wanted = "*" if pattern == "them" else pattern
        names = [name for name in self.names if fnmatchcase(name, wanted) and (hidden or not name.startswith("_"))]
        if not names:
            raise RuleRefused(f"no detection has a name like {pattern!r}", repair=f"there are: {', '.join(self.names)}")
        return join(_QUANTIFIERS[quantifier], [self.detection(name) for name in names])

    def _named(self, name: str) -> Node | None:
        if name not in self.names:
            raise RuleRefused(f"the condition names {name!r}, which is not defined", repair=f"there are: {', '.join(self.names)}")
        return self.detection(name)

    def _next(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def _wrong(self, what: str) -> NoReturn:
        known = "and, or, not, parentheses, names, 1 of, any of, all of"
        raise RuleRefused(f"the condition {self.text!r} cannot be read: {what}", repair=f"a condition has {known}")


def join(kind: Kind, nodes: Sequence[Node | None]) -> Node | None:
    """The nodes under one operator, without needless levels; None when there are none."""
    kept = [node for node in nodes if node is not None]
    if not kept:
        return None
    flat = [arg for node in kept for arg in (node.args if isinstance(node, kind) else (node,))]
    return flat[0] if len(flat) == 1 else kind(tuple(flat))
