"""Walks a template that was read (`soc.respond.messages.template`). Every step and every value made has its price
(`soc.respond.messages.budget`), so that no text of a playbook can take the machine's time or memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import nodes

from soc.errors import UsageError
from soc.respond.messages.budget import Budget
from soc.respond.messages.filters import FILTERS
from soc.respond.messages.relations import TESTS, Missing, compared

DEFAULT, PRESENCE = ("default", "d"), ("defined", "undefined")  # the filters and tests that a missing value can be given to
Scope = dict[str, Any]


def fill(body: list[nodes.Node], variables: Mapping[str, Any]) -> str:
    """The text of a body. Raises UsageError: a name that is missing, a value of the wrong kind, too much of anything."""
    walk = _Walk(Budget())
    try:
        walk.body(body, [dict(variables)])
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise UsageError(f"the text cannot be filled in: {error}") from error
    except RecursionError as error:
        raise UsageError("the text cannot be filled in: it is nested too deep") from error
    return "".join(walk.out)


class _Walk:
    """One text being filled in. `out`: what it is so far. Scopes: the innermost last."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.out: list[str] = []

    def body(self, body: list[nodes.Node], scopes: list[Scope]) -> None:
        for node in body:
            self.budget.step()
            _STATEMENTS[type(node)](self, node, scopes)

    def output(self, node: nodes.Output, scopes: list[Scope]) -> None:
        for part in node.nodes:
            text = part.data if isinstance(part, nodes.TemplateData) else self.budget.text(self.value(part, scopes))
            self.budget.write(len(text))
            self.out.append(text)

    def set(self, node: nodes.Assign, scopes: list[Scope]) -> None:
        self._bind(node.target, self.value(node.node, scopes), scopes[-1])

    def choose(self, node: nodes.If, scopes: list[Scope]) -> None:
        for branch in (node, *node.elif_):
            if self.value(branch.test, scopes):
                return self.body(branch.body, scopes)
        return self.body(node.else_, scopes)

    def loop(self, node: nodes.For, scopes: list[Scope]) -> None:
        items = FILTERS["list"](self.budget, self.value(node.iter, scopes))
        if node.test is not None:
            items = [item for item in items if self.value(node.test, [*scopes, self._bind(node.target, item, {})])]
        for at, item in enumerate(items):
            place = {"index": at + 1, "index0": at, "first": not at, "last": at + 1 == len(items), "length": len(items)}
            self.body(node.body, [*scopes, self._bind(node.target, item, {"loop": place})])
        if not items:
            self.body(node.else_, scopes)

    def value(self, node: nodes.Node, scopes: list[Scope]) -> Any:
        self.budget.step()
        return _EXPRESSIONS[type(node)](self, node, scopes)

    def _bind(self, target: nodes.Node, value: Any, scope: Scope) -> Scope:
        if isinstance(target, nodes.Name):
            scope[target.name] = value
        elif isinstance(target, nodes.Tuple):
            for one, held in zip(target.items, FILTERS["list"](self.budget, value), strict=True):
                self._bind(one, held, scope)
        return scope

    def name(self, node: nodes.Name, scopes: list[Scope]) -> Any:
        for scope in reversed(scopes):
            if node.name in scope:
                return scope[node.name]
        raise Missing(f"{node.name!r} is undefined")

    def part(self, node: nodes.Getattr, scopes: list[Scope]) -> Any:
        return self._of(self.value(node.node, scopes), node.attr)

    def item(self, node: nodes.Getitem, scopes: list[Scope]) -> Any:
        whole = self.value(node.node, scopes)
        if not isinstance(node.arg, nodes.Slice):
            return self._of(whole, self.value(node.arg, scopes))
        ends = (node.arg.start, node.arg.stop, node.arg.step)
        part = whole[slice(*(None if end is None else self.value(end, scopes) for end in ends))]
        self.budget.pass_over(part)
        return part

    def _of(self, whole: Any, key: Any) -> Any:
        if isinstance(whole, Mapping) and isinstance(key, (str, int, float, bool)) and key in whole:
            return whole[key]
        if isinstance(whole, (list, tuple, str)) and type(key) is int and -len(whole) <= key < len(whole):
            return whole[key]
        raise Missing(f"{key!r} is undefined")

    def filtered(self, node: nodes.Filter, scopes: list[Scope]) -> Any:
        if node.name in DEFAULT:
            return self._default(node, scopes)
        words = {str(pair.key): self.value(pair.value, scopes) for pair in node.kwargs}
        assert node.node is not None  # as `template` has seen
        return FILTERS[node.name](self.budget, self.value(node.node, scopes), *(self.value(arg, scopes) for arg in node.args), **words)

    def _default(self, node: nodes.Filter, scopes: list[Scope]) -> Any:
        assert node.node is not None
        other, also_empty = ([self.value(arg, scopes) for arg in node.args] + ["", False][len(node.args) :])[:2]
        try:
            value = self.value(node.node, scopes)
        except Missing:
            return other
        return other if also_empty and not value else value

    def tested(self, node: nodes.Test, scopes: list[Scope]) -> bool:
        if node.name not in PRESENCE:
            return bool(TESTS[node.name](self.budget, self.value(node.node, scopes), *(self.value(arg, scopes) for arg in node.args)))
        try:
            self.value(node.node, scopes)
        except Missing:
            return node.name == "undefined"
        return node.name == "defined"

    def related(self, node: nodes.Compare, scopes: list[Scope]) -> bool:
        left = self.value(node.expr, scopes)
        for operand in node.ops:
            right = self.value(operand.expr, scopes)
            if not compared(operand.op, self.budget, left, right):
                return False
            left = right
        return True

    def joined(self, node: nodes.Concat, scopes: list[Scope]) -> str:
        texts = [self.budget.text(self.value(part, scopes)) for part in node.nodes]
        self.budget.make(sum(map(len, texts)))
        return "".join(texts)

    def calculated(self, node: nodes.BinExpr, scopes: list[Scope]) -> int | float:
        left, right = (self.budget.number(self.value(side, scopes)) for side in (node.left, node.right))
        return self.budget.number(_SUMS[type(node)](left, right))

    def listed(self, node: nodes.List | nodes.Tuple, scopes: list[Scope]) -> list[Any]:
        return [self.value(item, scopes) for item in node.items]

    def mapped(self, node: nodes.Dict, scopes: list[Scope]) -> dict[str, Any]:
        return {self.budget.text(self.value(pair.key, scopes)): self.value(pair.value, scopes) for pair in node.items}

    def either(self, node: nodes.CondExpr, scopes: list[Scope]) -> Any:
        chosen = node.expr1 if self.value(node.test, scopes) else node.expr2
        if chosen is None:
            raise Missing("an `if` without `else` has no value here")
        return self.value(chosen, scopes)


