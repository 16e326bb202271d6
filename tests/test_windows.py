"""Sliding windows against a definition that is slow and obvious."""

from itertools import pairwise, permutations

from hypothesis import given
from hypothesis import strategies as st

from soc.detect.cells.series import ids_of, series_of
from soc.detect.cells.spans import behind, covered, union
from soc.detect.cells.triggers import triggering
from soc.detect.rules.rule import Correlation
from soc.match.hits import to_table
from soc.text import canonical_json

PARTS = ("a", "b", "c")
HITS = st.tuples(
    st.integers(0, 12), st.sampled_from("uvwxyz"), st.sampled_from(PARTS), st.sampled_from(["1", "2", None]), st.sampled_from("gh")
)


def one_time_per_event(hits):
    """Time, event, part, value and group; an event has one time within its group."""
    times = {}
    return sorted(
        {(times.setdefault((event, group), time), event, part, value, group) for time, event, part, value, group in hits}, key=str
    )


SERIES = st.lists(HITS, max_size=16).map(one_time_per_event)


def correlation(kind, timespan, bound, parts=PARTS, **more):
    return Correlation(kind, tuple(parts), ("user.name",), timespan, "gte", bound, **more)


def triggers(rule, hits, times=None):
    rows = [
        ("r", part, time, "i", group, None if value is None else canonical_json([value]).decode(), event, (times or {}).get(event))
        for time, event, part, value, group in hits
    ]
    series = series_of(to_table(rows))
    met = triggering(rule, series)
    found = series.rows(met)
    events, parts = ids_of(found.names, found.event), [series.parts[code] for code in found.part.tolist()]
    groups = [series.groups[code][1] for code in found.group.tolist()]
    return set(zip(found.time.tolist(), events, parts, groups, strict=True))


def named(hits):
    return {(time, event, part, group) for time, event, part, _, group in hits}


def window(hits, hit, timespan):
    return [one for one in hits if one[4] == hit[4] and hit[0] - timespan <= one[0] <= hit[0]]


@given(SERIES, st.integers(0, 6), st.integers(1, 4))
def test_a_hit_triggers_when_its_closed_window_holds_enough_distinct_events(hits, timespan, bound):
    expected = [h for h in hits if len({one[1] for one in window(hits, h, timespan)}) >= bound]

    assert triggers(correlation("event_count", timespan, bound), hits) == named(expected)


@given(SERIES, st.integers(0, 6), st.integers(1, 9), st.dictionaries(st.sampled_from("uvwxyz"), st.integers(2, 5)))
def test_an_event_counts_as_often_as_the_messages_it_stands_for(hits, timespan, bound, times):
    expected = [h for h in hits if sum(times.get(event, 1) for event in {one[1] for one in window(hits, h, timespan)}) >= bound]

    assert triggers(correlation("event_count", timespan, bound), hits, times) == named(expected)


@given(SERIES, st.integers(0, 6), st.integers(1, 3))
def test_values_are_counted_once_each_and_missing_ones_not_at_all(hits, timespan, bound):
    expected = [h for h in hits if len({one[3] for one in window(hits, h, timespan)} - {None}) >= bound]

    assert triggers(correlation("value_count", timespan, bound, fields=("x",)), hits) == named(expected)


@given(SERIES, st.integers(0, 6), st.integers(1, 3))
def test_temporal_wants_as_many_parts_in_the_window_as_it_says(hits, timespan, bound):
    expected = [h for h in hits if len({one[2] for one in window(hits, h, timespan)}) >= bound]

    assert triggers(correlation("temporal", timespan, bound), hits) == named(expected)


@given(SERIES, st.integers(0, 6))
def test_temporal_with_an_expression_wants_what_it_says(hits, timespan):
    rule = correlation("temporal", timespan, 3, expression=("and", ("a", ("or", ("b", "c")))))
    expected = [h for h in hits if "a" in (parts := {one[2] for one in window(hits, h, timespan)}) and parts & {"b", "c"}]

    assert triggers(rule, hits) == named(expected)


@given(SERIES, st.integers(0, 8), st.sampled_from([p for n in (1, 2, 3) for p in permutations(PARTS, n)]))
def test_temporal_ordered_wants_distinct_events_in_order_of_time(hits, timespan, parts):
    hits = [hit for hit in hits if hit[2] in parts]

    def closes(last):
        def chain(k, after, used):
            if k == len(parts) - 1:
                return last[2] == parts[k] and last[0] >= after and last[1] not in used
            nexts = (h for h in window(hits, last, timespan) if h[2] == parts[k] and h[0] >= after and h[1] not in used)
            return any(chain(k + 1, h[0], used | {h[1]}) for h in nexts)

        return chain(0, -1, frozenset())

    assert triggers(correlation("temporal_ordered", timespan, len(parts), parts), hits) == named([h for h in hits if closes(h)])


@given(st.sets(st.integers(0, 40)), st.integers(0, 6), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5)), max_size=5))
def test_joined_windows_hold_the_moments_of_each_of_them(moments, timespan, others):
    import numpy as np

    spans = union(behind(np.array(sorted(moments), np.int64), timespan), [(first, first + length) for first, length in others])
    times = np.arange(-10, 60)

    inside = {t for t in times.tolist() if any(m - timespan <= t <= m for m in moments) or any(a <= t <= a + n for a, n in others)}
    assert set(times[covered(times, spans)].tolist()) == inside
    assert all(one[1] < other[0] for one, other in pairwise(spans))


@given(SERIES)
def test_groups_too_far_apart_for_one_axis_are_judged_in_pieces(hits):
    apart = [(time * (1 << 57), event, part, value, group) for time, event, part, value, group in hits]
    expected = [h for h in apart if len({one[1] for one in window(apart, h, 1 << 57)}) >= 2]

    assert triggers(correlation("event_count", 1 << 57, 2), apart) == named(expected)
