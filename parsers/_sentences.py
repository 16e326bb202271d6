"""Programs that write a closed list of sentences: each is a pattern for the whole message, whose groups are fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from soc.event import Event
from soc.parsing import ANY
from soc.parsing.parser import Any_
from soc.parsing.values import related

Row = tuple[str, str, str, str, str]
"""Pattern, event.action, event.category, event.type, event.outcome: words apart by blanks, "" for none."""
Groups = Mapping[str, tuple[str, Callable[[str], Any]]]
"""Group -> field, reader; what a reader gives None for is left out."""
LONGEST = 8192  # patterns are not tried on longer messages
_compiled = cache(re.compile)


class Sentences:
    """Reads messages by the first row whose pattern is the whole message."""

    def __init__(self, rows: Iterable[Row], groups: Groups, people: Iterable[str] = ("user.name",)) -> None:
        self._rows, self._groups, self._people = tuple(rows), groups, tuple(people)

    def read(self, text: str) -> Event | None:
        """What the message means; None when it is none of the sentences."""
        if len(text) > LONGEST:
            return None
        for pattern, action, category, types, outcome in self._rows:
            if match := _compiled(pattern, re.DOTALL).fullmatch(text):
                event: Event = {"event.action": action, "event.category": category.split(), "event.type": types.split()}
                if outcome:
                    event["event.outcome"] = outcome
                return self._filled(event, match)
        return None

    def supplied(self) -> dict[str, Any_ | set[str]]:
        """What a dataset declares of them."""
        columns = zip(*((row[1:]) for row in self._rows), strict=True)
        closed = zip(("event.action", "event.category", "event.type", "event.outcome"), columns, strict=True)
        fields = {name: {word for said in column for word in said.split()} for name, column in closed}
        return {**fields, **dict.fromkeys((field for field, _ in self._groups.values()), ANY), "related.user": ANY}

    def _filled(self, event: Event, match: re.Match[str]) -> Event:
        for group, text in match.groupdict().items():
            field, read = self._groups[group.rstrip("_")]  # `name_` is `name` at another place of the pattern
            if text and (value := read(text)) is not None:
                event[field] = value
        if people := related(*map(event.get, self._people)):
            event["related.user"] = people
        return event
