"""Rounds of compaction are bounded by what events weigh, too: long lines are merged while they fit, and end no upkeep when they do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from soc.condition.tree import TRUE, Equals
from soc.errors import StoreError
from soc.store.base import Cut
from soc.store.segments import Shape, open_store
from soc.store.segments.manifest.register import live
from soc.times import DAY
from tests.store.test_contract import NOW, commit, event
from tests.strategies import CATALOGUE

MIB = 1 << 20
SHAPE = Shape(wide=4, text=16 * MIB)
BASE = event(0)["@timestamp"]


def opened(path, *, shape=SHAPE, memory=100_000_000):
    return open_store(path, CATALOGUE, create=True, reserve=0, memory=memory, shape=shape)


@pytest.fixture
def store(tmp_path):
    made = opened(tmp_path / "store")
    yield made
    made.close()


def long(number, mib, **fields):
    return event(number, **{"event.original": f"{number:07}" * (mib * MIB // 7), **fields})


def compact(store):
    with store.writer() as writer:
        return writer.compact(now=NOW)


def rows(store):
    return sorted(segment.rows for segment in live(store._manifest))


def test_long_lines_are_merged_in_rounds_that_the_engine_has_room_for(store):
    for number in range(60):
        commit(store, [long(number, 1)])

    merged = compact(store)

    assert merged >= 60
    assert len(rows(store)) <= 12
    assert [store.tables([number + 1])["law"]["event.original"][0].as_py()[:7] for number in range(60)] == [
        f"{number:07}" for number in range(60)
    ]
    assert compact(store) == 0


def test_a_segment_too_heavy_for_a_merge_stays_as_it_is_and_keeps_no_other_from_one(store):
    for number in range(16):
        commit(store, [event(number * 10), *([long(number * 10 + 1, 12, **{"event.dataset": "b"})] if number % 4 == 0 else [])])

    assert (compact(store), compact(store)) == (12, 0)
    assert rows(store) == [2, 2, 2, 2, 12]
    assert store.statistics()["unmerged"] == 4


def test_what_is_too_old_goes_from_within_a_segment_too_heavy_for_a_merge(store):
    commit(store, [long(number * DAY, 5) for number in range(4)])
    for number in range(4):
        commit(store, [event(number * DAY + 1)])
    compact(store)

    with store.writer() as writer:
        gone = writer.retain([Cut(BASE + 2 * DAY)], now=NOW)

    assert (gone, store.count(TRUE)) == (4, 4)
    assert [len(found.get("event.original", "")) > MIB for found in store.select(TRUE)] == [True, False] * 2


def test_a_merge_that_the_engine_has_no_room_for_ends_nothing_and_is_not_tried_again(tmp_path):
    store = opened(tmp_path / "store", shape=replace(SHAPE, text=1 << 40), memory=60_000_000)
    for number in range(40):
        commit(store, [long(number, 2)])
        commit(store, [event(1000 + number, **{"event.dataset": "b"})])

    assert compact(store) == 40
    assert compact(store) == 0

    assert rows(store) == [*[1] * 40, 40]
    assert store.statistics()["unmerged"] == 40
    store.close()


def test_what_is_known_of_weights_is_read_as_hostile(store):
    for number in range(4):
        commit(store, [event(number * DAY)])
    compact(store)
    store._manifest.run("INSERT INTO weights VALUES (5, 'many')")
    for number in range(4):
        commit(store, [event(100 + number)])

    with pytest.raises(StoreError, match="table weights, row 5: is damaged"):
        compact(store)
    assert [fault for fault in store.check(deep=True) if "table weights, row 5" in fault]
    assert store.count(Equals("event.dataset", "law")) == 8
