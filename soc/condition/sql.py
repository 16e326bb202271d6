"""A condition as a DuckDB expression that is true where the predicate is, and never NULL.

A leaf reads `"field" IS NOT NULL AND …`: three-valued logic ends there, and the scan can still skip row groups.
Columns have the types of `soc.match.columns` and values that fit the catalogue (addresses in canonical form); a field
that the relation has no column for is missing everywhere.
DuckDB's `lower` maps each code point as `fold` does (a test walks all of Unicode); its regexes are RE2.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from soc.condition.bind import bind, is_list, kind_of
from soc.condition.fold import table
from soc.condition.line import searched
from soc.condition.numbers import needs_digits
from soc.condition.patterns import re2_text
from soc.condition.sql_address import inside
from soc.condition.sql_text import like_number, like_whole, literal, name, wildcard_pattern
from soc.condition.tree import (
    And,
    Cidr,
    Compare,
    Contains,
    Ends,
    Equals,
    Exists,
    FieldRef,
    Keyword,
    Leaf,
    Node,
    Not,
    Or,
    Regex,
    Starts,
    TimePart,
    Wildcard,
)
from soc.condition.values import LABEL, YEARS
from soc.fields import Catalogue

SEARCHED = "soc_searched"  # `soc.condition.line.searched`, as `lend` makes it known to a connection
OPERATORS = {"eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
RELATIONS = {"equals": "{} = {}", "contains": "contains({}, {})", "starts": "starts_with({}, {})", "ends": "ends_with({}, {})"}
_CASED = frozenset(map(chr, table().values()))  # a text without these equals only itself under fold


def to_sql(node: Node, catalogue: Catalogue, columns: Collection[str]) -> str:
    """The expression over a relation with these columns. Raises ConditionError, see `bind`."""
    return _Writer(catalogue, columns).node(bind(node, catalogue))


def lend(connection: Any) -> None:
    """Makes known to a connection of DuckDB's what expressions of `to_sql` call."""
    connection.create_function(SEARCHED, searched, ["VARCHAR", "VARCHAR"], "VARCHAR[]", null_handling="special")


class _Writer:
    def __init__(self, catalogue: Catalogue, columns: Collection[str]) -> None:
        self.catalogue, self.columns = catalogue, columns

    def node(self, node: Node) -> str:
        match node:
            case And(args):
                return f"({' AND '.join(map(self.node, args))})" if args else "true"
            case Or(args):
                return f"({' OR '.join([*self._lists_of_equals(args), *map(self.node, _others(args))])})" if args else "false"
            case Not(arg):
                return f"(NOT {self.node(arg)})"
            case Keyword(leaf):
                return self._keyword(test(leaf, "keyword"))
            case FieldRef():
                return self._field_ref(node)
        return self._leaf(node.field, test(node, kind_of(node.field, self.catalogue)))

    def column(self, field: str) -> str | None:
        """How the field is read, None when the relation does not have it."""
        if field.startswith(LABEL):
            return f"{name('labels')}[{literal(field[len(LABEL) :])}]" if "labels" in self.columns else None
        return name(field) if field in self.columns else None

    def _keyword(self, met: Callable[[str], str]) -> str:
        original, message = (name(field) if field in self.columns else None for field in ("event.original", "message"))
        if original is None:
            return _met(message, met) if message is not None else "false"
        text = original if message is None else f"coalesce({original}, {message})"
        values = _some(f"{SEARCHED}({original}, {message or 'NULL'})", met, "v")
        return f"CASE WHEN contains({original}, '{{') THEN {values} ELSE {_met(text, met)} END"

    def _leaf(self, field: str, met: Callable[[str], str]) -> str:
        column = self.column(field)
        if column is None:
            return "false"
        return _met(column, lambda value: _some(value, met, "v") if is_list(field, self.catalogue) else met(value))

    def _lists_of_equals(self, args: tuple[Node, ...]) -> list[str]:
        """The text Equals of an Or, one IN for each field: rules hold lists of hundreds of values."""
        groups: dict[tuple[str, bool], list[str]] = {}
        for arg in args:
            if _is_text_equals(arg):
                groups.setdefault((arg.field, arg.cased), []).append(literal(arg.value))  # type: ignore[union-attr, arg-type]
        return [self._leaf(field, _among(values, cased)) for (field, cased), values in groups.items()]

    def _field_ref(self, node: FieldRef) -> str:
        left, right = self.column(node.field), self.column(node.other)
        if left is None or right is None:
            return "false"
        kinds = kind_of(node.field, self.catalogue), kind_of(node.other, self.catalogue)
        numeric = node.op == "equals" and set(kinds) <= {"long", "double"}

        def read(value: str, kind: str) -> str:
            if numeric and kinds != ("long", "long"):
                return f"CAST({value} AS DOUBLE)"
            return value if kind == "date" or numeric else _text(value, kind, cased=node.cased)

        def stands(value: str, other: str) -> str:
            met = RELATIONS[node.op].format(read(value, kinds[0]), read(other, kinds[1]))
            return f"({met} AND NOT isnan({read(value, kinds[0])}))" if numeric and kinds != ("long", "long") else met

        def some_other(value: str) -> str:
            return _some(right, lambda o: stands(value, o), "w") if is_list(node.other, self.catalogue) else stands(value, right)

        some = _some(left, some_other, "v") if is_list(node.field, self.catalogue) else some_other(left)
        return f"({left} IS NOT NULL AND {right} IS NOT NULL AND {some})"


