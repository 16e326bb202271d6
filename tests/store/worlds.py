"""The public rules, and events to ask them about: those made from the rules' own trees, and ordinary ones.

DuckDB's columns know no case, so rules whose fields differ in nothing else go to different worlds, each with stores of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from itertools import chain, islice
from pathlib import Path
from typing import Any

from bench import lines, mix
from soc.condition import predicate
from soc.condition.tree import Node, fields
from soc.condition.witness import witnesses
from soc.content import Content, load_content
from soc.detect.ruleset.load import load_rules
from soc.event import Event
from soc.fields import Catalogue, Field
from soc.parsing import Clock, Stream
from soc.times import parse_iso

ID, DATASET = "event.id", "law"
ROOTS = (mix.ROOT, mix.CONTENT)
TOGETHER = 50  # rules that are asked about each other's events, too
ALWAYS_HELD = ("labels", "tags", "soc.labels_dropped", "soc.batch", "soc.feed", "soc.reading", "event.ingested", "organization.id")
LINES, MIXED = 2_500, 10_000  # ordinary events: of each format of `bench.lines`, and of the mix
FIRST = parse_iso("2026-11-01T00:00:00Z")


@dataclass(frozen=True)
class World:
    """Rules whose fields a table can have side by side, and the events made from their trees."""

    rules: dict[str, Node] = field(default_factory=dict)
    spelt: dict[str, str] = field(default_factory=dict)  # names of fields in lower case -> as they are

    def takes(self, id: str, node: Node) -> bool:
        """Adds the rule, if none of its fields is here in another case."""
        names = fields(node)
        if any(self.spelt.get(name.lower(), name) != name for name in names):
            return False
        self.spelt.update((name.lower(), name) for name in names)
        self.rules[id] = node
        return True

    def catalogue(self, content: Content, events: Iterable[Event]) -> Catalogue:
        """The fields that rules and events have, as the content declares them; those that it does not know are keywords.

        A field of events that differs from one of the rules in case alone is left out.
        """
        held = {*self.spelt.values(), *chain.from_iterable(events), *ALWAYS_HELD}
        fitting = {name for name in held if self.spelt.get(name.lower(), name) == name}
        known = {name: one for name, one in content.catalogue.items() if name in fitting}
        new = [name for name in self.spelt.values() if name not in known and not name.startswith("labels.")]
        return Catalogue(known).extended(Field(name, "keyword") for name in sorted(new))

    def groups(self) -> Iterator[dict[str, Node]]:
        """Rules of like logsources together."""
        ids = list(self.rules)
        for start in range(0, len(ids), TOGETHER):
            yield {id: self.rules[id] for id in ids[start : start + TOGETHER]}


def worlds(rules: Mapping[str, Node]) -> list[World]:
    """Every rule in the first world that its fields allow, in the order given."""
    found: list[World] = []
    for id, node in rules.items():
        if not any(world.takes(id, node) for world in found):
            found.append(World())
            assert found[-1].takes(id, node)
    return found


def public_rules(folder: Path, content: Content) -> dict[str, Node]:
    """The public rules and our own by logsource, with the names that our pipelines and those of the mix give their fields."""
    found = load_rules([root / "detections" for root in ROOTS], imported=[folder], catalogue=content.catalogue, datasets=[])
    assert {refusal.what.partition("%")[0] for refusal in found.refused} == {"placeholder "}
    ordered = sorted(found.rules.values(), key=lambda rule: (str(rule.logsource), rule.id))
    return {rule.id: rule.condition for rule in ordered if rule.condition is not None}


def content() -> Content:
    return load_content(ROOTS)


def made(group: Mapping[str, Node], catalogue: Catalogue, number: int) -> list[Event]:
    """Events for and against each rule of a group."""
    found = (witnesses(node, catalogue) for node in group.values())
    return named(f"made-{number}", chain.from_iterable((*each.fires, *each.misses) for each in found))


def ordinary(known: Content) -> list[Event]:
    """Events as parsers make them."""
    return named("line", chain(_read(known), islice(mix.parsed(mix.lines(MIXED), mix.CONTENT), MIXED)))


def _read(known: Content) -> Iterator[Event]:
    stream, routes = Stream(Clock(FIRST, UTC)), known.routes(None)
    for write in lines.FORMATS.values():
        for line in islice(lines.Writer().lines(write), LINES):
            yield routes.event(line.encode(), stream)


def named(kind: str, events: Iterable[Event]) -> list[Event]:
    """The events with what a store wants of each, and ids of their own; all of one dataset, since each is an index to be asked."""
    return [{"@timestamp": FIRST} | held(event) | {"event.dataset": DATASET, ID: f"{kind}-{number}"} for number, event in enumerate(events)]


def held(event: Event) -> Event:
    """What of an event is kept."""
    return {name: value for name, value in event.items() if value is not None}


class Truth:
    """What the predicate says of events. It is asked once for equal values of the fields that a condition reads.

    `common`: so many, the first, every condition is asked about; where more than `most` of them differ (whole lines do, and a keyword
    costs most), about as many as that, evenly spread.
    """

    def __init__(self, events: Sequence[Event], catalogue: Catalogue, common: int, most: int | None = None) -> None:
        self._events, self._catalogue, self._common, self._most = events, catalogue, range(common), most or common
        self._columns: dict[str, list[Any]] = {}
        self._groups: dict[frozenset[str], list[list[int]]] = {}

    def of(self, node: Node, places: Iterable[int]) -> set[str]:
        """The ids of the events that meet the condition, of the common ones and of those at these places."""
        meets = predicate.compile(node, self._catalogue)
        groups = chain(self._alike(node), ([place] for place in places))
        return {self._events[place][ID] for alike in groups if meets(self._events[alike[0]]) for place in alike}

    def _alike(self, node: Node) -> list[list[int]]:
        """The common events by what they hold in the fields of the condition."""
        names = frozenset("labels" if name.startswith("labels.") else name for name in fields(node))
        if names not in self._groups:
            found: dict[Any, list[int]] = {}
            for place, values in enumerate(zip(*map(self._column, sorted(names)), strict=True)):
                found.setdefault(values, []).append(place)
            self._groups[names] = list(found.values())[:: 1 + len(found) // self._most]
        return self._groups[names]

    def _column(self, name: str) -> list[Any]:
        """What each common event holds there, as something that can be compared and hashed."""
        if name not in self._columns:
            found = (self._events[place].get(name) for place in self._common)
            self._columns[name] = [repr(value) if isinstance(value, (list, dict)) else value for value in found]
        return self._columns[name]
