"""The action `hunt`: events around the case's triggers are looked for and attached as evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from soc.condition.tree import And, Equals, Node, Or
from soc.errors import ContentError, UsageError
from soc.event import Event
from soc.fields import Catalogue
from soc.hunt.hunts import checked_field, find_events
from soc.hunt.language import parse_query
from soc.model import Window
from soc.respond.action import Action, Argument, Done, OnDesk, Order, StepFailed, World
from soc.respond.playbook import Playbook

_WHOSE = ("organization.id", "soc.institution.source", "soc.institution.destination", "soc.institution.feed")
_FLEETING = ("soc.batch", "event.ingested", "soc.reading")  # how it was stored, not what happened


def hunt(world: World, order: Order) -> Done:
    """Counts what matches and attaches the newest of it. `since` and `until` were fixed when the step began."""
    arguments = order.arguments
    window = Window(arguments["since"], arguments["until"])
    try:
        node = _condition(world, arguments)
        if not arguments["limit"]:
            return Done({"count": world.store().count(node, window), "attached": 0})
        found = find_events(world.store(), node, window, limit=arguments["limit"])
    except (UsageError, ContentError) as error:
        raise StepFailed(f"hunt: {error}", final=True) from error
    events = tuple(_kept(event) for event in found.events)
    return Done({"count": found.total, "attached": len(events)}, arguments["title"] or "hunt", events)


def query_faults(playbooks: Mapping[str, Playbook], catalogue: Catalogue) -> list[ContentError]:
    """What is wrong with the queries and fields of the playbooks' hunts, each at its step."""
    faults = []
    for book in playbooks.values():
        for step in book.steps.values():
            if step.kind != "action" or step.does != HUNT.name:
                continue
            try:
                parse_query(str(step.arguments.get("query") or ""), catalogue)
                for name in step.arguments.get("where") or {}:
                    checked_field(name, catalogue)
            except (UsageError, ContentError) as error:
                faults.append(ContentError(f"the hunt {step.name!r}: {error}", path=book.path, line=step.line))
    return faults


def _around(desk: OnDesk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`since` and `until` around the triggers of the case, or around its opening when no alert lies in it; whose events."""
    opened = desk.head.opened_at
    first, last = desk.tx.triggers_of_cases([desk.head.id]).get(desk.head.id, (opened, opened))
    scope = None if arguments["everywhere"] else desk.head.institution
    return arguments | {"institution": scope, "since": first - arguments["before"], "until": last + arguments["after"] + 1}


def _condition(world: World, arguments: Any) -> Node:
    """The query and, for each field, one of its values; a value is compared, never read as a query."""
    catalogue = world.catalogue()
    parts = [parse_query(arguments["query"] or "", catalogue)]
    for name, values in (arguments["where"] or {}).items():
        checked_field(name, catalogue)
        parts.append(Or(tuple(Equals(name, value) for value in values)))
    if arguments["institution"] is not None:
        parts.append(Or(tuple(Equals(name, arguments["institution"]) for name in _WHOSE)))
    return And(tuple(parts))


def _kept(event: Event) -> Event:
    return {name: value for name, value in event.items() if name not in _FLEETING}


HUNT = Action(
    "hunt",
    "Finds events of the institution around the case's triggers, counts them and attaches the newest; `everywhere`: of all institutions.",
    "safe",
    {
        "query": Argument("value", own=True),
        "where": Argument("fields"),
        "before": Argument("duration", default="24h"),
        "after": Argument("duration", default="1h"),
        "limit": Argument("integer", default=20),
        "everywhere": Argument("value", default=False, words=(True, False), own=True),
        "title": Argument("text"),
    },
    {"count": "integer", "attached": "integer"},
    outside=hunt,
    prepare=_around,
)
