"""A writer that sleeps past its lease, and one that takes its lines over: nothing lost, nothing doubled, everything to be searched once."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from soc.condition.tree import TRUE
from soc.desk.desk import open_desk
from soc.desk.register.register import make_register
from soc.errors import Busy, Conflict
from soc.store.elasticsearch import connect, name_store, prepare
from soc.times import DAY, HOUR
from tests.servers import indices
from tests.store.sleeping_writer import LINES, NOW, event, opened, state
from tests.strategies import CATALOGUE

ROOT = Path(__file__).parents[3]
CLAIMED, UNDER_WAY, ALL_SENT = 2, 4, 6  # when the sleeper stops: how often its clock was asked


@contextmanager
def asleep(url, prefix, desk_url, stop_at, ahead):
    """The writer, stopped; it wakes and ends when told so, or is killed."""
    command = [sys.executable, "-m", "tests.store.sleeping_writer", url, prefix, desk_url, str(stop_at), str(ahead)]
    sleeper = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        _, status = os.waitpid(sleeper.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), "it ended before it slept"
        yield sleeper
    finally:
        sleeper.kill()
        sleeper.communicate()


@pytest.fixture
def place(elasticsearch_url, tmp_path):
    """A store: its prefix, its desk and that one's URL."""
    desk_url = f"sqlite:///{tmp_path}/desk.db"
    with indices.prefixed(elasticsearch_url) as prefix:
        desk, prefix = open_desk(desk_url, create=True), prefix.rstrip("-")
        cluster = connect(elasticsearch_url, prefix=prefix)
        prepare(cluster, CATALOGUE, replicas=0)
        name_store(cluster, make_register(desk, now=0).store)
        cluster.client.close()
        yield prefix, desk, desk_url
        desk.close()


def add(store, *spans, now=NOW, **fields):
    with store.writer() as writer:
        for since, until in spans:
            writer.add(writer.begin(), [event(line, **fields) for line in range(since, until)], [state(until)], now=now)


def check(store):
    """Every line is an event once, in a closed batch, and each batch is read back with its events."""
    wanted = [f"id{line}" for line in range(LINES)]
    found = sorted(found["event.id"] for found in store.select(TRUE))
    rows = store.batches()
    assert (len(found), found) == (LINES, sorted(wanted))
    assert sum(row.events for row in rows) == LINES
    read = [store.tables([row.number]) for row in rows]
    assert all(sum(table.num_rows for table in tables.values()) >= row.events for tables, row in zip(read, rows, strict=True))
    assert {id for tables in read for table in tables.values() for id in table["event.id"].to_pylist()} == set(wanted)
    assert (store.unfinished(), store.check(deep=True)) == ([], [])
    assert [source.position for source in store.sources()] == [LINES]


@pytest.mark.parametrize(
    ("stop_at", "ahead", "spans", "fields"),
    [
        (UNDER_WAY, 3600, [(0, LINES)], {}),
        (UNDER_WAY, 0, [(0, 3_000), (3_000, LINES)], {}),
        (CLAIMED, 0, [(0, LINES)], {"event.dataset": "lore"}),
        (ALL_SENT, 0, [(0, LINES)], {"event.dataset": "lore"}),
    ],
    ids=["sees that it slept", "others cut elsewhere", "another parser, before it wrote", "another parser, after it wrote"],
)
def test_whoever_sleeps_past_its_lease_changes_nothing_when_it_wakes(elasticsearch_url, place, stop_at, ahead, spans, fields):
    prefix, desk, desk_url = place
    heir = opened(elasticsearch_url, prefix, desk, "heir", lambda: NOW + HOUR)
    with asleep(elasticsearch_url, prefix, desk_url, stop_at, ahead) as sleeper:
        add(heir, *spans, now=NOW + DAY, **fields)  # another day's index, were it not for the sleeper's batch

        sleeper.send_signal(signal.SIGCONT)

        assert sleeper.communicate(timeout=120)[0] == "conflict\n"
    check(heir)
    heir.close()


@pytest.mark.parametrize("until", [2_000, 3_000, LINES], ids=["less than the other", "as much", "more"])
def test_lines_that_another_has_read_on_meanwhile_are_not_written_again(elasticsearch_url, place, until):
    prefix, desk, _ = place
    slow, fast = (opened(elasticsearch_url, prefix, desk, name, lambda: NOW) for name in ("slow", "fast"))
    since = {source.id: source for source in slow.sources()}
    add(fast, (0, 3_000))

    with slow.writer() as writer, pytest.raises(Conflict, match=r"source s is read as a new one, but is to be read from 3000") as told:
        writer.add(writer.begin(), [event(line) for line in range(until)], [state(until)], now=NOW, since=since)

    assert told.value.sources == {"s"}
    add(slow, (3_000, LINES))
    check(fast)
    slow.close()
    fast.close()


def test_upkeep_removes_what_a_writer_left_twice_that_was_killed_after_it_woke(elasticsearch_url, place):
    prefix, desk, desk_url = place
    heir = opened(elasticsearch_url, prefix, desk, f"heir {secrets.token_hex(4)}", lambda: NOW + HOUR)
    with asleep(elasticsearch_url, prefix, desk_url, ALL_SENT, 0):
        add(heir, (0, LINES), **{"event.dataset": "lore"})
    twice = {**event(7), "soc.batch": 1, "event.ingested": NOW}
    with connect(elasticsearch_url, prefix=prefix).client as client:
        client.index(index=f"{prefix}-events-law-2023.11.14", id="id7", document=_document(twice), refresh=True)

    with heir.writer() as writer:
        writer.compact(now=NOW)

    check(heir)
    heir.close()


