"""Detection runs on a real store and a real desk: what is covered, looked back over, lost, blind, removed."""

from contextlib import contextmanager
from pathlib import Path

import pytest

from soc.desk.desk import open_desk
from soc.detect.alerts import portion
from soc.errors import Busy
from soc.store.segments import open_store
from soc.times import DAY, HOUR, parse_iso
from tests.detection_kit import Detecting
from tests.rule_kit import counted

REPOSITORY = Path(__file__).parents[1]
NOW = parse_iso("2026-10-12T00:00:00Z")
FAILED = "<38>Oct 11 {hour:02d}:14:{second:02d} gw1 sshd[4721]: Failed password for {user} from 203.0.113.{host} port 52144 ssh2"
RULE = """
title: {title}
id: {id}
status: test
level: high
logsource: {{product: linux, service: sshd}}
detection:
    selection:
        event.outcome: failure
        user.name: {user}
    condition: selection
"""
ADMIN_LOGIN = "0c1b3f7e-1111-4b1a-9a53-0d7f5b0c9f12"
MANY_TRIED = "0c1b3f7e-1111-4b1a-9a53-0d7f5b0c9f14"
GUEST_LOGIN = "0c1b3f7e-1111-4b1a-9a53-0d7f5b0c9f13"
ROOT_LOGIN = "5f0f2f0e-6a3b-4b1a-9a53-0d7f5b0c9f11"


class World(Detecting):
    """A content root, a store and a desk in a folder; the clock stands still."""

    def __init__(self, folder):
        self.folder, self.now, self.count = folder, NOW, 0
        for name in ("detections/rules", "detections/exceptions"):
            (folder / name).mkdir(parents=True)
        (folder / "parsers").symlink_to(REPOSITORY / "parsers")
        self.store = open_store(folder / "store", self.content().catalogue, create=True)
        self.desk = open_desk(f"sqlite:///{folder / 'desk.db'}", create=True)

    def rule(self, name="root", **changes):
        settings = {"title": "Root tried", "id": ROOT_LOGIN, "user": "root"} | changes
        (self.folder / f"detections/rules/{name}.yml").write_text(RULE.format(**settings))

    def alerts(self):
        with self.desk.read() as tx:
            return sorted(tx.alerts(), key=lambda alert: alert.id)

    def gaps(self):
        with self.desk.read() as tx:
            return [(gap.rule, gap.first, gap.last, gap.state) for gap in tx.gaps(self.store.id, self.content().rules.hash)]


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.store.close()
    made.desk.close()


def failed(hour=10, second=0, user="root", host=7):
    return FAILED.format(hour=hour, second=second, user=user, host=host)


def test_a_batch_is_searched_once(world):
    world.rule()
    world.ingest(failed(), failed(second=1))

    first, second = world.detect(), world.detect()

    assert (first.batches, first.new, second.batches, second.new) == (1, 1, 0, 0)
    assert [alert.extent.count for alert in world.alerts()] == [2]


def test_a_later_batch_extends_the_alert_of_its_cell(world):
    world.rule()
    for second in (5, 1, 9):
        world.ingest(failed(second=second))
        world.detect()

    (alert,) = world.alerts()
    assert alert.extent.count == 3
    assert [one.time for one in alert.extent.evidence] == sorted(one.time for one in alert.extent.evidence)
    assert alert.extent.evidence[0].event["event.original"] == failed(second=1)


def test_one_run_over_all_batches_says_what_runs_in_between_say(world, tmp_path_factory):
    other = World(tmp_path_factory.mktemp("other"))
    for place in (world, other):
        place.rule()
    lines = [failed(hour=h, second=s + n, host=n) for h in (9, 10) for s in (0, 30) for n in (7, 8)]
    for line in lines:
        world.ingest(line)
        world.detect()
    for line in lines:
        other.ingest(line)
    other.detect()

    with world.desk.read() as tx, other.desk.read() as ty:
        assert [(a.id, a.extent) for a in world.alerts()] == [(a.id, a.extent) for a in other.alerts()]
        ids = [head.id for head in tx.heads()]
        assert [[(e.action, e.payload) for e in tx.entries(id)] for id in ids] == [
            [(e.action, e.payload) for e in ty.entries(id)] for id in ids
        ]
    other.store.close()
    other.desk.close()


