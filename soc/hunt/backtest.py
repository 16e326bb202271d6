"""Every rule as a hunt: how many events it would have met over a span of time, before anybody is woken by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from soc.detect.rules.rule import Rule, RuleSet
from soc.model import Window
from soc.parsing import Dataset
from soc.store.base import Concern, Store


class Tried(NamedTuple):
    """A rule, the events that meet it, and what the engine took for it in milliseconds, where it was asked by itself."""

    rule: Rule
    events: int
    ms: int | None


def tried(store: Store, rules: RuleSet, concerns: Mapping[str, Concern], window: Window) -> Iterator[Tried]:
    """The rules that concern something (`concerned`), in no order that matters; exceptions and correlations aside.

    One that the store cannot be asked for is left out.
    """
    for id, tally in store.tallies(concerns, window):
        yield Tried(rules.rules[id], tally.events, tally.ms)


def concerned(rules: RuleSet, datasets: Sequence[Dataset]) -> dict[str, Concern]:
    """By id the condition of each rule that runs, with the datasets that it sees."""
    seen: dict[str, list[str]] = {}
    for dataset in datasets:
        for rule in rules.for_dataset(dataset.logsources):
            seen.setdefault(rule.id, []).append(dataset.name)
    found = ((id, rules.rules[id].condition, names) for id, names in sorted(seen.items()))
    return {id: (condition, names) for id, condition, names in found if condition is not None}