# --- salvaged --------------------------------------------------------------------------------------------------------


def held(store, number):
    """The ids of the events that a batch is read back with."""
    return {id for table in store.tables([number]).values() for id in table["event.id"].to_pylist()}


@pytest.mark.parametrize(
    ("stop_at", "ahead", "spans", "fields"),
    [
        (CLAIMED, 3600, [(0, LINES)], {}),
        (UNDER_WAY, 3600, [(0, LINES)], {}),
        (UNDER_WAY, 0, [(0, 3_000), (3_000, LINES)], {"event.dataset": "lore"}),
        (ALL_SENT, 0, [(0, LINES)], {"event.dataset": "lore"}),
    ],
    ids=["before it wrote", "sees that it slept", "another parser, cut elsewhere", "another parser, after it wrote"],
)
@pytest.mark.parametrize("wakes", ["before they are read again", "after"])
def test_what_was_salvaged_stays_so_when_its_lines_are_read_again(elasticsearch_url, place, stop_at, ahead, spans, fields, wakes):
    prefix, desk, desk_url = place
    heir = opened(elasticsearch_url, prefix, desk, "heir", lambda: NOW + HOUR)
    with asleep(elasticsearch_url, prefix, desk_url, stop_at, ahead) as sleeper:
        row = heir.salvage(1)
        counted, sources = sum(feed.events for feed in heir.feeds()), heir.sources()

        for act in ("wake", "read") if wakes.startswith("before") else ("read", "wake"):
            if act == "read":
                add(heir, *spans, now=NOW + DAY, **fields)
            else:
                sleeper.send_signal(signal.SIGCONT)
                assert sleeper.communicate(timeout=120)[0] == "conflict\n"

    assert (row.number, row.absorbs, row.events, sources) == (2, (1,), counted, [])
    assert len(held(heir, row.number)) == row.events  # what the server took meanwhile of the sleeper's last requests is in the others
    assert heir.batches()[0] == row
    assert sum(feed.events for feed in heir.feeds()) == LINES
    check(heir)
    heir.close()


def test_what_is_left_when_some_lines_were_read_on_is_salvaged_and_no_more(elasticsearch_url, place):
    prefix, desk, desk_url = place
    heir = opened(elasticsearch_url, prefix, desk, "heir", lambda: NOW + HOUR)
    with asleep(elasticsearch_url, prefix, desk_url, ALL_SENT, 0):
        add(heir, (0, 3_000))
    left = [one.number for one in heir.unfinished()]

    row = heir.salvage(1)

    assert left == [1, 3]  # 3 took it over, and gave it up again for 2
    assert (row.events, held(heir, row.number)) == (LINES - 3_000, {f"id{line}" for line in range(3_000, LINES)})
    assert (heir.unfinished(), [source.position for source in heir.sources()]) == ([], [3_000])
    add(heir, (3_000, LINES))
    check(heir)
    heir.close()


def test_a_salvage_that_is_killed_is_done_again_or_its_lines_are_read_on(elasticsearch_url, place):
    prefix, desk, desk_url = place
    heir = opened(elasticsearch_url, prefix, desk, "heir", lambda: NOW + HOUR)
    asked = count()

    def lost():  # after its first request
        if next(asked) > 2:
            raise KeyboardInterrupt
        return NOW + HOUR

    salvager = opened(elasticsearch_url, prefix, desk, "salvager", lost)
    with asleep(elasticsearch_url, prefix, desk_url, ALL_SENT, 0), pytest.raises(KeyboardInterrupt):
        salvager.salvage(1)
    with pytest.raises(Busy, match="batch 2 is being written by salvager"):
        heir.salvage(1)
    late = opened(elasticsearch_url, prefix, desk, "late", lambda: NOW + 2 * HOUR)
    add(late, (0, 3_000))

    row = late.salvage(1)

    assert row.events == LINES - 3_000
    add(late, (3_000, LINES))
    check(late)
    for store in (heir, salvager, late):
        store.close()


def test_a_batch_under_way_is_told_of_and_nobody_else_reads_its_source(elasticsearch_url, place):
    prefix, desk, desk_url = place
    other = opened(elasticsearch_url, prefix, desk, "other", lambda: NOW + 1)
    late = opened(elasticsearch_url, prefix, desk, "late", lambda: NOW + HOUR)
    with (
        asleep(elasticsearch_url, prefix, desk_url, CLAIMED, 0),
        pytest.raises(Busy, match=r"source s is being read by sleeper, batch 1") as busy,
    ):
        add(other, (0, LINES))

    assert busy.value.sources == {"s"}
    assert [(one.number, one.state, one.writer, one.events, one.lapsed) for one in other.unfinished()] == [
        (1, "open", "sleeper", LINES, False)
    ]
    assert [one.lapsed for one in late.unfinished()] == [True]
    other.close()
    late.close()


def _document(event):
    from soc.store.elasticsearch.documents.documents import to_document

    return to_document(event, CATALOGUE)