_STATEMENTS: Mapping[type[nodes.Node], Callable[..., Any]] = {
    nodes.Output: _Walk.output,
    nodes.Assign: _Walk.set,
    nodes.If: _Walk.choose,
    nodes.For: _Walk.loop,
}
_EXPRESSIONS: Mapping[type[nodes.Node], Callable[..., Any]] = {
    nodes.Name: _Walk.name,
    nodes.Const: lambda walk, node, scopes: node.value,
    nodes.TemplateData: lambda walk, node, scopes: node.data,
    nodes.Getattr: _Walk.part,
    nodes.Getitem: _Walk.item,
    nodes.Filter: _Walk.filtered,
    nodes.Test: _Walk.tested,
    nodes.Compare: _Walk.related,
    nodes.Concat: _Walk.joined,
    nodes.List: _Walk.listed,
    nodes.Tuple: _Walk.listed,
    nodes.Dict: _Walk.mapped,
    nodes.CondExpr: _Walk.either,
    nodes.And: lambda walk, node, scopes: walk.value(node.left, scopes) and walk.value(node.right, scopes),
    nodes.Or: lambda walk, node, scopes: walk.value(node.left, scopes) or walk.value(node.right, scopes),
    nodes.Not: lambda walk, node, scopes: not walk.value(node.node, scopes),
    nodes.Neg: lambda walk, node, scopes: -walk.budget.number(walk.value(node.node, scopes)),
    nodes.Pos: lambda walk, node, scopes: walk.budget.number(walk.value(node.node, scopes)),
    **dict.fromkeys((nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod), _Walk.calculated),
}
_SUMS: Mapping[type[nodes.Node], Callable[[Any, Any], Any]] = {
    nodes.Add: lambda left, right: left + right,
    nodes.Sub: lambda left, right: left - right,
    nodes.Mul: lambda left, right: left * right,
    nodes.Div: lambda left, right: left / right,
    nodes.FloorDiv: lambda left, right: left // right,
    nodes.Mod: lambda left, right: left % right,
}
KNOWN = frozenset((*_STATEMENTS, *_EXPRESSIONS, nodes.Template, nodes.Operand, nodes.Slice, nodes.Pair, nodes.Keyword))