def test_evidence_is_whole_though_another_alert_of_the_run_holds_it_already(world, monkeypatch):
    """More alerts change than are made true at once: each has to have its own events."""
    monkeypatch.setattr(portion, "MOST_EVENTS", 9)
    world.rule()
    world.rule("too", title="Root tried, too", id=ADMIN_LOGIN)
    (world.folder / "detections/rules/many.yml").write_text(counted("Many", MANY_TRIED, 2, within="1h"))
    world.ingest(failed(second=0))
    world.detect()
    world.ingest(*(failed(second=1, host=host) for host in range(8, 20)), failed(second=9))
    world.detect()

    (many,) = [alert for alert in world.alerts() if alert.rule_id == MANY_TRIED]
    assert [one.event.get("event.original") for one in many.extent.evidence] == [failed(second=0), failed(second=9)]


def test_a_new_correlation_of_a_correlation_looks_back_too(world):
    world.rule()
    rules = world.folder / "detections/rules"
    (rules / "many.yml").write_text(counted("Many", MANY_TRIED, 2, within="1h"))
    world.ingest(failed(second=0), failed(second=1))
    world.detect()
    (rules / "top.yml").write_text(counted("Top", GUEST_LOGIN, 1, within="3h").replace(ROOT_LOGIN, MANY_TRIED))

    outcome = world.detect()

    assert (outcome.new, world.gaps()) == (1, [])
    assert {alert.rule_id: alert.extent.count for alert in world.alerts()} == {MANY_TRIED: 2, GUEST_LOGIN: 2}


def test_a_new_rule_looks_back_a_day_and_says_so(world):
    world.rule()
    world.ingest(failed(user="admin"))
    world.detect()
    world.rule("admin", title="Admin tried", id=ADMIN_LOGIN, user="admin")

    outcome = world.detect()

    assert (outcome.new, world.gaps()) == (1, [])
    assert [(alert.title, alert.run_type) for alert in world.alerts()] == [("Admin tried", "backfill")]


def test_a_late_line_completes_a_group_that_a_look_back_saw_short_of_its_bound(world):
    """So a look-back keeps the hits of groups, however few they have: lines of any age may come."""
    world.rule()
    world.ingest(failed(hour=3, second=0), failed(hour=3, second=1))
    world.detect()
    (world.folder / "detections/rules/many.yml").write_text(counted("Many", MANY_TRIED, 3))
    back = world.detect()
    world.ingest(failed(hour=20))
    world.detect()

    world.ingest(failed(hour=3, second=2))
    late = world.detect()

    assert (back.new, late.new) == (0, 1)
    assert {alert.rule_id: alert.extent.count for alert in world.alerts()}[MANY_TRIED] == 3


def test_what_lies_beyond_the_look_back_stays_a_gap(world):
    world.rule()
    world.ingest(failed(user="admin"))
    world.detect()
    world.now = NOW + 3 * DAY
    world.rule("admin", title="Admin tried", id=ADMIN_LOGIN, user="admin")

    outcome = world.detect()

    assert outcome.new == 0
    assert world.gaps() == [(ADMIN_LOGIN, 1, 1, "new")]


def test_a_changed_rule_does_not_count_what_it_was(world):
    world.rule()
    world.ingest(failed(), failed(user="admin"))
    world.detect()
    world.rule(user="admin")

    world.detect()

    assert sorted((alert.rule_hash != world.content().rules.rules[ROOT_LOGIN].hash, alert.extent.count) for alert in world.alerts()) == [
        (True, 1)
    ]


def test_going_back_to_an_earlier_rule_set_searches_nothing_again_with_what_did_not_change(world):
    world.rule()
    world.rule("admin", title="Admin tried", id=ADMIN_LOGIN, user="admin")
    world.ingest(failed(second=0), failed(second=1, user="admin"))
    world.detect()
    world.rule("admin", title="Admin tried", id=ADMIN_LOGIN, user="adm*")
    world.ingest(failed(second=2), failed(second=3, user="admin"))
    world.detect()
    world.rule("admin", title="Admin tried", id=ADMIN_LOGIN, user="admin")

    back = world.detect()

    assert (back.batches, back.matched, world.gaps()) == (1, {ADMIN_LOGIN: 1}, [])
    alerts = [alert for alert in world.alerts() if alert.rule_hash == world.content().rules.rules[alert.rule_id].hash]
    assert {alert.rule_id: alert.extent.count for alert in alerts} == {ROOT_LOGIN: 2, ADMIN_LOGIN: 2}
    assert world.detect().batches == 0


