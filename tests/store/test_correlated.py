"""A correlation as a hunt: what is left out because its group cannot reach the bound changes no answer."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from hypothesis import strategies as st

from soc.condition.tree import Compare, Contains, Equals, Exists, Not
from soc.detect.rules.rule import Correlation, Rule, RuleSet
from soc.hunt import correlated
from soc.hunt.correlated import find_cells
from soc.model import ALWAYS, Logsource, Window
from soc.times import HOUR, MINUTE
from tests.store.laws import law
from tests.strategies import CATALOGUE

START = 1_700_000_000_000_000
CONDITIONS = {
    "denied": Equals("event.outcome", "Failure"),
    "low": Compare("destination.port", "lt", 24),
    "named": Exists("user.name"),
    "not odd": Not(Contains("user.name", "b")),
}


def rule(id, condition=None, correlation=None, dormant=None):
    return Rule(
        id, id, Path("x.yml"), 1, "high", "test", (), "", "", (), (), Logsource(), condition, correlation, f"hash of {id}", dormant=dormant
    )


PLAIN = {id: rule(id, condition, dormant="nothing supplies it") for id, condition in CONDITIONS.items()}


def rules(correlation, *more):
    """The rule set of `many`, which counts, and the rules below it."""
    below = {f"below {place}": rule(f"below {place}", correlation=one) for place, one in enumerate(more)}
    return RuleSet(PLAIN | below | {"many": rule("many", correlation=correlation)})


class Read:
    """A store whose events are counted as they are read."""

    def __init__(self, store):
        self._store, self.events = store, 0

    def select(self, *asked, **more):
        for event in self._store.select(*asked, **more):
            self.events += 1
            yield event


def commit(store, events):
    with store.writer() as writer:
        writer.add(
            writer.begin(), [{"event.id": f"id{n}", "event.dataset": "law", **event} for n, event in enumerate(events)], [], now=START
        )


def both(store, rules, window=ALWAYS):
    """What is found with all read, which is what is found with groups counted first; and how many events were read for each."""
    whole, fewer = Read(store), Read(store)
    found = find_cells(rules.rules["many"], rules, whole, window, CATALOGUE)

    assert find_cells(rules.rules["many"], rules, fewer, window, CATALOGUE, counted=store) == found
    return found, whole.events, fewer.events


GROUPED = ("source.ip", "user.name", "event.category", "related.ip", "labels.a", "destination.port", "process.interactive")
VALUES = (*GROUPED, "event.risk_score", "event.start", "message")
WORDS = st.sampled_from(("a", "A", "b", "\u212a", "k", "22", ""))
IPS = st.sampled_from(("192.0.2.1", "192.0.2.2", "2001:db8::1"))
EVENTS = st.lists(
    st.fixed_dictionaries(
        {"@timestamp": st.integers(0, 40).map(lambda minute: START + minute * MINUTE)},
        optional={
            "source.ip": IPS,
            "related.ip": st.lists(IPS, max_size=3),
            "user.name": WORDS,
            "event.category": st.lists(WORDS, max_size=3),
            "labels": st.fixed_dictionaries({}, optional={"a": WORDS}),
            "message": WORDS,
            "destination.port": st.integers(20, 26),
            "process.interactive": st.booleans(),
            "event.risk_score": st.sampled_from((0.0, -0.0, 1.0, 1.5)),
            "event.start": st.integers(0, 3),
            "event.outcome": st.sampled_from(("success", "failure")),
            "soc.institution.source": st.sampled_from(("uni", "hospital")),
        },
    ),
    max_size=40,
)


@st.composite
def counting(draw):
    """A correlation that counts one to three rules, which may name their groups differently."""
    kind = draw(st.sampled_from(("event_count", "value_count")))
    parts = draw(st.lists(st.sampled_from(sorted(PLAIN)), min_size=1, max_size=3, unique=True))
    names = draw(st.lists(st.sampled_from(GROUPED), max_size=2, unique=True))
    aliases = {name: {part: draw(st.sampled_from(GROUPED)) for part in parts} for name in names if draw(st.integers(0, 3)) == 0}
    counted = tuple(draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=2, unique=True))) if kind == "value_count" else ()
    bound = draw(st.integers(1, 4))
    return Correlation(kind, tuple(parts), tuple(names), 5 * MINUTE, draw(st.sampled_from(("gt", "gte"))), bound, counted, aliases)


@law(24, events=EVENTS, asked=st.lists(counting(), min_size=1, max_size=4), edge=st.integers(1, 40))
def test_what_is_found_with_groups_counted_first_is_what_is_found_with_all_read(engine, events, asked, edge):
    store = engine.fresh()
    commit(store, events)
    for correlation, window in product(asked, (ALWAYS, Window(START, START + edge * MINUTE))):
        both(store, rules(correlation), window)
    store.close()


def scans(scanners, ports, others):
    """Addresses that try many ports, and addresses that try one, all at one host."""
    tried = [(f"198.51.100.{n}", 20 + port) for n in range(scanners) for port in range(ports)]
    tried += [(f"203.0.113.{n}", 22) for n in range(others)]
    return [
        {"@timestamp": START + place, "event.outcome": "failure", "source.ip": ip, "destination.ip": "192.0.2.1", "destination.port": port}
        for place, (ip, port) in enumerate(tried)
    ]


SCAN = Correlation("value_count", ("denied",), ("source.ip", "destination.ip"), 5 * MINUTE, "gte", 5, ("destination.port",))


def test_a_port_scan_is_found_by_reading_the_scanners_events_alone(store):
    commit(store, scans(scanners=3, ports=6, others=200))

    found, whole, fewer = both(store, rules(SCAN))

    assert [(cell.key["source.ip"], cell.count) for cell in found] == [(f"198.51.100.{n}", 6) for n in range(3)]
    assert (whole, fewer) == (218, 18)


def test_where_no_group_can_reach_the_bound_no_event_is_read(store):
    commit(store, scans(scanners=3, ports=4, others=200))

    assert both(store, rules(SCAN)) == ([], 212, 0)


def test_more_groups_than_a_question_holds_are_read_whole(store, monkeypatch):
    monkeypatch.setattr(correlated, "MOST", 2)
    commit(store, scans(scanners=3, ports=6, others=20))

    found, _, fewer = both(store, rules(SCAN))

    assert (len(found), fewer) == (3, 38)


def test_a_chain_is_found_by_what_its_child_can_trigger(store):
    """The parent counts addresses that scanned; groups that cannot scan are left out below it, nothing is at its own level."""
    commit(store, scans(scanners=4, ports=6, others=50))
    hosts = Correlation("value_count", ("below 0",), ("destination.ip",), HOUR, "gte", 4, ("source.ip",))

    found, whole, fewer = both(store, rules(hosts, SCAN))

    assert [(dict(cell.key), cell.count) for cell in found] == [({"destination.ip": "192.0.2.1"}, 24)]
    assert (whole, fewer) == (74, 24)
