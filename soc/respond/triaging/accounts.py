"""Which accounts an alert says were let in: whom its case asks about."""

from __future__ import annotations

from typing import Any

from soc.event import Event
from soc.model import Alert
from soc.respond.triaging.whose import own_evidence

LONGEST = 64  # characters of an account in a title; the whole of it is in the evidence


def accounts(alert: Alert, institution: str) -> list[str]:
    """The accounts of the logins in the evidence that is not another institution's: the one that completed the alert first."""
    names = (item.event.get("user.name") for item in own_evidence(alert, institution) if _is_login(item.event))
    return list(dict.fromkeys(str(name) for name in names if name))


def titled(alert: Alert) -> str:
    """The title of a case about an alert: what happened, and to whose account."""
    named = accounts(alert, alert.institution)
    if not named:
        return alert.title
    first = named[0] if len(named[0]) <= LONGEST else f"{named[0][: LONGEST - 1]}…"
    return f"{alert.title}: {first}" + (f" and {len(named) - 1} more" if named[1:] else "")


def _is_login(event: Event) -> bool:
    began = _has(event, "event.category", "authentication") and _has(event, "event.type", "start")
    return bool(began) and event.get("event.outcome") == "success"


def _has(event: Event, field: str, word: str) -> Any:
    value = event.get(field)
    return word in value if isinstance(value, (list, tuple)) else value == word
