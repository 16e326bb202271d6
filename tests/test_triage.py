"""Which case an alert belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from desk_kit import DAY, DETECTIONS, HOUR, MINUTE, T0, alert, fresh_desk, shipped_policy
from hypothesis import given, settings
from hypothesis import strategies as st

from soc.desk.cases.words import STATUSES
from soc.desk.desk import Desk, Tx
from soc.document import parse_documents
from soc.errors import ContentError
from soc.model import Alert
from soc.respond.triaging.categories import parse_categories
from soc.respond.triaging.policy import Policy
from soc.respond.triaging.priority import parse_priority
from soc.respond.triaging.triage import Triaged, triage

pytestmark = pytest.mark.usefixtures("desk_engine")

ACTOR = {"actor": "alice", "now": T0}


def put(desk: Desk, alerts: Sequence[Alert], *, now: int = T0, policy: Policy | None = None) -> Triaged:
    with desk.write() as tx:
        return put_in(tx, alerts, now=now, policy=policy)


def put_in(tx: Tx, alerts: Sequence[Alert], *, now: int = T0, policy: Policy | None = None) -> Triaged:
    changes = list(zip(alerts, tx.put_alerts(alerts, now=now), strict=True))
    return triage(tx, changes, policy or shipped_policy(), now=now)


def placed(desk: Desk) -> dict[str, str]:
    """Alert -> case."""
    with desk.read() as tx:
        return tx.cases_of_alerts(found.id for found in tx.alerts())


def story(desk: Desk) -> list[list[tuple[str, str, bytes]]]:
    """The logs of all cases without times, ids and hashes."""
    with desk.read() as tx:
        cases = [tx.entries(head.id) for head in tx.heads(statuses=STATUSES)]
        return sorted([(entry.actor, entry.action, entry.payload) for entry in log] for log in cases)


@st.composite
def anything(draw: st.DrawFn) -> list[Alert]:
    """Alerts of few institutions, rules, keys and users, so that much is shared."""
    alerts = []
    for number in range(draw(st.integers(1, 12))):
        key = {"source.ip": draw(st.sampled_from(["203.0.113.1", "203.0.113.2", "192.0.2.9"]))} if draw(st.booleans()) else {}
        event = {
            "user.name": draw(st.sampled_from(["Alice", "bob", "root"])),
            "source.ip": draw(st.sampled_from(["203.0.113.1", "203.0.113.3"])),
        }
        alerts.append(
            alert(
                f"alert-{number}",
                rule=draw(st.sampled_from(["scan", "login", "tunnel"])),
                institution=draw(st.sampled_from(["north", "south", "unknown"])),
                key=key,
                at=T0 + draw(st.integers(0, 72)) * HOUR,
                level=draw(st.sampled_from(["low", "high"])),
                event=event,
            )
        )
    return alerts


@settings(max_examples=30, deadline=None)
@given(anything(), st.integers(1, 5))
def test_every_alert_lies_in_one_case_and_no_case_holds_two_institutions(alerts, size):
    with fresh_desk() as desk:
        for start in range(0, len(alerts), size):
            put(desk, alerts[start : start + size])

        where = placed(desk)
        assert where.keys() == {one.id for one in alerts}
        with desk.read() as tx:
            assert tx.verify_cases() == []
            for head in tx.heads():
                assert {one.institution for one in tx.alerts(case=head.id)} == {head.institution}
                shown = {value for kind, value in tx.observables(head.id)}
                assert shown <= {
                    text for one in tx.alerts(case=head.id) for text in (*one.key.values(), "alice", "bob", "203.0.113.1", "203.0.113.3")
                }


@settings(max_examples=25, deadline=None)
@given(anything(), st.integers(1, 5), st.sets(st.integers(0, 11)))
def test_what_the_logs_say_does_not_depend_on_kills_and_repeats(alerts, size, killed):
    parts = [alerts[start : start + size] for start in range(0, len(alerts), size)]
    with fresh_desk() as calm, fresh_desk() as troubled:
        for number, part in enumerate(parts):
            put(calm, part)
            if number in killed:
                dies(troubled, part, now=T0 + 1)
            put(troubled, part, now=T0 + 2)
            put(troubled, part, now=T0 + 3)

        assert story(troubled) == story(calm)


class Killed(Exception):
    """In place of the end of the process: the transaction is never committed."""


def dies(desk: Desk, alerts: Sequence[Alert], *, now: int) -> None:
    try:
        with desk.write() as tx:
            put_in(tx, alerts, now=now)
            raise Killed
    except Killed:
        return


def test_an_alert_joins_within_a_day_of_the_last_trigger_and_not_after():
    first = alert("first", event={"source.ip": "203.0.113.7"})
    for late, cases in ((DAY, 1), (DAY + 1, 2)):
        with fresh_desk() as desk:
            put(desk, [first, alert("second", at=first.extent.last + late)])

            assert len(set(placed(desk).values())) == cases


def test_an_alert_of_earlier_events_joins_too():
    first = alert("first", at=T0 + DAY)
    for at, cases in ((T0 - MINUTE, 1), (T0 - MINUTE - 1, 2)):
        with fresh_desk() as desk:
            put(desk, [first])
            put(desk, [alert("second", at=at)])

            assert len(set(placed(desk).values())) == cases


def test_a_case_that_began_at_the_beginning_of_time_keeps_its_first_trigger():
    with fresh_desk() as desk:
        put(desk, [alert("first", at=0)])
        put(desk, [alert("second", at=HOUR)])
        put(desk, [alert("third", at=-DAY - MINUTE)])

        assert len(set(placed(desk).values())) == 1


@pytest.mark.parametrize("size", [1, 2, 3])
def test_in_which_parts_a_run_tells_its_alerts_changes_nothing(size):
    """Of two cases that share an observable the older one is joined, though it came to it later."""
    alice = {"user.name": "alice"}
    with fresh_desk() as desk:
        (old,) = put(desk, [alert("old")]).opened
        run = [
            alert("opens", rule="sudo", key=alice, at=T0 + 1),
            alert("joins", at=T0 + 2, event={**alice, "event.outcome": "success"}),
            alert("either", rule="login", key=alice, at=T0 + 3),
        ]
        for start in range(0, len(run), size):
            put(desk, run[start : start + size])

        where = placed(desk)
        assert (where["joins"], where["either"]) == (old, old) != (where["opens"], old)


def test_an_alert_joins_where_an_observable_of_its_is_known_and_the_log_says_which():
    with fresh_desk() as desk:
        put(
            desk, [alert("scan", rule="scan"), alert("login", rule="login", key={"user.name": "alice"}, event={"source.ip": "203.0.113.7"})]
        )
        put(desk, [alert("sudo", rule="sudo", key={"host.name": "gw1"}, event={"user.name": "Alice", "event.outcome": "success"})])

        assert len(set(placed(desk).values())) == 1
        because = [entry["because"] for entry in said(desk, "alert")]
        assert sorted(because) == ["it opened the case", "the same ip: 203.0.113.7", "the same user: alice"]


def test_what_every_alert_shares_joins_nothing():
    tried = {"event.outcome": "failure", "user.name": "alice", "destination.ip": "192.0.2.10", "host.name": "gw1"}
    acted = {"event.outcome": "success", "user.name": "root"}
    with fresh_desk() as desk:
        for number, event in enumerate([tried, tried, acted, acted]):
            put(desk, [alert(str(number), key={"source.ip": f"203.0.113.{number}"}, event=event)])

        assert len(set(placed(desk).values())) == 4


def test_a_case_closed_lately_is_linked_and_not_opened_again():
    for closed_for, links in ((7 * DAY, 1), (7 * DAY + 1, 0)):
        with fresh_desk() as desk:
            (before,) = put(desk, [alert("first")]).opened
            with desk.write() as tx:
                tx.close_cases([before], "false_positive", **ACTOR)
            (after,) = put(desk, [alert("second", at=T0 + HOUR)], now=T0 + closed_for).opened

            with desk.read() as tx:
                assert tx.case(before).head.status == "closed"
                assert tx.case(after).links == (("follows", before),) * links
                assert tx.case(before).links == (("followed_by", after),) * links


def test_an_extended_alert_stays_where_it_is_and_moves_the_last_trigger():
    first = alert("first")
    grown = replace(first, extent=replace(first.extent, count=99, last=T0 + DAY))
    with fresh_desk() as desk:
        put(desk, [first])
        put(desk, [grown])
        put(desk, [alert("second", at=T0 + 2 * DAY)])

        assert len(set(placed(desk).values())) == 1
        assert [entry["alert"] for entry in said(desk, "alert")] == ["first", "second"]


def test_a_worse_alert_raises_the_case_except_for_what_a_person_set():
    worse = alert("worse", rule="root-login", level="critical", tags=("attack.t1078",))
    for pinned, category in ((False, "intrusions/unprivileged-account-compromise"), (True, "other/other")):
        with fresh_desk() as desk:
            (case,) = put(desk, [alert("first", level="low")]).opened
            with desk.write() as tx:
                assert (tx.case(case).head.priority, tx.case(case).head.category) == (4, "intrusion-attempts/brute-force")
                if pinned:
                    tx.set_fields([case], category="other/other", title="mine", priority=4, **ACTOR)
            put(desk, [replace(worse, key={"source.ip": "203.0.113.7"})])

            with desk.read() as tx:
                head = tx.case(case).head
            assert (head.severity, head.category) == ("critical", category)
            assert (head.title, head.priority) == (("mine", 4) if pinned else ("Title of root-login", 1))


LOGIN = {"event.category": ["authentication"], "event.type": ["start"], "event.outcome": "success"}


@pytest.mark.parametrize(
    "event, title",
    [
        (LOGIN | {"user.name": "m.huber"}, "Title of ssh-brute-force: m.huber"),
        (LOGIN | {"user.name": "x" * 80}, f"Title of ssh-brute-force: {'x' * 63}…"),
        (LOGIN | {"user.name": "m.huber", "event.outcome": "failure"}, "Title of ssh-brute-force"),
        (LOGIN | {"user.name": "m.huber", "event.type": ["end"]}, "Title of ssh-brute-force"),
        (LOGIN | {"user.name": "m.huber", "organization.id": "a-hospital"}, "Title of ssh-brute-force"),
        (LOGIN, "Title of ssh-brute-force"),
    ],
)
def test_the_title_names_the_account_that_was_let_in_and_no_other(event, title):
    with fresh_desk() as desk:
        (case,) = put(desk, [alert("first", level="low", event=event), alert("second", level="high", event=event)]).opened

        with desk.read() as tx:
            assert tx.case(case).head.title == title


def test_of_several_accounts_the_title_names_the_one_that_completed_the_alert():
    one, other = (alert("a", event=LOGIN | {"user.name": name}).extent.evidence[0] for name in ("m.huber", "a.moser"))
    first = alert("first")
    several = replace(first, extent=replace(first.extent, evidence=(one, *first.extent.evidence, other)))

    with fresh_desk() as desk:
        (case,) = put(desk, [several]).opened

        with desk.read() as tx:
            assert tx.case(case).head.title == "Title of ssh-brute-force: m.huber and 1 more"


def test_priority_depends_on_severity_asset_and_institution():
    policy = replace(
        shipped_policy(),
        institution_class={"hospital": "hospital"},
        asset_class=lambda institution, address: "critical" if (institution, address) == ("uni", "192.0.2.5") else None,
        tuned={"tuned": "availability/dos"},
    )
    cases = [
        (alert("a", institution="uni", level="medium"), 3, "intrusion-attempts/brute-force"),
        (
            alert("b", institution="uni", rule="b", level="medium", key={}, event={"destination.ip": "192.0.2.5"}),
            2,
            "intrusion-attempts/brute-force",
        ),
        (alert("c", institution="hospital", level="medium", tags=("attack.credential_access",)), 2, "intrusion-attempts/brute-force"),
        (alert("d", institution="hospital", rule="tuned", key={}, level="critical"), 1, "availability/dos"),
        (alert("e", institution="else", level="informational", tags=()), 4, "other/undetermined"),
        (
            alert("f", institution="else", rule="f", key={}, level="unheard of", tags=("attack.T1110.003",)),
            3,
            "intrusion-attempts/brute-force",
        ),
    ]
    for one, priority, category in cases:
        with fresh_desk() as desk:
            (case,) = put(desk, [one], policy=policy).opened

            with desk.read() as tx:
                assert (one.id, tx.case(case).head.priority, tx.case(case).head.category) == (one.id, priority, category)


def many(number: int, **fields: object) -> list[Alert]:
    return [alert(f"s{n}", key={"source.ip": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"}, at=T0 + n, **fields) for n in range(number)]  # type: ignore[arg-type]


def test_a_storm_of_five_thousand_keys_is_one_case_that_says_so_and_takes_nothing_else_in():
    with fresh_desk() as desk:
        bystander = alert("bystander", rule="other", key={"source.ip": "10.0.0.1"}, at=T0 + 1)
        opened = put(desk, many(5000)).opened
        put(desk, [bystander])
        later = [replace(one, id=f"later-{one.id}", cell_start=one.cell_start + HOUR, cell_end=one.cell_end + HOUR) for one in many(1500)]
        put(desk, later)

        where = placed(desk)
        assert len(opened) == 1
        assert {where[one.id] for one in (*many(5000), *later)} == set(opened)
        assert where["bystander"] not in opened
        with desk.read() as tx:
            assert tx.case(opened[0]).head.title == "Storm: Title of ssh-brute-force (more than 1,000 keys at once)"
            assert sum(row.count for row in tx.swallowed(kind="overflow", by=opened[0])) == 6500
            assert tx.verify_cases() == []


def test_a_thousand_keys_are_no_storm():
    with fresh_desk() as desk:
        assert len(put(desk, many(1000)).opened) == 1000


def test_a_storm_that_begins_small_takes_in_the_cases_that_nobody_has_touched():
    policy, alerts = replace(shipped_policy(), storm=10), many(20)
    with fresh_desk() as desk:
        early = put(desk, alerts[:6], policy=policy).opened
        with desk.write() as tx:
            tx.note([early[0]], "looked at it", **ACTOR)
        (storm,) = put(desk, alerts[6:], policy=policy).opened

        with desk.read() as tx:
            assert {head.id for head in tx.heads()} == {storm, early[0]}
            assert tx.case(early[1]).head.verdict == "duplicate"
            assert tx.case(early[1]).links == (("merged_into", storm),)
            assert len(tx.case(storm).alerts) == tx.case(storm).head.alerts == 19
            assert tx.verify_cases() == []
        again = alert("again", key=dict(alerts[3].key), at=T0 + HOUR)
        put(desk, [again], policy=policy)
        assert placed(desk)["again"] == storm


def test_two_rules_that_storm_over_the_same_keys_are_two_cases_whatever_came_before():
    policy, first = replace(shipped_policy(), storm=10), many(20)
    second = [replace(one, id=f"other-{one.id}", rule_id="other") for one in first]
    calm = alert("calm", rule="calm", key=dict(first[0].key), at=T0 + 1)
    with fresh_desk() as desk:
        early = put(desk, [*first[:6], *second[:6], calm], policy=policy).opened
        for batch in ((first[6:], second[6:8]), (first[:1], second[8:])):
            put(desk, [one for part in batch for one in part], policy=policy)

        where = placed(desk)
        storms = [where[one[-1].id] for one in (first, second)]
        with desk.read() as tx:
            assert {head.id: head.alerts for head in tx.heads()} == {early[0]: 3, storms[0]: 19, storms[1]: 19}
            assert {tx.case(id).head.verdict for id in early[1:]} == {"duplicate"}
            assert tx.verify_cases() == []
        assert {where[one.id] for one in (first[0], second[0], calm)} == {early[0]}  # another rule has a say in that one
        put(desk, [replace(one, id=f"again-{one.id}", cell_start=one.cell_start + HOUR) for one in (first[3], second[3])], policy=policy)
        assert [placed(desk)[f"again-{one.id}"] for one in (first[3], second[3])] == storms


def test_a_storm_at_one_institution_is_not_one_at_another():
    policy = replace(shipped_policy(), storm=10)
    with fresh_desk() as desk:
        elsewhere = [replace(one, id=f"{one.id}-south", institution="south") for one in many(3)]
        put(desk, [*many(12), *elsewhere], policy=policy)

        with desk.read() as tx:
            assert sorted((head.institution, head.storm) for head in tx.heads()) == [("example-university", True), *[("south", False)] * 3]


def said(desk: Desk, action: str) -> list[dict[str, object]]:
    with desk.read() as tx:
        return [entry.said for head in tx.heads(statuses=STATUSES) for entry in tx.entries(head.id) if entry.action == action]


@pytest.mark.parametrize(
    ("read", "name", "was", "now", "fault"),
    [
        (
            parse_priority,
            "priority.yml",
            "[critical, server, client, unknown]",
            "[[critical], unknown]",
            "priority.yml:4: assets are a list of",
        ),
        (parse_priority, "priority.yml", "[critical, server, client, unknown]", "[1, unknown]", "priority.yml:4: assets are a list of"),
        (parse_priority, "priority.yml", "server: 1", "server: [1]", "priority.yml:7: the row 'critical' is not"),
        (parse_categories, "categories.yml", "intrusion-attempts/brute-force", "{a: b}", "categories.yml:5: {'a': 'b'} is no RSIT"),
        (parse_categories, "categories.yml", "intrusion-attempts/brute-force", "[a]", "categories.yml:5: ['a'] is no RSIT"),
    ],
)
def test_a_wrong_table_of_priorities_or_categories_is_named_with_its_place(read, name, was, now, fault):
    text = (DETECTIONS / name).read_text().replace(was, now, 1)
    (document,) = parse_documents(text, Path(name))

    with pytest.raises(ContentError) as wrong:
        read(document)

    assert str(wrong.value).startswith(fault)
