"""A case sees, keeps, tells and exports its institution's events alone, whatever its hunts ask and its alerts hold."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from desk_kit import T0, alert, fresh_desk, shipped_policy
from hypothesis import given, settings
from hypothesis import strategies as st
from playbook_kit import Moving, book_of, mail_server, responder_of, web_server

from soc.cli.cases.case_show import as_object
from soc.desk.desk import Desk
from soc.event import Event
from soc.fields import base_catalogue
from soc.ingest.feeds import Feed
from soc.ingest.finish import Finisher
from soc.ingest.institutions import Institution, Institutions
from soc.model import Evidence
from soc.parsing.printed import Printer
from soc.respond.actions.hunting import hunt
from soc.respond.triaging.pictures import alert_documents
from soc.respond.triaging.triage import triage
from soc.store.segments import open_store
from soc.times import MINUTE, SECOND

PLACES = {"uni": "192.0.2.1", "lab": "198.51.100.1", None: "203.0.113.1"}
WORLD = Institutions([Institution(id, id, (ip_network(address),), contact=f"abuse@{id}.example") for id, address in PLACES.items() if id])
SIDES = st.sampled_from(list(PLACES))
EVENTS = st.lists(st.tuples(SIDES, SIDES, SIDES), max_size=8)
HUNTS = st.lists(
    st.fixed_dictionaries(
        {"query": st.sampled_from(["*", "event.kind:event", "user.name:*", "organization.id:*"])},
        optional={
            "where": st.sampled_from([{"source.ip": "$sources"}, {"destination.ip": ["192.0.2.1", "203.0.113.1"]}]),
            "everywhere": st.booleans(),
            "limit": st.sampled_from([0, 2, 50]),
        },
    ),
    min_size=1,
    max_size=3,
)
TELLS = (
    "  mail: {action: notify_mail, with: {to: [$contact], subject: s, text: '{{ alerts }} {{ users }} {{ sources }} {{ hosts }}'},"
    " on_success: hook}\n"
    "  hook: {action: notify_webhook, with: {url: $hook, text: '{{ alerts }}', fields: {users: $users, all: $hosts}}, on_success: end}\n"
    "  end: {end: done}\n"
)


def events_of(places: Sequence[tuple[str | None, str | None, str | None]]) -> list[Event]:
    """An event for each feed, source and destination; what it says names it: `marked-0-`, `marked-1-`, …"""
    made = []
    for number, (feed, source, destination) in enumerate(places):
        mark = f"marked-{number}-"
        event: Event = {"@timestamp": T0 + number * SECOND, "event.dataset": "law", "event.kind": "event", "event.original": mark}
        event |= {"source.ip": PLACES[source], "destination.ip": PLACES[destination], "user.name": mark, "host.name": mark}
        Finisher(Feed("f", institution=feed), WORLD).finish([event], [f"id{number}"])
        made.append(event)
    return made


def book(hunts: Sequence[dict[str, Any]], url: str) -> str:
    steps = "  who: {action: look_up_institution, keep: {contact: contact}, on_completion: h0}\n"
    for at, one in enumerate(hunts):
        to = f"h{at + 1}" if at + 1 < len(hunts) else "mail"
        steps += f"  h{at}: {{action: hunt, with: {json.dumps(one)}, on_completion: {to}}}\n"
    return f"id: law\ntitle: Law\nwhen: {{}}\nvariables: {{hook: '{url}'}}\nsteps:\n{steps}{TELLS}"


def case_with(desk: Desk, events: Sequence[Event]) -> str:
    """A case of the university's, with an alert whose evidence is all of these events."""
    raised = alert("a", institution="uni", key={})
    kept = tuple(Evidence(event["@timestamp"], event["event.id"], event) for event in events) or raised.extent.evidence
    raised = replace(raised, extent=replace(raised.extent, evidence=kept, last=T0 + MINUTE))
    with desk.write() as tx:
        triage(tx, list(zip([raised], tx.put_alerts([raised], now=T0), strict=True)), shipped_policy(), now=T0)
        return tx.heads()[0].id


