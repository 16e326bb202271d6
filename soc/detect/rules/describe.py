"""Conditions and correlations in words, as `soc rule show` prints them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from soc.condition.tree import (
    And,
    Any_,
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
    One,
    Or,
    Regex,
    Starts,
    TimePart,
    Wildcard,
)
from soc.detect.rules.rule import Correlation, Expression
from soc.times import duration_text

_OPS = {"eq": "=", "neq": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_WORDS = {Equals: "is", Contains: "contains", Starts: "starts with", Ends: "ends with"}


def tree_lines(node: Node, depth: int = 0, head: str = "") -> Iterator[str]:
    """One line per operator and leaf, indented by depth."""
    indent = "  " * depth + head
    if isinstance(node, (And, Or)):
        yield indent + ("all of" if isinstance(node, And) else "any of")
        for arg in node.args:
            yield from tree_lines(arg, depth + 1)
    elif isinstance(node, Not):
        yield from tree_lines(node.arg, depth, head + "not ")
    else:
        yield indent + leaf_text(node)


def leaf_text(leaf: Leaf) -> str:
    """`source.port >= 1024`, `user.name starts with 'adm'`."""
    match leaf:
        case Equals(field, value, cased):
            return f"{field} is {value!r}{_exactly(cased)}"
        case Contains(field, text, cased) | Starts(field, text, cased) | Ends(field, text, cased):
            return f"{field} {_WORDS[type(leaf)]} {text!r}{_exactly(cased)}"
        case Wildcard(field, parts, cased):
            shown = "".join("*" if isinstance(p, Any_) else "?" if isinstance(p, One) else _escaped(p) for p in parts)
            return f"{field} is like {shown!r}{_exactly(cased)}"
        case Regex(field, pattern, flags):
            return f"{field} matches /{pattern}/{flags}"
        case Cidr(field, network):
            return f"{field} is in {network}"
        case Compare(field, op, number):
            return f"{field} {_OPS[op]} {number}"
        case Exists(field):
            return f"{field} has a value"
        case FieldRef(field, other, op, cased):
            return f"{field} {op} field {other}{_exactly(cased)}"
        case TimePart(field, part, op, number):
            return f"{part} of {field} {_OPS[op]} {number}"
        case Keyword(inner):
            return f"the line{leaf_text(inner)}"  # its field is empty


def correlation_text(correlation: Correlation, titles: Mapping[str, str]) -> str:
    """`event_count >= 10 of 'Failed login' within 5m, per source.ip`."""
    rules = ", ".join(repr(titles.get(one, one)) for one in correlation.rules)
    bounds = ((correlation.op, correlation.bound), *correlation.also)
    judged = f"{correlation.type} {' and '.join(f'{_OPS[op]} {bound}' for op, bound in bounds)}"
    if correlation.type.startswith("temporal"):
        judged = correlation.type if correlation.expression is None else f"temporal ({_expression(correlation.expression, titles)})"
    counted = f" distinct {', '.join(correlation.fields)}" if correlation.fields else ""
    group = f", per {', '.join(correlation.group_by)}" if correlation.group_by else ""
    return f"{judged}{counted} of {rules} within {duration_text(correlation.timespan)}{group}"


def _expression(expression: Expression, titles: Mapping[str, str]) -> str:
    if isinstance(expression, str):
        return repr(titles.get(expression, expression))
    word, args = expression
    shown = [_expression(arg, titles) for arg in args]
    return f"not {shown[0]}" if word == "not" else "(" + f" {word} ".join(shown) + ")"


def _exactly(cased: bool) -> str:
    return ", letter case and all" if cased else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
