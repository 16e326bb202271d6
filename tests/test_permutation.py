"""The law of detection: what is raised is a function of the set of hits, whatever their batches, order and repeats.

The reader here is the contract of a store's `hits`; `tests/store` proves that the engines keep it.
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from soc.condition.tree import TRUE
from soc.detect.cells.evaluate import Evaluator, counter
from soc.detect.rules.identity import hit_name
from soc.detect.rules.rule import Correlation, Rule, RuleSet, Tuning
from soc.match.hits import joined, to_table, within
from soc.model import Logsource
from soc.text import canonical_json
from soc.times import MINUTE


def rule(id, correlation=None, tuning=None):
    texts = dict(title=id, path=None, line=1, level="high", status="test", tags=(), description="", author="", references=())
    condition = None if correlation else TRUE
    return Rule(
        id=id,
        **texts,
        falsepositives=(),
        logsource=Logsource(),
        condition=condition,
        correlation=correlation,
        hash=f"hash of {id}",
        tuning=tuning or Tuning(),
    )


def counted(kind, rules, **more):
    settings = dict(group_by=("user.name",), timespan=10 * MINUTE, op="gte", bound=len(rules)) | more
    return Correlation(type=kind, rules=rules, **settings)


RULES = RuleSet(
    {
        r.id: r
        for r in (
            rule("plain", tuning=Tuning(cell=20 * MINUTE)),
            rule("a"),
            rule("b"),
            rule("many", counted("event_count", ("a",), bound=3, generate=True)),
            rule("values", counted("value_count", ("a", "b"), bound=2, op="gt", fields=("source.ip",))),
            rule("both", counted("temporal", ("a", "b"))),
            rule("then", counted("temporal_ordered", ("a", "b"), group_by=())),
            rule("twice", counted("event_count", ("many",), bound=2, timespan=3 * 60 * MINUTE, generate=True)),
            rule("chain", counted("temporal_ordered", ("many", "b"), timespan=30 * MINUTE, generate=True)),
            rule("top", counted("temporal", ("twice", "b"), timespan=60 * MINUTE, generate=True)),
        )
    }
)
COMPLETED = ("both", "then", "twice", "chain", "top")
COUNTED_BY = {"plain": ["plain"], "a": ["a", "many", "values", "both", "then"], "b": ["values", "both", "then", "chain", "top"]}


TIMES = {3: 2, 4: 5}  # serial of an event -> how many messages it stands for


def rows(hit):
    """What one event that hits `part` adds, for each rule that counts it."""
    part, minute, serial, user, value = hit
    for target in COUNTED_BY[part]:
        key = {} if target == "then" else {"user.name": user}
        seen = canonical_json([value]).decode() if target == "values" else None
        group = ("inst", canonical_json(key).decode())
        event = (f"event {minute} {serial}", TIMES.get(serial))
        yield hit_name(RULES.rules[target]), part, minute * MINUTE, *group, seen, *event


def raised(batches):
    """The newest state of each cell after runs over these batches, one after the other."""
    known, cells = to_table([]), {}

    def read(rules, window):
        return within(known, rules, window)

    for batch in batches:
        fresh = to_table([row for hit in batch for row in rows(hit)])
        known = joined([known, fresh])
        for cell in Evaluator(RULES, read).cells(fresh):
            cells[cell.id] = cell
    return cells


HIT = st.tuples(
    st.sampled_from(sorted(COUNTED_BY)),
    st.integers(0, 400).map(lambda m: m // 3),
    st.integers(0, 4),
    st.sampled_from("uv"),
    st.sampled_from("123"),
)
BURSTS = st.lists(  # near each other in time, so that windows fill and chains close
    st.builds(
        lambda start, part, user, gaps: [(part, start + sum(gaps[: n + 1]), n % 3, user, str(n % 3)) for n in range(len(gaps))],
        st.integers(0, 240),
        st.sampled_from(["a", "a", "b", "plain"]),
        st.sampled_from("uuv"),
        st.lists(st.integers(0, 6), min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=8,
).map(lambda bursts: [hit for burst in bursts for hit in burst])
HITS = st.lists(HIT, min_size=1, max_size=40) | BURSTS


@given(HITS, st.data())
def test_batches_order_and_repeats_change_nothing(hits, data):
    shuffled = data.draw(st.permutations(hits + data.draw(st.lists(st.sampled_from(hits), max_size=5))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=6)))
    batches = [shuffled[i:j] for i, j in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]

    assert shown(raised(batches)) == shown(raised([hits]))


def grown(batches):
    """The newest state of each cell after runs that know how far each had come; what may be there already is counted as a whole."""
    known, cells, seen = [to_table([])], {}, set()

    def read(rules, window):
        return within(joined(known), rules, window)

    def counted(ids):
        return {id: cells[id].counted(counter(cells[id].rule, "")) for id in ids if id in cells}

    evaluator = Evaluator(RULES, read, counted)
    for batch in batches:
        fresh, events = to_table([row for hit in batch for row in rows(hit)]), {hit[1:3] for hit in batch}
        found = [] if events & seen else evaluator.grown(fresh)
        known.append(fresh)
        for cell in evaluator.cells(fresh) if events & seen else found:
            cells[cell.id] = cell
        seen |= events
    return cells


def shown(cells):
    return {id: replace(cell, spans=None) for id, cell in cells.items()}


@given(HITS, st.data())
def test_cells_that_grow_by_what_is_new_are_those_that_are_counted_as_a_whole(hits, data):
    shuffled = data.draw(st.permutations(hits))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=8)))
    batches = [shuffled[i:j] for i, j in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]

    assert shown(grown(batches)) == shown(raised([hits]))


def test_a_cell_between_two_that_have_to_be_counted_anew_is_not_counted_again():
    """Of its hits some may have expired."""
    before = to_table([row for minute in (1, 61, 121) for row in rows(("plain", minute, 0, "u", "1"))])
    fresh = to_table([row for minute in (2, 62, 122) for row in rows(("plain", minute, 0, "u", "1"))])
    cells = Evaluator(RULES, lambda names, window: within(before, names, window)).cells(before)
    known = {cell.id: cell.counted(counter(cell.rule, "")) if cell.start == 60 * MINUTE else None for cell in cells}
    left = before.filter([True, False, True])

    grown = Evaluator(RULES, lambda names, window: within(left, names, window), lambda ids: known).grown(fresh)

    assert [(cell.start // MINUTE, cell.count) for cell in grown] == [(0, 2), (60, 2), (120, 2)]


@given(st.lists(HIT, min_size=1, max_size=30))
def test_evidence_is_the_ten_smallest_of_what_contributed_and_what_completed_it_in_front(hits):
    for cell in raised([hits]).values():
        head, smallest = apart(cell)
        assert smallest == sorted(smallest)
        stood_for = sum(TIMES.get(int(id.split()[-1]), 1) for _, id in smallest)
        assert len(smallest) == 10 or cell.count == stood_for
        assert len(cell.evidence) == len({*head, *smallest})
        assert cell.start <= cell.first <= cell.last < cell.end


@given(HITS)
def test_what_completed_a_cell_is_an_event_of_its_first_trigger(hits):
    logins = {(minute * MINUTE, f"event {minute} {serial}") for part, minute, serial, *_ in hits if part == "b"}
    for cell in raised([hits]).values():
        if cell.rule.id in COMPLETED:
            assert cell.evidence[0][0] == cell.first
        if cell.rule.id in ("then", "chain"):
            assert cell.evidence[0] in logins


@given(st.integers(1, 15), st.integers(1, 15))
def test_the_login_after_any_number_of_failures_heads_the_evidence(failures, later):
    """However many failures lie before and behind it, in its own second too."""
    tried = [("a", 100, serial, "u", "1") for serial in range(10, 10 + failures)]
    behind = [("a", 100 + n, 0, "u", "1") for n in range(1, 1 + later)]
    login = ("b", 100, 99, "u", "1")

    cells = raised([[*tried, login, *behind]])

    heads = {cell.rule.id: cell.evidence[0] for cell in cells.values() if cell.rule.id in ("then", "both")}
    assert heads == dict.fromkeys(("then", "both"), (100 * MINUTE, "event 100 99"))


def test_an_earlier_login_that_arrives_late_heads_the_evidence_and_the_failures_stay():
    failures = [("a", minute, 0, "u", "1") for minute in range(10, 22)]
    known, late = ("b", 25, 0, "u", "1"), ("b", 17, 1, "u", "1")

    (cell,) = [one for one in grown([failures, [known], [late]]).values() if one.rule.id == "then"]

    assert cell.evidence[0] == (17 * MINUTE, "event 17 1")
    assert [time // MINUTE for time, _ in cell.evidence[1:]] == [10, 11, 12, 13, 14, 15, 16, 17, 18]


def apart(cell):
    """What completed it, and the events with the smallest (time, id)."""
    if cell.rule.id not in COMPLETED:
        return [], list(cell.evidence)
    head, rest = cell.evidence[0], list(cell.evidence[1:])
    return [head], rest if len(rest) == 10 else sorted([head, *rest])


def test_a_chain_counts_and_shows_the_events_that_its_triggers_rest_on():
    bursts = [("a", minute, 0, "u", "1") for minute in (1, 2, 3, 121, 122, 123, 124)]

    (twice,) = [cell for cell in raised([bursts]).values() if cell.rule.id == "twice"]

    assert (twice.count, twice.first // MINUTE, twice.last // MINUTE) == (7, 123, 124)
    assert [id for _, id in twice.evidence] == [f"event {minute} 0" for minute in (123, 1, 2, 3, 121, 122, 124)]


def test_a_chain_of_chains_counts_and_shows_events_too():
    first = [("a", minute, 0, "u", "1") for minute in (1, 2, 3)]
    second, last = [("a", minute, 0, "u", "1") for minute in (121, 122, 123)], ("b", 130, 0, "u", "1")

    (top,) = [cell for cell in raised([[last], second, first]).values() if cell.rule.id == "top"]

    assert (top.count, len(top.evidence)) == (7, 7)
    assert top.evidence[0] == (130 * MINUTE, "event 130 0") and top.evidence[1] == (MINUTE, "event 1 0")


@given(st.lists(HIT, min_size=3, max_size=40))
def test_what_a_chain_shows_holds_what_its_triggers_in_the_window_show(hits):
    cells = raised([hits]).values()
    for cell in (cell for cell in cells if cell.rule.id == "twice"):
        since = cell.first - 180 * MINUTE
        below = [one for one in cells if one.rule.id == "many" and one.key == cell.key and since <= one.first <= one.last <= cell.last]
        every = {hit[1:3] for hit in hits if hit[0] == "a" and hit[3] == cell.key["user.name"]}

        assert max(one.count for one in below) <= cell.count <= sum(TIMES.get(serial, 1) for _, serial in every)
        assert min(cell.evidence) <= min(one.evidence[0] for one in below)


def test_a_burst_across_the_edge_of_a_cell_is_two_alerts_of_one_key():
    edge = [("a", minute, 0, "u", "1") for minute in range(56, 66)]

    cells = [cell for cell in raised([edge]).values() if cell.rule.id == "many"]

    assert [cell.start // MINUTE for cell in sorted(cells, key=lambda c: c.start)] == [0, 60]
    assert {cell.key["user.name"] for cell in cells} == {"u"}
