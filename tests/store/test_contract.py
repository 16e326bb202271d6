"""What every event store keeps to, whatever engine it is."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle

import pyarrow as pa
import pytest
from hypothesis import strategies as st

from soc.condition.tree import ANY, TRUE, And, Equals, Or, Wildcard
from soc.errors import StoreError
from soc.match.columns import to_events
from soc.match.hits import HELD, HITS
from soc.model import ALWAYS, SourceState, Window
from soc.store.base import Cut
from soc.times import DAY, HOUR
from tests import strategies as some
from tests.store.laws import law
from tests.store.reference import Reference, as_stored, comparable

NOW = 1_700_000_100_000_000
MOMENTS = st.one_of(st.sampled_from(some.MOMENTS), st.integers(1_699_999_000_000_000, 1_700_010_000_000_000))
WINDOWS = st.one_of(st.just(ALWAYS), st.tuples(MOMENTS, MOMENTS).filter(lambda pair: pair[0] < pair[1]).map(lambda pair: Window(*pair)))
TOP_FIELDS = ("user.name", "event.category", "source.ip", "source.port", "process.interactive", "labels.a", "event.start", "message")
BY = (None, "event.dataset", "event.category", "user.name", "labels.a", "process.env_vars")


def event(number, **fields):
    return {"@timestamp": 1_700_000_000_000_000 + number, "event.id": f"id{number}", "event.dataset": "law", "soc.feed": "f", **fields}


def commit(store, events, sources=(), now=NOW):
    with store.writer() as writer:
        return writer.add(writer.begin(), events, sources, now=now)


@st.composite
def batches(draw):
    """Batches of events with ids that differ, over two datasets."""
    number = iter(range(10_000))
    return [
        [
            {**found, "@timestamp": draw(MOMENTS), "event.id": f"id{next(number)}", "event.dataset": draw(st.sampled_from(("law", "b'\"")))}
            for found in draw(st.lists(some.events, max_size=6))
        ]
        for _ in range(draw(st.integers(0, 5)))
    ]


def answers(store, tree, window, field, width, by, grouping):
    return {
        "select": comparable(store.select(tree, window)),
        "newest": comparable(store.select(tree, window, limit=3, newest=True)),
        "count": store.count(tree, window),
        "top": store.top(field, tree, window, limit=4),
        "histogram": store.histogram(tree, window, width=width, by=by),
        "groups": store.groups(tree, window, by=grouping[0], at_least=grouping[1], distinct=grouping[2]),
    }


def reference_answers(reference, tree, window, field, width, by, grouping):
    fields, at_least, distinct = grouping
    found = reference.matching(tree, window)
    return {
        "select": comparable(found),
        "newest": comparable(reference.newest(tree, window, 3)),
        "count": len(found),
        "top": reference.top(field, tree, window, 4),
        "histogram": reference.histogram(tree, window, width, by),
        "groups": reference.groups(tree, window, fields, at_least, distinct),
    }


QUESTIONS = st.tuples(
    st.one_of(st.just(TRUE), some.trees),
    WINDOWS,
    st.sampled_from(TOP_FIELDS),
    st.sampled_from((1, 3_600_000_000, 7_000_000)),
    st.sampled_from(BY),
    st.tuples(
        st.lists(st.sampled_from(TOP_FIELDS), min_size=1, max_size=2, unique=True),
        st.integers(1, 3),
        st.sampled_from((None, *TOP_FIELDS)),
    ),
)


@law(30, batches=batches(), questions=st.lists(QUESTIONS, min_size=1, max_size=3), before=MOMENTS, data=st.data())
def test_every_answer_is_the_predicates_and_no_upkeep_changes_it(engine, batches, questions, before, data):
    store, reference = engine.fresh(), Reference()
    for events in batches:
        added = commit(store, events)
        reference.add(added.batch.number, events, NOW)
    steps = data.draw(st.permutations(["compact", "reopen", "retain", "compact"]))
    for step, question in zip(steps, cycle(questions)):
        if step == "reopen":
            store = engine.reopened(store)
        else:
            with store.writer() as writer:
                if step == "compact":
                    writer.compact(now=NOW)
                else:
                    assert writer.retain([Cut(before)], now=NOW) == reference.retain([Cut(before)])
        assert answers(store, *question) == reference_answers(reference, *question)
    check_batches(store, reference)
    store.close()


def check_batches(store, reference):
    rows = store.batches()
    for row in rows:
        kept = reference.of_batches({row.number})
        times = [found["@timestamp"] for found in kept]
        assert (row.events, row.first, row.last) == (len(kept), min(times, default=None), max(times, default=None))
    numbers = [row.number for row in rows][::2]
    found = [read for table in store.tables(numbers).values() for read in to_events(table)]
    assert sorted(comparable(found)) == sorted(comparable(reference.of_batches(numbers)))
    ids = list(reference.events)[::2]
    assert sorted(comparable(store.events([*ids, "nobody"]).values())) == sorted(comparable(reference.events[i] for i in ids))
    moments = sorted(event["@timestamp"] for event in reference.events.values()) or [0]
    window = Window(moments[len(moments) // 3], moments[-1 - len(moments) // 3] + 1)
    within = [event for i in ids if window.since <= (event := reference.events[i])["@timestamp"] < window.until]
    assert sorted(comparable(store.events(ids, window).values())) == sorted(comparable(within))
    assert store.statistics()["events"] == len(reference.events)


@law(24, batches=batches(), trees=st.lists(some.trees, min_size=1, max_size=4), window=WINDOWS, data=st.data())
def test_many_conditions_are_counted_each_over_its_datasets_and_none_misses_what_meets_it(engine, batches, trees, window, data):
    store, reference = engine.fresh(), Reference()
    numbers = [commit(store, events).batch.number for events in batches]
    for number, events in zip(numbers, batches, strict=True):
        reference.add(number, events, NOW)
    datasets = [data.draw(st.lists(st.sampled_from(("law", "b'\"", "none")), unique=True)) for _ in trees]

    concerns = {f"c{n}": concern for n, concern in enumerate(zip(trees, datasets, strict=True))}
    found = [(name, tally.events) for name, tally in store.tallies(concerns, window)]

    assert found == [
        (name, sum(event["event.dataset"] in wanted for event in reference.matching(tree, window)))
        for name, (tree, wanted) in concerns.items()
    ]
    for number in numbers:
        tables = store.meeting(number, trees[0], ["user.name"])
        if tables is not None:
            whole = store.tables([number], ["user.name"])
            ids = {id for table in tables.values() for id in table["event.id"].to_pylist()}
            meant = {event["event.id"] for event in reference.matching(trees[0]) if event["soc.batch"] == number}
            assert meant <= ids <= {id for table in whole.values() for id in table["event.id"].to_pylist()}
    store.close()


def test_groups_that_cannot_reach_a_bound_are_left_out(store):
    tried = [(f"198.51.100.{number}", port) for number, ports in ((1, range(30)), (2, range(4)), (3, [7] * 30)) for port in ports]
    commit(store, [event(n, **{"source.ip": ip, "destination.port": port}) for n, (ip, port) in enumerate(tried)])

    assert store.groups(TRUE, by=["source.ip"], at_least=5) == {("198.51.100.1",): 30, ("198.51.100.3",): 30}
    assert store.groups(TRUE, by=["source.ip"], at_least=5, distinct="destination.port") == {("198.51.100.1",): 30}
    assert store.groups(TRUE, by=["source.ip", "destination.port"], at_least=5) == {("198.51.100.3", "7"): 30}


def test_a_batch_is_read_back_as_it_was_handed_to_the_matcher(store):
    events = [event(2, **{"user.name": "b"}), event(1, **{"event.category": ["x", "y"]}), event(3, **{"event.dataset": "other"})]

    added = commit(store, events)

    handed = {dataset: comparable(to_events(table)) for dataset, table in added.tables.items()}
    assert handed == {dataset: comparable(to_events(table)) for dataset, table in store.tables([added.batch.number]).items()}
    assert handed["law"] == comparable(as_stored(e, added.batch.number, NOW) for e in (events[1], events[0]))
    assert store.tables([added.batch.number], ["user.name"])["law"].column_names == [
        *("@timestamp", "event.dataset", "event.id", "event.ingested", "soc.batch", "soc.feed", "user.name")
    ]


def test_a_closed_batch_added_again_is_stored_once(store):
    with store.writer() as writer:
        draft = writer.begin()
        first = writer.add(draft, [event(1)], [], now=NOW)

        second = writer.add(draft, [event(1), event(2)], [], now=NOW + 5)

    assert second.batch == first.batch
    assert comparable(to_events(second.tables["law"])) == comparable(to_events(first.tables["law"]))
    assert store.count(TRUE) == 1
    assert store.batches() == [first.batch]


def test_equal_ids_in_one_batch_are_one_event(store):
    added = commit(store, [event(1, message="first"), event(1, message="second")])

    assert added.batch.events == 1
    assert [found["message"] for found in store.select(TRUE)] == ["first"]


@pytest.mark.parametrize("compacted", [False, True])
def test_a_line_read_again_is_one_event_with_its_highest_reading(store, compacted):
    first = commit(store, [event(1, message="old"), event(2)])
    commit(store, [event(3)])
    if compacted:
        with store.writer() as writer:
            writer.compact(now=NOW)

    second = commit(store, [event(1, message="new", **{"soc.reading": 3})])
    third = commit(store, [event(1, message="late", **{"soc.reading": 2}), event(1, message="same", **{"soc.reading": 3})])

    assert [found.get("message") for found in store.select(TRUE)] == ["new", None, None]
    assert [row.events for row in store.batches()] == [1, 1, 1, 0]
    assert (second.batch.events, third.batch.events) == (1, 0)
    assert store.tables([first.batch.number])["law"]["event.id"].to_pylist() == ["id2"]


def test_positions_become_true_with_their_batch(store):
    before = SourceState("s", "f", "/var/log/a", 10, "h", 10, "t", ("#fields a b",))
    after = SourceState("s", "f", "/var/log/a.1", 20, "h", 20, "t")
    other = SourceState("r", "g", "/var/log/b", 1, "h", 1, "t")

    commit(store, [], [before, other])
    with store.writer() as writer:
        writer.begin()  # and then the process dies
    assert store.sources() == [other, before]
    commit(store, [event(1)], [after])

    assert store.sources() == [other, after]
    assert store.sources("f") == [after]
    assert [row.number for row in store.batches()] == [1, 3]
    assert store.batches(after=1)[0].events == 1


def test_a_feed_knows_its_events_and_when_it_was_last_heard_of(store):
    commit(store, [event(1), event(5)], now=NOW)
    commit(store, [event(3), event(4, **{"event.dataset": "other"})], now=NOW + 9)

    law, other = store.feeds()

    assert (law.feed, law.dataset, law.events, law.first_ingested, law.last_ingested) == ("f", "law", 3, NOW, NOW + 9)
    assert law.last_time == 1_700_000_000_000_005
    assert (other.dataset, other.events) == ("other", 1)


def test_a_receipt_by_a_clock_that_was_ahead_hides_no_later_one(store):
    commit(store, [event(1)], now=NOW + 365 * DAY)

    commit(store, [event(2)], now=NOW)

    (law,) = store.feeds()
    assert (law.events, law.last_ingested) == (2, NOW)


def test_an_event_without_identity_is_refused_and_nothing_is_stored(store):
    nameless = {name: value for name, value in event(1).items() if name != "event.id"}

    with pytest.raises(StoreError, match=r"no event\.id"):
        commit(store, [nameless, event(2)])

    assert store.count(TRUE) == 0
    assert store.batches() == []


def test_values_that_do_not_fit_their_field_are_kept_as_labels(store):
    commit(store, [event(1, **{"source.port": "many", "CommandLine": "whoami"})])

    (found,) = store.select(Equals("labels.CommandLine", "WHOAMI"))
    assert found["labels"] == {"CommandLine": "whoami", "source.port": "many"}


def hits_table(rows):
    return pa.Table.from_pylist([dict(zip(HITS.names, row, strict=False)) for row in rows], schema=HITS)


HIT = st.tuples(
    st.sampled_from(("r1", "r'2")),
    st.sampled_from(("p", "q")),
    st.integers(0, 5),
    st.just("uni"),
    st.sampled_from(('["a"]', "[]")),
    st.sampled_from((None, '"v"')),
    st.sampled_from(("e1", "e2", "e3")),
    st.sampled_from((None, 7)),
)


@law(
    24,
    puts=st.lists(st.tuples(st.sampled_from(("a", "b'", "c", "b'a")), st.lists(HIT, max_size=5)), max_size=8),
    rules=st.lists(st.sampled_from(("r1", "r'2", "r3")), unique=True),
    window=st.sampled_from((ALWAYS, Window(1, 4))),
)
def test_hits_put_under_a_tag_replace_what_it_held(engine, puts, rules, window):
    store = engine.fresh()
    held = {}
    for tag, rows in puts:
        rows = [(*row[:2], len(row[6]) + ord(row[6][1]) % 4, *row[3:]) for row in rows]  # an event has one time
        store.put_hits(tag, hits_table(rows))
        held[tag] = rows
    store = engine.reopened(store)

    found = store.hits(rules, window)

    expected = {row for rows in held.values() for row in rows if row[0] in rules and window.since <= row[2] < window.until}
    assert found.schema == HELD
    assert {tuple(row.values()) for row in found.to_pylist()} == expected
    assert store.statistics()["hits"] == sum(map(len, held.values()))
    for begun in ("a", "b", "b'a", "b'b"):
        assert store.has_hits(["x", begun]) == any(rows for tag, rows in held.items() if tag.startswith(begun))
    store.close()


def test_what_holds_hits_keeps_its_name(engine):
    store, other = engine.fresh(), engine.fresh()
    home = store.hits_home()
    store.put_hits("t", hits_table([("r", "r", 1, "uni", "[]", None, "e")]))

    assert home and home == store.make_hits_home() != other.hits_home()
    store = engine.reopened(store)
    assert store.hits_home() == home
    for one in (store, other):
        one.close()


def test_many_small_puts_of_hits_are_merged_and_still_replaced(store):
    for number in range(150):
        store.put_hits(f"t{number % 90}", hits_table([("r", "r", number, "uni", "[]", None, f"e{number}")]))

    assert sorted(store.hits(["r"])["time"].to_pylist()) == list(range(60, 150))


DATASETS = ("suricata.flow", "suricata.alert", "openssh.auth")
INSTITUTIONS = ("uni-north", "hospital-east", "unknown")
AGES = st.integers(0, 40).map(lambda hours: 1_700_000_000_000_000 + hours * HOUR)
OF_A_CLASS = st.one_of(
    st.sampled_from((*(Equals("event.dataset", name, True) for name in DATASETS), Wildcard("event.dataset", ("suricata.", ANY), True))),
    st.lists(st.sampled_from(INSTITUTIONS), max_size=2).map(
        lambda names: Or(tuple(Equals("organization.id", name, True) for name in names)),
    ),
)
CONDITIONS = st.one_of(st.just(TRUE), OF_A_CLASS, st.tuples(OF_A_CLASS, OF_A_CLASS).map(And), some.trees)
CUTS = st.lists(st.builds(Cut, AGES, CONDITIONS), max_size=4)


@st.composite
def populations(draw):
    """Batches of events of some institutions and datasets, a few of which spread over days."""
    ages, number = draw(st.sampled_from((AGES, MOMENTS))), iter(range(10_000))
    own = {"event.dataset": st.sampled_from(DATASETS), "organization.id": st.sampled_from((*INSTITUTIONS, None)), "@timestamp": ages}
    return [
        [
            {**found, **draw(st.fixed_dictionaries(own)), "event.id": f"id{next(number)}"}
            for found in draw(st.lists(some.events, max_size=8))
        ]
        for _ in range(draw(st.integers(1, 5)))
    ]


RETENTIONS = {"batches": populations(), "cuts": CUTS, "later": st.integers(0, 10), "compacted": st.booleans()}


@law(18, **RETENTIONS)
def test_retention_leaves_what_the_first_cut_that_fits_leaves_and_no_hits_of_what_went(engine, batches, cuts, later, compacted):
    check_retention(engine, batches, cuts, later, compacted)


def check_retention(engine, batches, cuts, later, compacted):
    store, reference = engine.fresh(), Reference()
    for events in batches:
        number = commit(store, events).batch.number
        reference.add(number, events, NOW)
        store.put_hits(f"{number}-law", hits_table([("r", "r", e["@timestamp"], "uni", "[]", None, e["event.id"]) for e in events]))
    if compacted:
        with store.writer() as writer:
            writer.compact(now=NOW)
    were = {id: found["@timestamp"] for id, found in reference.events.items()}

    moved = [replace(cut, before=cut.before + later * HOUR) for cut in cuts]
    for now in (cuts, moved, moved, moved[::-1]):  # what the store has learnt of the first is not to mislead it
        with store.writer() as writer:
            assert writer.retain(now, now=NOW) == reference.retain(now)
        check_batches(store, reference)
        assert comparable(store.select(TRUE)) == comparable(reference.matching(TRUE))
        hit = set(store.hits(["r"])["event"].to_pylist())
        assert hit >= reference.events.keys()
        oldest = min(cut.before for cut in now) if any(cut.node == TRUE for cut in now) else ALWAYS.since  # all that is older went
        assert {id for id in hit - reference.events.keys() if were[id] >= oldest} == set()
    store.close()
