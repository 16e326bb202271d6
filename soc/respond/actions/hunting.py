"""The action `hunt`: events around the case's triggers are looked for and attached as evidence.

It sees the case's institution's events alone; `everywhere` counts those of all, and attaches no more than its own.
"""

from __future__ import annotations

from typing import Any

from soc.condition.tree import FALSE, And, Equals, Node, Or
from soc.errors import ContentError, UsageError
from soc.event import Event
from soc.fields import BATCH, INGESTED, READING
from soc.hunt.hunts import checked_field, find_events
from soc.hunt.language import parse_query
from soc.model import Window
from soc.respond.actions.action import Action, Argument, Done, OnDesk, Order, StepFailed, World
from soc.respond.triaging.whose import owned_by

_FLEETING = (BATCH, INGESTED, READING)  # how it was stored, not what happened


def hunt(world: World, order: Order) -> Done:
    """Counts what matches and attaches the newest of it. `since` and `until` were fixed when the step began."""
    arguments = order.arguments
    window = Window(arguments["since"], arguments["until"])
    try:
        asked = _condition(world, arguments)
        own = And((asked, owned_by(arguments["institution"]))) if arguments["institution"] is not None else FALSE
        counted = world.store().count(asked, window) if arguments["everywhere"] else None
        if not arguments["limit"]:
            return Done({"count": world.store().count(own, window) if counted is None else counted, "attached": 0})
        found = find_events(world.store(), own, window, limit=arguments["limit"])
    except (UsageError, ContentError) as error:
        raise StepFailed(f"hunt: {error}", final=True) from error
    events = tuple(_kept(event) for event in found.events)
    return Done({"count": found.total if counted is None else counted, "attached": len(events)}, arguments["title"] or "hunt", events)


def _around(desk: OnDesk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`since` and `until` around the triggers of the case, or around its opening when no alert lies in it; whose events."""
    opened = desk.head.opened_at
    first, last = desk.tx.triggers_of_cases([desk.head.id]).get(desk.head.id, (opened, opened))
    return arguments | {"institution": desk.head.institution, "since": first - arguments["before"], "until": last + arguments["after"] + 1}


def _condition(world: World, arguments: Any) -> Node:
    """The query and, for each field, one of its values; a value is compared, never read as a query."""
    catalogue = world.catalogue()
    parts = [parse_query(arguments["query"] or "", catalogue)]
    for name, values in (arguments["where"] or {}).items():
        checked_field(name, catalogue)
        parts.append(Or(tuple(Equals(name, value) for value in values)))
    return And(tuple(parts))


def _kept(event: Event) -> Event:
    return {name: value for name, value in event.items() if name not in _FLEETING}


HUNT = Action(
    "hunt",
    "Finds events of the institution around the case's triggers, counts them and attaches the newest; `everywhere`: counts those of all.",
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
