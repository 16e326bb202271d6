"""Whose an event is, for a case: what is another institution's is not looked at in it, attached to it, told or exported from it.

An event is of an institution when its owner (`organization.id`), its feed or one of its addresses is, and neither owner nor
feed is another's: that a neighbour's firewall has met our address does not make its lines ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from soc.condition.tree import And, Equals, Exists, Node, Not, Or
from soc.event import Event
from soc.model import UNKNOWN, Alert, Evidence

DECIDING = ("organization.id", "soc.institution.feed")
ADDRESSES = ("soc.institution.source", "soc.institution.destination")


def owned_by(institution: str) -> Node:
    """The condition that events of an institution meet. Ids are compared letter by letter."""
    of_it = {name: Equals(name, institution, cased=True) for name in (*DECIDING, *ADDRESSES)}
    not_anothers = (Or((of_it[name], Not(Exists(name)))) for name in DECIDING)
    return And((Or(tuple(of_it.values())), *not_anothers))


def is_anothers(event: Event, institution: str) -> bool:
    """Whether the owner or the feed of an event is another institution. Nobody's is not another's."""
    return any(value not in (institution, UNKNOWN) for name in DECIDING for value in _values(event.get(name)))


def own_evidence(alert: Alert, institution: str) -> list[Evidence]:
    """The evidence of an alert that is not another institution's, in its order."""
    return [item for item in alert.extent.evidence if not is_anothers(item.event, institution)]


def own_events(events: Iterable[Event], institution: str) -> list[Event]:
    """Those of the events that are not another institution's."""
    return [event for event in events if not is_anothers(event, institution)]


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