def test_the_rule_set_before_is_the_one_that_covered_the_newest_batch(world):
    first, second, third = ("root", "adm*", "admin")
    for user in (first, second):  # the second is known last, but the first covers the newest batch
        world.rule("admin", title="Admin tried", id=ADMIN_LOGIN, user=user)
        world.rule("other", title="Guest tried", id=GUEST_LOGIN, user="guest")
        world.ingest(failed(user="guest"))
        world.now += 1
        world.detect()
    world.rule("admin", title="Admin tried", id=ADMIN_LOGIN, user=first)
    world.ingest(failed(user="guest"))
    world.detect()
    world.rule("admin", title="Admin tried", id=ADMIN_LOGIN, user=third)

    outcome = world.detect()

    assert (outcome.batches, outcome.matched) == (3, {})  # the look-back of the changed rule, and nothing but that
    assert [gap for gap in world.gaps() if gap[0] == GUEST_LOGIN] == []
    with world.desk.read() as tx:
        assert tx.covered(world.store.id, world.content().rules.hash) == [(1, 3)]


def test_what_another_rule_set_has_looked_back_over_is_not_due_again(world):
    world.rule()
    world.ingest(failed(user="admin"))
    world.detect()
    world.rule("admin", title="Admin tried", id=ADMIN_LOGIN, user="admin")
    world.now += 1
    world.detect(stop=lambda: True)  # makes the rule set known, with the look-back still due
    world.rule(user="ro*")
    world.now += 1
    world.detect()
    world.rule()

    outcome = world.detect()

    assert (outcome.batches, world.gaps()) == (0, [])


def test_a_store_that_lost_events_is_no_quiet_store(world):
    world.rule()
    row = world.ingest(failed(), failed(second=1)).batch
    detector = world.detector()
    half = {row.number: {name: table.slice(0, 1) for name, table in world.store.tables([row.number]).items()}}

    outcome = detector.run(memory=half)

    assert outcome.failed == {"batch 1": "store has lost 1 events"}
    assert [left.number for left in detector.uncovered()] == [1]


def damage(world, number):
    """Cuts the file of the batch short: each batch of these tests has its own."""
    (segment,) = (world.folder / "store").rglob(f"b{number:010}-*.parquet")
    segment.write_bytes(segment.read_bytes()[:100])
    return segment.name


def test_a_batch_that_cannot_be_read_is_named_and_the_others_are_searched(world):
    world.rule()
    for second in (0, 20, 40):
        world.ingest(failed(second=second))
    name = damage(world, 2)
    detector = world.detector()

    outcome = detector.run()

    assert (outcome.batches, outcome.left, list(outcome.failed)) == (2, 1, ["batch 2"])
    assert name in outcome.failed["batch 2"]
    assert [row.number for row in detector.uncovered()] == [2]
    assert [alert.extent.count for alert in world.alerts()] == [2]


def test_evidence_that_may_lie_in_a_batch_that_cannot_be_read_is_waited_for(world):
    world.rule()
    (world.folder / "detections/rules/many.yml").write_text(counted("Many", MANY_TRIED, 2))
    world.ingest(failed(hour=10))
    world.detect()
    (segment,) = (world.folder / "store").rglob("b0000000001-*.parquet")
    whole = segment.read_bytes()
    name = damage(world, 1)
    world.ingest(failed(hour=10, second=1))

    outcome = world.detect()

    assert list(outcome.failed) == ["batch 2"] and name in outcome.failed["batch 2"]
    segment.write_bytes(whole)
    world.detect()
    (alert,) = [alert for alert in world.alerts() if alert.rule_id == MANY_TRIED]
    assert [one.event["event.original"] for one in alert.extent.evidence] == [failed(hour=10), failed(hour=10, second=1)]


