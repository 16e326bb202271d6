"""Texts of messages: templates with the variables of a run. What is missing is an error, not a hole in a letter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from soc.text import printable


def names_in(text: str) -> frozenset[str]:
    """The variables that a text asks for. Raises UsageError when it is no template."""
    from soc.respond.messages.template import parse_template  # Jinja2: a twentieth of a second, for playbooks alone

    return parse_template(text).names


def rendered(text: str, variables: Mapping[str, Any]) -> str:
    """The text with its values, every line made printable: what comes from a log may steer a terminal. Raises UsageError."""
    from soc.respond.messages.template import parse_template

    return "\n".join(printable(line) for line in parse_template(text).fill(variables).split("\n")).strip()
