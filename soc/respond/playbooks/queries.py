"""The queries that playbooks ask, read before a case needs them."""

from __future__ import annotations

from collections.abc import Mapping

from soc.errors import ContentError, UsageError
from soc.fields import Catalogue
from soc.hunt.hunts import checked_field
from soc.hunt.language import parse_query
from soc.respond.actions.hunting import HUNT
from soc.respond.playbooks.expression import look_up
from soc.respond.playbooks.playbook import Playbook


def query_faults(playbooks: Mapping[str, Playbook], catalogue: Catalogue) -> list[ContentError]:
    """What is wrong with the queries and fields of the playbooks' hunts, each at its step."""
    faults = []
    for book in playbooks.values():
        for step in book.steps.values():
            if step.kind != "action" or step.does != HUNT.name:
                continue
            try:
                query = str(step.arguments.get("query") or "")
                constant = look_up(query[1:], book.variables) if query.startswith("$") else query  # None: a person's, known later
                parse_query(str(constant or ""), catalogue)
                for name in step.arguments.get("where") or {}:
                    checked_field(name, catalogue)
            except (UsageError, ContentError) as error:
                faults.append(ContentError(f"the hunt {step.name!r}: {error}", path=book.path, line=step.line))
    return faults
