"""A store's answers, worked out event by event in Python: what every engine has to say."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import product

from soc.condition.fold import fold
from soc.condition.predicate import compile
from soc.condition.values import canonical, values_of
from soc.match.columns import to_events, to_tables
from soc.model import ALWAYS
from tests.strategies import CATALOGUE


def as_stored(event, number, now):
    """The event as it is read back."""
    (table,) = to_tables([event], CATALOGUE).values()
    return {**to_events(table)[0], "soc.batch": number, "event.ingested": now}


def comparable(events):
    """Equal for equal events; unlike `==` it holds NaN equal to itself."""
    return [repr(sorted(event.items())) for event in events]


class Reference:
    """The events of a store, by id."""

    def __init__(self):
        self.events = {}

    def add(self, number, events, now):
        for event in events:
            self.events[event["event.id"]] = as_stored(event, number, now)

    def retain(self, cuts):
        tests = [(compile(cut.node, CATALOGUE), cut.before) for cut in cuts]

        def stays(event):
            for meets, before in tests:
                if meets(event):
                    return event["@timestamp"] >= before
            return True

        kept = {identity: event for identity, event in self.events.items() if stays(event)}
        gone = len(self.events) - len(kept)
        self.events = kept
        return gone

    def matching(self, node, window=ALWAYS):
        meets = compile(node, CATALOGUE)
        found = [e for e in self.events.values() if window.since <= e["@timestamp"] < window.until and meets(e)]
        return sorted(found, key=lambda e: (e["@timestamp"], e["event.id"]))

    def newest(self, node, window, limit):
        return sorted(self.matching(node, window), key=lambda e: (-e["@timestamp"], e["event.id"]))[:limit]

    def top(self, field, node, window, limit):
        counts = Counter(value for event in self.matching(node, window) for value in set(values_of(event, field)))
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]

    def groups(self, node, window, by, at_least, distinct):
        events, values = Counter(), defaultdict(set)
        for event in self.matching(node, window):
            for key in product(*({fold(canonical(value)) for value in values_of(event, field)} for field in by)):
                events[key] += 1
                if distinct:
                    values[key] |= {fold(canonical(value)) for value in values_of(event, distinct)}
        numbers = {key: len(found) for key, found in values.items()} if distinct else events
        return {key: number for key, number in numbers.items() if number >= at_least}

    def histogram(self, node, window, width, by):
        counts = Counter(
            (event["@timestamp"] // width * width, value)
            for event in self.matching(node, window)
            for value in ((set(values_of(event, by)) if by else None) or {None})
        )
        return sorted(((s, v, n) for (s, v), n in counts.items()), key=lambda row: (row[0], row[1] is None, row[1] or ""))

    def of_batches(self, numbers):
        return [event for event in self.events.values() if event["soc.batch"] in numbers]