def _met(column: str, met: Callable[[str], str]) -> str:
    return f"({column} IS NOT NULL AND {met(column)})"


def _some(column: str, met: Callable[[str], str], variable: str) -> str:
    return f"len(list_filter({column}, lambda {variable}: {variable} IS NOT NULL AND {met(variable)})) > 0"


def _is_text_equals(node: Node) -> bool:
    return isinstance(node, Equals) and isinstance(node.value, str)


def _others(args: tuple[Node, ...]) -> list[Node]:
    return [arg for arg in args if not _is_text_equals(arg)]


def _among(values: list[str], cased: bool) -> Callable[[str], str]:
    subject = (lambda value: value) if cased else "lower({})".format
    return lambda value: f"{subject(value)} IN ({', '.join(values)})" if len(values) > 1 else f"{subject(value)} = {values[0]}"


def _text(value: str, kind: str, *, cased: bool) -> str:
    text = value if kind in ("keyword", "ip") else f"CAST({value} AS VARCHAR)"
    return text if cased or kind in ("long", "bool") else f"lower({text})"


def test(leaf: Leaf, kind: str) -> Callable[[str], str]:
    """How a value of this kind, which is not NULL, meets a bound leaf other than FieldRef and Keyword."""
    match leaf:
        case Exists():
            return lambda value: "true"
        case Cidr(_, network):
            return lambda value: inside(value, network, canonical=kind == "ip")
        case Regex(_, pattern, flags):
            return lambda value: f"regexp_matches({_text(value, kind, cased=True)}, {literal(re2_text(pattern, flags))})"
        case Compare(_, op, number):
            return lambda value: _compare(value, kind, OPERATORS[op], number)
        case TimePart(_, part, op, number):
            years = f"BETWEEN {YEARS[0]} AND {YEARS[1]}"
            return lambda value: (
                f"(epoch_us({value}) {years} AND extract({part} FROM make_timestamp(epoch_us({value}))) {OPERATORS[op]} {number})"
            )
        case Equals(_, value) if not isinstance(value, str):
            return lambda column: _compare(column, kind, "=", value)
        case Equals() | Contains() | Starts() | Ends() | Wildcard():
            return lambda value: _text_test(leaf, _text(value, kind, cased=leaf.cased or _caseless(leaf)))
    raise AssertionError(leaf)


def _caseless(leaf: Equals | Contains | Starts | Ends | Wildcard) -> bool:
    parts = leaf.parts if isinstance(leaf, Wildcard) else (leaf.value if isinstance(leaf, Equals) else leaf.text,)
    return all(_CASED.isdisjoint(part) for part in parts if isinstance(part, str))


def _text_test(leaf: Leaf, text: str) -> str:
    match leaf:
        case Equals(_, str() as value):
            return f"{text} = {literal(value)}"
        case Contains(_, part):
            return f"contains({text}, {literal(part)})"
        case Starts(_, part):
            return f"starts_with({text}, {literal(part)})"
        case Ends(_, part):
            return f"ends_with({text}, {literal(part)})"
        case Wildcard(_, parts):
            needed = max((part for part in parts if isinstance(part, str)), key=len, default="")
            prefilter = f"contains({text}, {literal(needed)}) AND " if needed else ""  # far cheaper than a regex
            return f"({prefilter}regexp_full_match({text}, {literal(wildcard_pattern(parts))}))"
    raise AssertionError(leaf)


def _compare(value: str, kind: str, operator: str, number: str | int | float | bool) -> str:
    if kind == "bool":
        return value if number else f"(NOT {value})"
    if kind == "keyword" and needs_digits(number):  # type: ignore[arg-type]
        return like_whole(value, operator, int(number))
    if kind == "keyword":
        return like_number(value, lambda double: f"{double} {operator} CAST('{number}' AS DOUBLE)")
    if kind == "double":
        return f"({value} {operator} CAST('{number}' AS DOUBLE) AND NOT isnan({value}))"
    if kind == "date":
        in_range = YEARS[0] <= number <= YEARS[1]  # type: ignore[operator]
        return f"{value} {operator} make_timestamptz({number})" if in_range else f"epoch_us({value}) {operator} {number}"
    return f"{value} {operator} {number}"
