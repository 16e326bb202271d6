"""Retention that the cluster stops half-way."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from soc.condition.tree import TRUE, Equals
from soc.errors import StoreError
from soc.store.base import Cut
from tests.store.conftest import Elastic
from tests.store.test_contract import NOW, commit, event, hits_table

BASE = 1_700_000_000_000_000


@pytest.fixture
def store(elasticsearch_url, tmp_path_factory):
    with ExitStack() as stack:
        made = Elastic(elasticsearch_url, tmp_path_factory, stack).fresh()
        yield made
        made.close()


def test_retention_that_is_stopped_half_way_ends_as_if_it_never_was(store, server):
    flows = {"event.dataset": "suricata.flow"}
    commit(store, [event(1), event(2, **flows), event(3, **flows)])
    commit(store, [event(4), event(60, **flows)])
    store.put_hits("1-law", hits_table([("r", "r", BASE + n, "uni", "[]", None, f"id{n}") for n in (2, 4, 60)]))
    cuts = [Cut(BASE + 50, Equals("event.dataset", "suricata.flow")), Cut(BASE + 2)]
    (blocked,) = [name for name in server.indices.get(index=store._core.cluster.events) if "-law-" in name]

    server.indices.put_settings(index=blocked, settings={"index.blocks.write": True})
    with store.writer() as writer, pytest.raises(StoreError):
        writer.retain(cuts, now=NOW)
    server.indices.refresh(index=store._core.cluster.events)
    halfway = store.count(TRUE)
    server.indices.put_settings(index=blocked, settings={"index.blocks.write": None})
    with store.writer() as writer:
        rest, again = writer.retain(cuts, now=NOW), writer.retain(cuts, now=NOW)

    assert (halfway, rest, again) == (3, 1, 0)
    assert [found["event.id"] for found in store.select(TRUE)] == ["id4", "id60"]
    assert [(row.events, row.first, row.last) for row in store.batches()] == [(0, None, None), (2, BASE + 4, BASE + 60)]
    assert sorted(store.hits(["r"])["event"].to_pylist()) == ["id4", "id60"]
