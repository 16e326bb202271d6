"""Whose events are, asked of every store: owner, feed and addresses in all their combinations."""

from __future__ import annotations

from ipaddress import ip_network
from itertools import product

import pytest

from soc.condition.predicate import compile
from soc.fields import base_catalogue
from soc.ingest.feeds import Feed
from soc.ingest.finish import Finisher
from soc.ingest.institutions import Institution, Institutions
from soc.model import ALWAYS
from soc.respond.triaging.whose import is_anothers, owned_by

T0 = 1_700_000_000_000_000
PLACES = {"uni": "192.0.2.1", "UNI": "198.51.100.1", "lab": "2001:db8::1", None: "203.0.113.1"}
WORLD = Institutions([Institution(id, id, (ip_network(address),)) for id, address in PLACES.items() if id])


def events():
    """One for each combination of a feed, a source and a destination, and one of an owner that no feed of ours has set."""
    made = []
    for feed, source, destination in product(PLACES, PLACES, PLACES):
        event = {"source.ip": PLACES[source], "destination.ip": PLACES[destination], "event.dataset": "law", "@timestamp": T0}
        Finisher(Feed("f", institution=feed), WORLD).finish([event], [f"{feed} {source} {destination}"])
        made.append(event)
    return [*made, {"event.id": "nobody's", "event.dataset": "law", "@timestamp": T0, "soc.feed": "f"}]


@pytest.fixture(scope="module")
def filled(engine):
    store = engine.fresh(base_catalogue())
    with store.writer() as writer:
        writer.add(writer.begin(), events(), (), now=T0)
    yield store
    store.close()


@pytest.mark.parametrize("institution", ["uni", "UNI", "lab", "unknown", "nobody"])
def test_an_institutions_events_are_those_whose_feed_or_else_address_it_is(filled, institution):
    found = {event["event.id"] for event in filled.select(owned_by(institution), ALWAYS)}

    test = compile(owned_by(institution), base_catalogue())
    assert found == {event["event.id"] for event in events() if test(event)}
    assert found == {event["event.id"] for event in events() if event.get("organization.id") == institution}
    assert not any(is_anothers(event, institution) for event in events() if event["event.id"] in found)
    assert bool(found) is (institution != "nobody")
