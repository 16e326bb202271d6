"""Sliding windows against a definition that is slow and obvious."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from soc.detect.windows import Distinct, Present, in_order, slide
from soc.match.hits import Hit

PARTS = ("a", "b", "c")
HITS = st.builds(
    lambda t, e, p, v: Hit(t, e, p, v, e),
    st.integers(0, 12),
    st.sampled_from("uvwxyz"),
    st.sampled_from(PARTS),
    st.sampled_from(["1", "2", None]),
)


def one_time_per_event(hits):
    times = {}
    return sorted(
        {hit._replace(time=times.setdefault(hit.event, hit.time)) for hit in hits}, key=lambda h: (h.time, h.event, h.part, h.value or "")
    )


SERIES = st.lists(HITS, max_size=14).map(one_time_per_event)


def window(series, time, timespan):
    return [hit for hit in series if time - timespan <= hit.time <= time]


def triggers(spans, series):
    return {series[i] for span in spans for i in span.triggers}


@given(SERIES, st.integers(0, 6), st.integers(1, 4))
def test_a_hit_triggers_when_its_closed_window_holds_enough_distinct_events(series, timespan, bound):
    spans = slide(series, timespan, Distinct(bound, lambda hit: hit.event))

    assert triggers(spans, series) == {h for h in series if len({x.event for x in window(series, h.time, timespan)}) >= bound}


@given(SERIES, st.integers(0, 6), st.integers(1, 3))
def test_values_are_counted_once_each_and_missing_ones_not_at_all(series, timespan, bound):
    spans = slide(series, timespan, Distinct(bound, lambda hit: hit.value))

    expected = {h for h in series if len({x.value for x in window(series, h.time, timespan)} - {None}) >= bound}
    assert triggers(spans, series) == expected


@given(SERIES, st.integers(0, 6))
def test_temporal_wants_every_part_in_the_window(series, timespan):
    spans = slide(series, timespan, Present(lambda parts: parts >= {"a", "b"}))

    assert triggers(spans, series) == {h for h in series if {x.part for x in window(series, h.time, timespan)} >= {"a", "b"}}


@given(SERIES, st.integers(0, 8), st.sampled_from([p for n in (1, 2, 3) for p in permutations(PARTS, n)]))
def test_temporal_ordered_wants_distinct_events_in_order_of_time(series, timespan, parts):
    def closes(last):
        def chain(k, after, used):
            if k == len(parts) - 1:
                return last.part == parts[k] and last.time >= after and last.event not in used
            nexts = (h for h in window(series, last.time, timespan) if h.part == parts[k] and h.time >= after and h.event not in used)
            return any(chain(k + 1, h.time, used | {h.event}) for h in nexts)

        return chain(0, -1, frozenset())

    spans = in_order(series, timespan, parts)

    assert triggers(spans, series) == {h for h in series if closes(h)}


@given(SERIES, st.integers(0, 6))
def test_a_span_names_exactly_the_window_of_its_moment(series, timespan):
    for span in slide(series, timespan, Distinct(1, lambda hit: hit.event)):
        assert series[span.lo : span.hi] == window(series, span.time, timespan)