@settings(max_examples=30)
@given(EVENTS, HUNTS)
def test_nothing_of_an_event_that_is_anothers_reaches_evidence_mails_or_exports(
    places: list[tuple[str | None, str | None, str | None]], hunts: list[dict[str, Any]]
) -> None:
    events = events_of(places)
    with tempfile.TemporaryDirectory() as folder, fresh_desk() as desk, mail_server() as box, web_server() as posts:
        store = open_store(Path(folder) / "store", base_catalogue(), create=True, reserve=0)
        with store.writer() as writer:
            writer.add(writer.begin(), events, (), now=T0)
        case = case_with(desk, events)
        mail = {"sender": "soc@noc.example", "host": "127.0.0.1", "port": box.port}
        playbook = book_of(book(hunts, posts.url), Path(folder))

        outcome = responder_of(desk, playbook, now=Moving(), store=store, institutions=WORLD, mail=mail).respond()

        assert outcome.ended == 1 and not outcome.failed
        with desk.read() as tx:
            found, alerts = tx.case(case), tx.alerts(case=case)
            assert found is not None
            shown = as_object(found, alerts, tx.observables(case), Printer(base_catalogue()))
        store.close()
    told = {
        "evidence": [event for attached in found.evidence for event in attached["events"]],
        "mail": box.messages[0].get_payload(decode=True).decode(),
        "webhook": posts.bodies,
        "case": shown,
        "dashboards": alert_documents(alerts, {}),
    }
    own = {event["user.name"] for event in events if event["organization.id"] == "uni"}
    nobodys = {event["user.name"] for event in events if event["organization.id"] == "unknown"}
    for place, content in told.items():
        text = json.dumps(content, default=str)
        assert {mark for mark in (event["user.name"] for event in events) if mark in text} <= own | nobodys, place
    assert not nobodys & {event["user.name"] for event in told["evidence"]}
    if any(one["query"] != "user.name:*" and "where" not in one and one.get("limit") == 50 for one in hunts):
        assert own <= {event["user.name"] for event in told["evidence"]}


def test_a_hunt_everywhere_counts_all_and_attaches_its_own(tmp_path: Path) -> None:
    events = events_of([("lab", "uni", "uni"), (None, None, "uni"), ("lab", None, None), (None, None, None)])
    store = open_store(tmp_path / "store", base_catalogue(), create=True, reserve=0)
    with store.writer() as writer:
        writer.add(writer.begin(), events, (), now=T0)
    with fresh_desk() as desk:
        case_with(desk, events)
        text = (
            "id: x\ntitle: X\nwhen: {}\nsteps:\n"
            "  a: {action: hunt, with: {everywhere: true}, keep: {n: count, m: attached}, on_success: b}\n"
            "  b: {action: hunt, keep: {o: count}, on_success: ask}\n"
            "  ask: {manual: '{{ n }} {{ m }} {{ o }}', on_completion: end}\n"
        )
        responder_of(desk, book_of(text + "  end: {end: done}\n", tmp_path), now=Moving(), store=store, institutions=WORLD).respond()

        with desk.read() as tx:
            found = tx.case(tx.heads()[0].id)
    store.close()
    assert found is not None
    assert [asked["text"] for asked in found.questions] == ["4 1 1"]


def test_what_an_earlier_version_put_down_for_everywhere_attaches_nothing(tmp_path: Path) -> None:
    from soc.respond.actions.action import Order, World

    store = open_store(tmp_path / "store", base_catalogue(), create=True, reserve=0)
    with store.writer() as writer:
        writer.add(writer.begin(), events_of([("lab", None, None), (None, None, "uni")]), (), now=T0)
    stated = {"query": None, "where": None, "title": None, "limit": 20, "everywhere": True, "institution": None}
    order = Order("2026-000001", "a", "key", stated | {"since": T0, "until": T0 + MINUTE}, T0, MINUTE)

    done = hunt(World(store=lambda: store, catalogue=base_catalogue), order)

    store.close()
    assert (dict(done.gives), done.events) == ({"count": 2, "attached": 0}, ())
