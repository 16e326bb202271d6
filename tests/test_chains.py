"""Correlations of correlations against a definition that is slow and obvious, from events to cells, in whatever batches they come."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soc.condition import predicate
from soc.condition.tree import Equals
from soc.detect.cells.evaluate import Evaluator, counter
from soc.detect.hits.scan import Scanner
from soc.detect.rules.rule import Correlation, RuleSet, carriers
from soc.detect.runs.trial import attempt
from soc.fields import REPEATED, base_catalogue
from soc.hunt.correlated import find_cells
from soc.match.columns import to_tables
from soc.match.hits import joined, to_table, within
from soc.model import Window
from soc.parsing.parser import ANY, Dataset
from soc.times import HOUR, MINUTE
from tests.test_permutation import rule

USER, HOST, IP = "user.name", "host.name", "source.ip"
DATASET = Dataset("d", logsources=[{"product": "x"}], fields=dict.fromkeys((USER, HOST, IP, "event.action"), ANY))


def over(kind, rules, by, minutes, bound, **more):
    return Correlation(kind, tuple(rules), tuple(by), minutes * MINUTE, "gte", bound, generate=True, **more)


def leaf(id):
    return rule(id).__class__(**{**vars_of(rule(id)), "condition": Equals("event.action", id)})


def vars_of(one):
    return {name: getattr(one, name) for name in one.__slots__}


RULES = RuleSet(
    {
        one.id: one
        for one in (
            *map(leaf, "abc"),
            rule("many", over("event_count", "a", [USER, HOST], 5, 2)),  # its key tells all that is asked of it ...
            rule("often", over("event_count", ["many"], [USER], 40, 2)),
            rule("users", over("value_count", ["many"], [HOST], 20, 2, fields=(USER,))),
            rule("mixed", over("event_count", ["many", "b"], [USER], 30, 3)),
            rule("hosts", over("event_count", "a", [HOST], 6, 2)),  # ... and here it does not
            rule("guessed", over("temporal_ordered", ["hosts", "b"], [USER], 15, 2, looked_up=frozenset(["hosts"]))),
            rule("again", over("event_count", ["hosts"], [USER], 40, 2, looked_up=frozenset(["hosts"]))),
            rule("ways", over("value_count", ["hosts", "c"], [USER], 20, 2, fields=(IP,), looked_up=frozenset(["hosts"]))),
            rule("beside", over("temporal", ["hosts", "many"], [IP, USER], 20, 2, looked_up=frozenset(["hosts", "many"]))),
            rule("deep", over("event_count", ["guessed", "c"], [HOST], 60, 2, looked_up=frozenset(["guessed"]))),
        )
    }
)
CHAINS = ("often", "users", "mixed", "guessed", "again", "ways", "beside", "deep")
EVENT = st.builds(
    lambda minute, action, user, host, ip: (minute, action, user, host, ip),
    st.integers(0, 90),
    st.sampled_from("aaabc"),
    st.sampled_from("uv"),
    st.sampled_from("gh"),
    st.sampled_from("12"),
)
NEAR = st.builds(
    lambda start, gaps, more: [(start + sum(gaps[: n + 1]), *more[n]) for n in range(min(len(gaps), len(more)))],
    st.integers(0, 80),
    st.lists(st.integers(0, 7), min_size=2, max_size=8),
    st.lists(
        st.tuples(st.sampled_from("aaabc"), st.sampled_from("uuv"), st.sampled_from("gh"), st.sampled_from("12")), min_size=2, max_size=8
    ),
)
EVENTS = st.one_of(
    st.lists(EVENT, max_size=14), st.lists(NEAR, min_size=1, max_size=4).map(lambda runs: [one for run in runs for one in run])
).map(
    lambda found: [
        {"event.id": f"e{n}", "@timestamp": minute * MINUTE, "event.dataset": "d", "event.action": action, USER: user, HOST: host, IP: ip}
        | ({REPEATED: 2} if n % 7 == 6 else {})
        for n, (minute, action, user, host, ip) in enumerate(found)
    ]
)


# --- the second opinion ------------------------------------------------------------------------------------------------


def triggers(id, events):
    """Each trigger: its time, the event that made it, the key."""
    correlation = RULES.rules[id].correlation
    if correlation is None:
        return [(one["@timestamp"], one, {}) for one in events if one["event.action"] == id]
    entries = entries_of(id, events)
    return [
        (time, event, key)
        for time, event, part, key, ident in entries
        if holds(correlation, part, ident, time, near(entries, key, time, correlation))
    ]


def entries_of(id, events):
    """What a correlation counts: time, event, part, key, and what tells it apart."""
    correlation = RULES.rules[id].correlation
    found = []
    for part in correlation.rules:
        for time, event, theirs in triggers(part, events):
            key = {name: event[name] for name in correlation.group_by}
            found.append(
                (time, event, part, key, (part, tuple(sorted(theirs.items())), event["event.id"]) if theirs else event["event.id"])
            )
    return found


def near(entries, key, time, correlation):
    return [one for one in entries if one[3] == key and time - correlation.timespan <= one[0] <= time]


def holds(correlation, part, ident, time, window):
    if correlation.type == "event_count":
        plain = {one[4]: one[1].get(REPEATED, 1) for one in window if RULES.rules[one[2]].correlation is None}
        chained = [
            packed([one[0] for one in window if one[2] == part], RULES.rules[part].correlation.timespan) for part in parts_of(correlation)
        ]
        return sum(plain.values()) + sum(chained) >= correlation.bound
    if correlation.type == "value_count":
        return len({one[1][correlation.fields[0]] for one in window}) >= correlation.bound
    if correlation.type == "temporal":
        return {one[2] for one in window} == set(correlation.rules)
    first, last = correlation.rules
    return part == last and any(one[2] == first and one[4] != ident for one in window)


def parts_of(correlation):
    return [part for part in correlation.rules if RULES.rules[part].correlation is not None]


def packed(times, gap):
    """As many as lie pairwise further apart, by trying: the first, or not the first."""
    if not times:
        return 0
    first, *others = sorted(set(times))
    return max(
        1 + packed([time for time in others if time - first > gap], gap), packed(others, gap) if others and others[0] - first <= gap else 0
    )


def resting(id, key, time, events):
    """The events that the window behind a moment rests on."""
    correlation = RULES.rules[id].correlation
    found = set()
    for moment, event, part, _, ident in near(entries_of(id, events), key, time, correlation):
        below = RULES.rules[part].correlation
        found |= {event["event.id"]} if below is None else resting(part, dict(ident[1]), moment, events)
    return found


def expected(events):
    """Of each cell its first and last trigger and its count."""
    cells = {}
    for id in CHAINS:
        for time, _, key in triggers(id, events):
            cells.setdefault((id, tuple(sorted(key.items())), time // HOUR * HOUR), set()).add(time)
    messages = {one["event.id"]: one.get(REPEATED, 1) for one in events}
    return {
        at: (
            min(times),
            max(times),
            sum(messages[id] for id in set().union(*(resting(at[0], dict(at[1]), time, events) for time in times))),
        )
        for at, times in cells.items()
    }


def shown(cells):
    found = {(cell.rule.id, tuple(sorted(cell.key.items())), cell.start): (cell.first, cell.last, cell.count) for cell in cells}
    return {at: cell for at, cell in found.items() if at[0] in CHAINS}


@given(EVENTS)
def test_a_chain_raises_what_the_definition_says(events):
    cells = attempt(events, RULES, Scanner(RULES, [DATASET], (), base_catalogue()), base_catalogue()).cells

    assert shown(cells) == expected(events)


@given(EVENTS, st.data())
def test_a_chain_raises_the_same_whatever_the_batches_order_and_repeats(events, data):
    shuffled = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=3) if events else st.just([]))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=5)))
    scanner, known, whole, grown, seen = Scanner(RULES, [DATASET], (), base_catalogue()), to_table([]), {}, {}, set()
    for start, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True):
        batch = shuffled[start:end]
        fresh, before = scanner.scan(to_tables(batch, base_catalogue())).hits, known
        known = joined([known, fresh])
        found = Evaluator(RULES, lambda names, window, known=known: within(known, names, window)).cells(fresh)
        whole.update((cell.id, cell) for cell in found)
        if seen.isdisjoint(one["event.id"] for one in batch):
            counted = lambda ids: {id: grown[id].counted(counter(grown[id].rule, "")) for id in ids if id in grown}  # noqa: E731
            found = Evaluator(RULES, lambda names, window, before=before: within(before, names, window), counted).grown(fresh)
        grown.update((cell.id, cell) for cell in found)
        seen |= {one["event.id"] for one in batch}

    assert shown(whole.values()) == shown(grown.values()) == expected(events)


class Held:
    """Events as a hunt asks for them."""

    def __init__(self, events):
        self.events = events

    def select(self, node, window):
        met = predicate.compile(node, base_catalogue())
        return (one for one in self.events if window.since <= one["@timestamp"] < window.until and met(one))


@given(EVENTS, st.sampled_from(CHAINS))
def test_a_hunt_for_a_chain_finds_what_the_definition_says(events, id):
    cells = find_cells(RULES.rules[id], RULES, Held(events), Window(0, 10 * HOUR), base_catalogue())

    assert shown(cells) == {at: cell for at, cell in expected(events).items() if at[0] == id}


def test_what_is_looked_up_is_kept_under_the_parent_by_the_way_down_to_the_event():
    assert list(carriers(RULES.rules, RULES.rules["deep"])) == ["guessed a", "guessed b"]
    assert list(carriers(RULES.rules, RULES.rules["beside"])) == ["hosts a", "many a"]


@pytest.mark.parametrize("times", list(product(range(4), repeat=3)))
def test_packing_by_trying_is_what_it_says(times):
    apart = [
        some
        for some in ((), *((t,) for t in times), *((s, t) for s in times for t in times))
        if all(abs(s - t) > 1 for s in some for t in some if s != t)
    ]

    assert packed(list(times), 1) >= max(len(set(some)) for some in apart)
