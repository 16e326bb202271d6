"""Texts of messages: Jinja2 in its sandbox, with the variables of a run. What is missing is an error, not a hole in a letter."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from soc.errors import UsageError
from soc.text import printable

if TYPE_CHECKING:  # a twentieth of a second, for playbooks alone
    from jinja2 import Template
    from jinja2.sandbox import SandboxedEnvironment

MOST = 100_000  # characters of a message


@cache
def environment() -> SandboxedEnvironment:
    """The sandbox: no attribute of an object that begins with an underscore, ranges bounded, unknown names refused."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def names_in(text: str) -> set[str]:
    """The variables that a text asks for. Raises UsageError when it is no template."""
    from jinja2 import TemplateSyntaxError, meta

    try:
        return meta.find_undeclared_variables(environment().parse(text))
    except TemplateSyntaxError as error:
        raise UsageError(f"the text is no template: {error.message}") from error


def rendered(text: str, variables: Mapping[str, Any]) -> str:
    """The text with its values, every line made printable: what comes from a log may steer a terminal. Raises UsageError."""
    from jinja2 import TemplateError

    try:
        out = _template(text).render(variables)
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise UsageError(f"the text cannot be filled in: {error}") from error
    if len(out) > MOST:
        raise UsageError(f"the text grew beyond {MOST:,} characters\n  name fewer values in it")
    return "\n".join(printable(line) for line in out.split("\n")).strip()


@lru_cache(maxsize=256)  # a playbook asks the same in many cases
def _template(text: str) -> Template:
    return environment().from_string(text)
