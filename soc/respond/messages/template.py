"""Templates of messages: Jinja2's language without calls and macros, read by its parser and walked by `soc.respond.messages.walk`.

Nothing of them is compiled or run, and reading one evaluates none of its constants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

from soc.errors import UsageError
from soc.respond.messages.filters import FILTERS
from soc.respond.messages.relations import TESTS
from soc.respond.messages.walk import DEFAULT, KNOWN, PRESENCE, fill

LONGEST = 20_000  # characters of a template
_ENVIRONMENT = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False)  # it parses, and renders nothing
_REPAIR = "a text knows values, a.b, a['b'], [lists], comparisons, + - * / // % with numbers, ~, filters, tests, if, for and set"


@dataclass(frozen=True, slots=True)
class Template:
    """A text that was read and holds nothing that is not known. `names`: the variables that it asks for."""

    body: list[nodes.Node]
    names: frozenset[str]

    def fill(self, variables: Mapping[str, Any]) -> str:
        """The text with its values. Raises UsageError: a name that is missing, a value of the wrong kind, too much of anything."""
        return fill(self.body, variables)


@lru_cache(maxsize=256)  # a playbook asks the same in many cases
def parse_template(text: str) -> Template:
    """Reads a text. Raises UsageError that says what is not understood."""
    if len(text) > LONGEST:
        raise UsageError(f"a text of more than {LONGEST:,} characters\n  split it into several steps")
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        raise UsageError(f"the text is no template: {error.message}") from error
    except (ValueError, OverflowError, RecursionError) as error:  # a number of thousands of digits, thousands of parentheses
        raise UsageError(f"the text is no template: {error}") from error
    known = list(_every(tree))
    for node in known:
        _check(node)
    names = {node.name for node in known if isinstance(node, nodes.Name) and node.ctx == "load"}
    bound = {node.name for node in known if isinstance(node, nodes.Name) and node.ctx == "store"}
    return Template(tree.body, frozenset(names - bound - {"loop"}))


def _every(tree: nodes.Node) -> Iterator[nodes.Node]:
    """All nodes; not by recursion, for `a.b.b.b…` is as deep as it is long."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        todo += node.iter_child_nodes()


def _check(node: nodes.Node) -> None:
    if type(node) not in KNOWN or (isinstance(node, nodes.For) and node.recursive):
        kind = type(node).__name__.lower()
        raise UsageError(f"the text holds what it does not know: {kind} in line {node.lineno}\n  {_REPAIR}")
    if isinstance(node, nodes.Filter):
        _check_name("filter", node.name, (*FILTERS, *DEFAULT))
        if node.node is None or node.dyn_args or node.dyn_kwargs:
            raise UsageError(f"the filter {node.name!r} stands where it is not known\n  {_REPAIR}")
    if isinstance(node, nodes.Test):
        _check_name("test", node.name, (*TESTS, *PRESENCE))


def _check_name(what: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise UsageError(f"there is no {what} {name!r}\n  there are: {', '.join(sorted(known))}")