def test_a_look_back_that_meets_a_batch_it_cannot_read_leaves_it_due_and_stops_there(world):
    world.rule()
    for second in (0, 20, 40):
        world.ingest(failed(user="admin", second=second))
    world.detect()
    world.rule("admin", title="Admin tried", id=ADMIN_LOGIN, user="admin")
    name = damage(world, 2)

    outcome = world.detect()

    assert list(outcome.failed) == ["batch 2"] and name in outcome.failed["batch 2"]
    assert world.gaps() == [(ADMIN_LOGIN, 2, 3, "new")]
    assert [alert.extent.count for alert in world.alerts()] == [1]


def test_a_rule_without_a_living_feed_is_blind_not_quiet(world):
    world.rule()
    world.ingest("<4>Oct 11 10:00:00 fw kernel: DROP IN=eth0 OUT= SRC=203.0.113.7 DST=192.0.2.10 LEN=40 PROTO=TCP SPT=1 DPT=2")

    outcome = world.detect()

    assert outcome.blind == (ROOT_LOGIN,)
    assert world.gaps() == [(ROOT_LOGIN, 1, 1, "blind")]


def test_an_exception_removes_its_hits_before_anything_is_counted_until_it_expires(world):
    world.rule()
    text = "id: x1\nrules: [{}]\nselection: {{source.ip: 203.0.113.7}}\nowner: ops\nreason: our scanner\nexpires: 2026-10-11T12:00:00Z\n"
    (world.folder / "detections/exceptions/scanner.yml").write_text(text.format(ROOT_LOGIN))
    world.ingest(failed(hour=10), failed(hour=13), failed(hour=10, host=8))

    outcome = world.detect()

    assert dict(outcome.removed) == {("x1", ROOT_LOGIN): 1}
    assert sorted((alert.key["source.ip"], alert.cell_start // HOUR % 24) for alert in world.alerts()) == [
        ("203.0.113.7", 13),
        ("203.0.113.8", 10),
    ]
    with world.desk.read() as tx:
        assert tx.hidden()["x1"].count == 1


EXCEPTION = "id: x1\nrules: [{rule}]\nselection: {{user.name: root}}\ninstitutions: [{whose}]\nowner: ops\nreason: ours\n"
INSTITUTIONS = "- {id: attacked, networks: [192.0.2.0/28]}\n- {id: attacking, networks: [203.0.113.0/28]}\n"


@pytest.mark.parametrize(
    ("side", "host", "whose", "hidden"),
    [
        ("source", 7, "attacking", 1),
        ("feed", 7, "attacking", 0),  # the alert is nobody's, although its source is
        ("feed", 7, "unknown", 1),
        ("source", 7, "unknown", 0),
        ("source", 200, "unknown", 1),
    ],
)
def test_an_exception_for_an_institution_hides_its_alerts_and_nobody_elses(world, side, host, whose, hidden):
    world.rule()
    for folder, name, text in (
        ("ingest", "institutions", INSTITUTIONS),
        ("detections/tuning", "side", f"{{id: {ROOT_LOGIN}, side: {side}}}"),
        ("detections/exceptions", "x", EXCEPTION.format(rule=ROOT_LOGIN, whose=whose)),
    ):
        (world.folder / folder).mkdir(exist_ok=True)
        (world.folder / folder / f"{name}.yml").write_text(text)
    world.ingest(failed(host=host))

    outcome = world.detect()

    assert (sum(outcome.removed.values()), outcome.new) == (hidden, 1 - hidden)


def test_a_run_that_is_stopped_leaves_the_rest_to_the_next(world):
    world.rule()
    for second in range(3):
        world.ingest(failed(second=second))
    asked = iter([False, True])

    outcome = world.detect(stop=lambda: next(asked))

    assert (outcome.batches, outcome.left) == (1, 2)
    assert world.detect().batches == 2


def test_two_runs_do_not_overlap(world):
    world.rule()
    world.ingest(failed())

    @contextmanager
    def running():
        with world.desk.lock("detection", owner="somebody", now=NOW, lease=HOUR):
            yield

    with running(), pytest.raises(Busy, match="somebody"):
        world.detect()
