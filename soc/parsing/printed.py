"""An event as it is printed: flat dotted names, labels spread out, moments as ISO 8601 in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from soc.event import Event
from soc.fields import Catalogue
from soc.parsing.parser import Parser
from soc.parsing.remembered import Remembered
from soc.times import iso

_MOST, _LONGEST = 4096, 64  # names that are remembered


class Printer:
    """`parsers` only make it fast: the dates that their datasets declare are known beforehand."""

    def __init__(self, catalogue: Catalogue, parsers: Iterable[Parser] = ()) -> None:
        self._dates = frozenset(field.name for field in catalogue.values() if field.type == "date") - {"@timestamp"}
        self._labels = Remembered("labels.{}".format, most=_MOST, longest=_LONGEST)
        self._moment, self._text = 0, iso(0)  # of the event before: many lines are of one second
        self._declared = {dataset.name: tuple(self._dates & dataset.fields.keys()) for parser in parsers for dataset in parser.supplies}

    def flat(self, event: Event) -> dict[str, Any]:
        """What is printed of the event. The event itself may be changed and is not to be used again."""
        moment = event["@timestamp"]
        if moment != self._moment:
            self._moment, self._text = moment, iso(moment)
        event["@timestamp"] = text = self._text
        dates: Iterable[str] | None = self._declared.get(event.get("event.dataset", ""))  # others have none
        if dates is None or "soc.claimed" in event:
            dates = self._dates & event.keys()
        for name in dates:
            value = event.get(name)
            if value is moment:  # said twice in one record: parsers that remember times give the same object
                event[name] = text
            elif value is not None:
                event[name] = iso(value) if type(value) is int else [*map(iso, value)]
        if "labels" in event:
            names = self._labels
            for key, label in event.pop("labels").items():
                event[names[key]] = label
        return event


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    """The dotted names as objects within objects. Where a name is also the beginning of another, the longer one stays dotted."""
    out: dict[str, Any] = {}
    for name, value in sorted(flat.items()):
        at, steps = out, name.split(".")
        for step in steps[:-1]:
            at = at.setdefault(step, {}) if isinstance(at, dict) else at
        if isinstance(at, dict):
            at[steps[-1]] = value
        else:
            out[name] = value
    return out
