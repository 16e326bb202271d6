"""The conditions of `if` steps: comparisons of variables, and, or, not, in. Read with Python's grammar, never run by it.

    earlier > 0 and case.severity in ['high', 'critical']
    not listed or 'ssh' in case.title

Names are variables; `true`, `false` and `null` are themselves. A comparison by size with a null is false.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from soc.errors import UsageError

MOST = 500  # characters
_WORDS = {"true": True, "false": False, "null": None}
_SIZES: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition that was read; `names` are the variables it asks for."""

    text: str
    tree: ast.expr

    @property
    def names(self) -> frozenset[str]:
        return frozenset(_names(self.tree))

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Whether it is met. Raises UsageError when two values cannot be compared."""
        try:
            return bool(_value(self.tree, variables))
        except TypeError as error:
            raise UsageError(f"{self.text!r}: {error}") from error


def parse_expression(text: str) -> Expression:
    """Reads a condition. Raises UsageError that says what is not understood."""
    if len(text) > MOST:
        raise UsageError(f"a condition of more than {MOST} characters\n  split it into several if steps")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UsageError(f"{text!r} is no condition: {getattr(error, 'msg', error)}") from error
    _check(tree, text)
    return Expression(text, tree)


def look_up(path: str, variables: Mapping[str, Any]) -> Any:
    """The value of `case.severity`: null where there is none."""
    value: Any = variables
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _check(node: ast.AST, text: str) -> None:
    allowed = (ast.BoolOp, ast.And, ast.Or, ast.Compare, ast.List, ast.Load, ast.Name, ast.Attribute, ast.Eq, ast.NotEq, ast.In, ast.NotIn)
    whole = isinstance(node, (*allowed, *_SIZES)) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        whole = isinstance(node.operand, ast.Constant) and type(node.operand.value) in (int, float)
    if isinstance(node, ast.Constant):
        whole = type(node.value) in (str, int, float)
    if isinstance(node, ast.Attribute):
        whole = isinstance(node.value, (ast.Name, ast.Attribute))
    if isinstance(node, (ast.Not, ast.USub)):
        whole = True
    if not whole:
        repair = "write names, numbers, 'text', [lists], == != < <= > >= in, and, or, not, true, false, null"
        raise UsageError(f"{text!r} holds what a condition does not know\n  {repair}")
    for child in ast.iter_child_nodes(node):
        _check(child, text)


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.Name, ast.Attribute)):
        if (path := _path(node)) not in _WORDS:
            yield path
        return
    for child in ast.iter_child_nodes(node):
        yield from _names(child)


def _path(node: ast.expr) -> str:
    return f"{_path(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _value(node: ast.expr, variables: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List):
        return [_value(item, variables) for item in node.elts]
    if isinstance(node, ast.BoolOp):
        answers = (bool(_value(item, variables)) for item in node.values)
        return all(answers) if isinstance(node.op, ast.And) else any(answers)
    if isinstance(node, ast.UnaryOp):
        value = _value(node.operand, variables)
        return not value if isinstance(node.op, ast.Not) else -value
    if isinstance(node, ast.Compare):
        sides = [_value(side, variables) for side in (node.left, *node.comparators)]
        return all(_compared(op, *pair) for op, pair in zip(node.ops, pairwise(sides), strict=True))
    path = _path(node)
    return _WORDS[path] if path in _WORDS else look_up(path, variables)


def _compared(op: ast.cmpop, left: Any, right: Any) -> bool:
    if isinstance(op, (ast.Eq, ast.NotEq)):
        return bool(left == right) == isinstance(op, ast.Eq)
    if isinstance(op, (ast.In, ast.NotIn)):
        return (right is not None and left in right) == isinstance(op, ast.In)
    return left is not None and right is not None and bool(_SIZES[type(op)](left, right))
