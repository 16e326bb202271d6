"""Text in Query DSL: whole values, beginnings, wildcards and regexes on a keyword field or a label.

Patterns run over the terms of a field and are made into automata, so what would be too much for the server is cut down before
it is sent: to a piece of the text, or to "has a value". Such a query meets more events than the leaf.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from soc.condition.automaton import effort, to_lucene
from soc.condition.dsl_query import NONE, Body, Bounds, and_, at_most, just, or_
from soc.condition.indexed import folded, lowers_as_fold
from soc.condition.patterns import Part
from soc.condition.regex_tree import read, required
from soc.condition.tree import ANY, ONE, Contains, Ends, Equals, Regex, Starts, Wildcard
from soc.condition.values import LABEL

TextLeaf = Equals | Contains | Starts | Ends | Wildcard
LONGEST = 256  # characters in a pattern: the automaton of a periodic text grows with its square
MOST_ONES = 8  # `?` after a `*`: the automaton doubles with each
MOST_EFFORT = 5000  # a twentieth of what a server spends before it refuses
LONGEST_REGEX = 1000  # `index.max_regex_length`
MOST_TERMS = 65_536  # `index.max_terms_count`


def exists(field: str) -> Body:
    """Whether the field has a value in the index."""
    if field.startswith(LABEL):  # `exists` takes a `*` in a label's key for a pattern
        return NONE if "\0" in field else {"prefix": {field: ""}}
    return {"exists": {"field": field}}


def where(leaf: TextLeaf, kind: str) -> str:
    """The field of the index that the leaf is looked for in."""
    if kind == "ip":
        return folded(leaf.field)
    return leaf.field if leaf.cased else folded(leaf.field)


def text_query(leaf: TextLeaf, kind: str) -> Bounds:
    """A bound leaf on text."""
    path, parts = where(leaf, kind), parts_of(leaf)
    foreign = not leaf.cased and kind == "keyword" and not leaf.field.startswith(LABEL)
    if "\0" in path or (foreign and not all(lowers_as_fold(part) for part in parts if isinstance(part, str))):
        return just(NONE)  # an event with this letter, or a label of this key, is in `soc.coarse`
    match parts:
        case (str() as text,):
            return just({"term": {path: text}})
        case (str() as text, end) if end == ANY:
            return just({"prefix": {path: text}})
    return _pattern(leaf.field, path, parts)


def parts_of(leaf: TextLeaf) -> tuple[Part, ...]:
    """The leaf as a wildcard."""
    match leaf:
        case Equals(_, value):
            return (str(value),)
        case Contains(_, text):
            return (ANY, text, ANY)
        case Starts(_, text):
            return (text, ANY)
        case Ends(_, text):
            return (ANY, text)
        case Wildcard(_, parts):
            return parts


def among(field: str, kind: str, leaves: Iterable[Equals]) -> Iterator[Body]:
    """The Equals on text of one field, in as few queries as may be."""
    values: dict[str, list[str]] = {}
    for leaf in leaves:
        query = text_query(leaf, kind).upper
        if query != NONE:
            values.setdefault(where(leaf, kind), []).append(str(leaf.value))
    for path, texts in values.items():
        yield from terms(path, list(dict.fromkeys(texts)))


def terms(path: str, values: list[Any]) -> Iterator[Body]:
    """Some value of the field is one of these."""
    if len(values) == 1:
        yield {"term": {path: values[0]}}
        return
    for start in range(0, len(values), MOST_TERMS):
        yield {"terms": {path: values[start : start + MOST_TERMS]}}


def regex_query(leaf: Regex, kind: str) -> Bounds:
    """A regex: by Lucene where it says the same, else by a text that each value must contain."""
    found = read(leaf.pattern, leaf.flags)
    if found is None:
        return at_most(exists(leaf.field))
    path, expression, spent = folded(leaf.field) if kind == "ip" else leaf.field, to_lucene(found.tree), effort(found.tree, MOST_EFFORT)
    if "\0" in path or len(expression) > LONGEST_REGEX or spent > MOST_EFFORT:
        return at_most(_containing(leaf.field, required(found.tree)))
    query = regexp(leaf.field, path, expression)
    bounds = just(query) if found.exact and not leaf.field.startswith(LABEL) else at_most(query)
    return replace(bounds, weight=bounds.weight + spent)


def regexp(field: str, path: str, expression: str) -> Body:
    """A value that Lucene's expression meets as a whole; in a label, any label that it meets."""
    return _on(field, path, "regexp", {"value": expression, "flags": "NONE"})


def wildcard(field: str, path: str, parts: Iterable[Part]) -> Body:
    """A value that these parts are; in a label, any label."""
    return _on(field, path, "wildcard", {"value": "".join(map(_spelt, parts))})


def _on(field: str, path: str, kind: str, asked: Body) -> Body:
    if not field.startswith(LABEL):
        return {kind: {path: asked}}
    root = path[: -len(field) + len(LABEL) - 1]  # patterns do not run on one key, only on all of them
    return and_((exists(field), {kind: {root: asked}}))


def _pattern(field: str, path: str, parts: tuple[Part, ...]) -> Bounds:
    texts = [part for part in parts if isinstance(part, str)]
    too_many = ANY in parts and parts.count(ONE) > MOST_ONES
    if not too_many and sum(map(len, texts)) <= LONGEST:
        query = wildcard(field, path, parts)
        return at_most(query) if field.startswith(LABEL) else just(query)
    longest = max(texts, key=len, default="")[:LONGEST]
    return at_most(wildcard(field, path, (ANY, longest, ANY)) if longest else exists(field))


def _containing(field: str, texts: tuple[str, ...] | None) -> Body:
    certain = texts and all(map(lowers_as_fold, texts))
    if not texts or not certain:
        return exists(field)
    return or_(wildcard(field, folded(field), (ANY, text[:LONGEST], ANY)) for text in texts)


def _spelt(part: Part) -> str:
    if isinstance(part, str):
        return part.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
    return "*" if part == ANY else "?"
