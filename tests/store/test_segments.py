"""Segments alone: disks that fill, files that are damaged, and the bounds of upkeep."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from soc.condition.tree import TRUE, And, Equals, Not
from soc.errors import StoreError, UsageError
from soc.fields import Field, base_catalogue
from soc.model import Window
from soc.store.base import Cut
from soc.store.segments import Shape, open_store
from soc.store.segments.hits import hit_reader, hits
from soc.store.segments.manifest.register import live
from soc.store.segments.upkeep.pieces import cut
from soc.times import DAY, HOUR, MINUTE
from tests.store.laws import NO_SHRINKING
from tests.store.test_contract import NOW, RETENTIONS, check_retention, commit, event, hits_table
from tests.strategies import CATALOGUE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(segments):
    made = segments.fresh()
    yield made
    made.close()


def only_segment(path):
    (found,) = (path / "segments").iterdir()
    return found


def test_a_folder_without_a_store_says_how_to_make_one(tmp_path):
    with pytest.raises(StoreError, match="no event store here\n  make one with: soc init"):
        open_store(tmp_path / "nowhere", CATALOGUE)

    assert not (tmp_path / "nowhere").exists()


def test_a_newer_schema_is_refused_and_left_alone(tmp_path):
    open_store(tmp_path, CATALOGUE, create=True).close()
    with sqlite3.connect(tmp_path / "manifest.db") as manifest:
        manifest.execute("PRAGMA user_version = 99")

    with pytest.raises(StoreError, match="schema 99 is newer than this soc"):
        open_store(tmp_path, CATALOGUE, create=True)


def test_a_manifest_that_is_none_is_an_error_with_its_place(tmp_path):
    (tmp_path / "manifest.db").write_bytes(b"no database at all, " * 500)

    with pytest.raises(StoreError, match=r"manifest\.db: .*\n  restore it from a backup"):
        open_store(tmp_path, CATALOGUE)


def test_a_field_whose_type_changed_is_refused_by_name(segments):
    store = segments.fresh()
    commit(store, [event(1, **{"user.name": "root"})])
    store.close()
    changed = type(CATALOGUE)({**base_catalogue().fields, "user.name": Field("user.name", "long")})

    with pytest.raises(StoreError, match=r"column 'user\.name' holds VARCHAR, but a parser now declares it as BIGINT"):
        open_store(segments.path(store), changed)


@pytest.mark.parametrize("damage", ["truncated", "overwritten", "missing", "empty"])
def test_a_damaged_segment_is_named_and_windows_beside_it_are_read(store, segments, damage):
    commit(store, [event(1), event(2)])
    file = only_segment(segments.path(store) / "")
    commit(store, [event(10 * HOUR)])
    ruin(file, damage)

    for question in (lambda: store.count(Equals("event.id", "id1")), lambda: list(store.select(TRUE)), lambda: store.tables([1])):
        with pytest.raises(StoreError, match=file.name):
            question()

    after = Window(1_700_000_000_000_000 + HOUR, 1_700_000_000_000_000 + 20 * HOUR)
    assert [found["event.id"] for found in store.select(TRUE, after)] == [f"id{10 * HOUR}"]
    assert len(store.check(deep=True)) == 1
    assert file.name in store.check(deep=True)[0]
    assert [file.name in fault for fault in store.missing()] == [True]
    with store.writer() as writer, pytest.raises(StoreError, match=file.name):
        writer.compact(now=NOW)
    assert [row.events for row in store.batches()] == [2, 1]


def ruin(file, damage):
    whole = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(
            {"truncated": whole[: len(whole) // 2], "empty": b"", "overwritten": b"\0" * (len(whole) - 8) + whole[-8:]}[damage]
        )


def test_a_page_that_rotted_is_found_by_a_deep_check(store, segments):
    commit(store, [event(number, message=f"text {number * 7919}") for number in range(500)])
    file = only_segment(segments.path(store))
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 4] ^= 0xFF
    file.write_bytes(whole)

    assert store.check() == []
    assert file.name in store.check(deep=True)[0]


FULL = """
import resource, sys
from pathlib import Path
from soc.errors import StoreError
from soc.fields import base_catalogue
from soc.store.segments import open_store
from tests.store.test_contract import event

def grow(writer):
    for number in range(100_000):
        if number == 4:
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
        writer.add(writer.begin(), [event(number * 50 + n, message=str(hash((number, n))) * 40) for n in range(50)], [], now=1)

store = open_store(Path(sys.argv[1]), base_catalogue(), reserve=0)
with store.writer() as writer:
    try:
        grow(writer)
    except StoreError as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(error)
    writer.add(writer.begin(), [event(-1)], [], now=1)
"""


@pytest.mark.parametrize("limit", [4_096, 120_000])
def test_a_write_that_finds_no_room_loses_nothing_and_can_be_done_again(tmp_path, limit):
    """The first limit stops the segment's file, the second one lets it pass and stops the manifest's log."""
    open_store(tmp_path, CATALOGUE, create=True).close()

    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path), str(limit)], cwd=ROOT, capture_output=True, text=True, check=False)

    assert "Traceback" not in done.stderr, done.stderr
    assert "free space or lower [retention] max_disk" in done.stdout
    store = open_store(tmp_path, CATALOGUE)
    rows = store.batches()
    assert store.check(deep=True) == []
    assert store.count(TRUE) == sum(row.events for row in rows) == 50 * (len(rows) - 1) + 1
    assert not [path for path in (tmp_path / "segments").iterdir() if path.suffix == ".tmp"]
    store.close()


def test_when_others_fill_the_disk_nothing_is_written_or_deleted(tmp_path):
    open_store(tmp_path, CATALOGUE, create=True).close()
    store = open_store(tmp_path, CATALOGUE)
    commit(store, [event(1)])
    store.close()

    crowded = open_store(tmp_path, CATALOGUE, reserve=1 << 60)
    with pytest.raises(StoreError, match="nothing is written and nothing was deleted"):
        commit(crowded, [event(2)])

    assert [found["event.id"] for found in crowded.select(TRUE)] == ["id1"]
    crowded.close()


READ_ONLY = """
import os, sys
from pathlib import Path
from soc.condition.tree import TRUE
from soc.errors import StoreError
from soc.fields import base_catalogue
from soc.store.segments import open_store

def look():
    store = open_store(Path("."), base_catalogue())
    print(store.count(TRUE))
    return store

os.chdir(sys.argv[1])
look().close()
for folder in (".", "segments", "hits"):
    os.chmod(folder, 0o555)
if os.geteuid() == 0:  # root may write anywhere
    os.setresuid(65534, 65534, 65534)
try:
    with look().writer():
        print("written")
except StoreError as error:
    print(error)
"""


def test_a_folder_that_may_not_be_written_is_read_and_a_writer_is_told_the_repair():
    with tempfile.TemporaryDirectory() as folder:  # not pytest's: others may not pass through that one
        path = Path(folder)
        path.chmod(0o755)
        store = open_store(path / "store", CATALOGUE, create=True)
        commit(store, [event(1)])
        store.close()
        for made in (path / "store").rglob("*"):
            made.chmod(0o755)

        done = subprocess.run([sys.executable, "-c", READ_ONLY, str(path / "store")], cwd=ROOT, capture_output=True, text=True, check=False)
        for name in ("", "segments", "hits"):
            (path / "store" / name).chmod(0o755)

    assert done.stdout.splitlines()[:2] == ["1", "1"], done.stderr
    assert "lock: cannot be written: Permission denied" in done.stdout
    assert "run soc as the account that owns this folder" in done.stdout


def test_segments_end_with_an_hour_when_full_and_with_a_day_unless_sparse():
    shape = Shape(full=100, sparse=10)

    def pieces(*counts):
        return [(piece.dataset, piece.since // HOUR, piece.until // HOUR, piece.rows) for piece in cut(counts, shape)]

    assert pieces(("a", 0, 60), ("a", 1, 60), ("a", 2, 5), ("b", 2, 1)) == [("a", 0, 2, 120), ("a", 2, 3, 5), ("b", 2, 3, 1)]
    assert pieces(("a", 22, 5), ("a", 25, 5), ("a", 49, 5)) == [("a", 22, 26, 10), ("a", 49, 50, 5)]


def test_a_replaced_file_stays_for_running_queries_and_goes_after_the_grace(store, segments):
    folder = segments.path(store) / "segments"
    for number in range(4):
        commit(store, [event(number)])

    with store.writer() as writer:
        assert writer.compact(now=NOW) == 4
        assert len(list(folder.iterdir())) == 5
        writer.compact(now=NOW + 9 * MINUTE)
        assert len(list(folder.iterdir())) == 5
        writer.compact(now=NOW + 10 * MINUTE)

    assert len(list(folder.iterdir())) == store.statistics()["segments"] == 1


def test_upkeep_that_is_stopped_ends_between_two_steps_and_goes_on_when_called_again(store):
    for number in range(20):
        commit(store, [event(number * DAY), event(number * DAY + HOUR, **{"event.dataset": "b"})])
    steps = iter((False, True))

    with store.writer() as writer:
        merged = writer.compact(now=NOW, stop=lambda: next(steps))
        rest = writer.compact(now=NOW)
        none = writer.retain([Cut(BASE + 2 * DAY, LAW), Cut(BASE)], now=NOW, stop=lambda: True)
        gone = writer.retain([Cut(BASE + 2 * DAY, LAW), Cut(BASE)], now=NOW)

    assert 0 < merged < merged + rest
    assert (none, none + gone, store.count(TRUE)) == (0, 2, 38)


def test_a_reader_whose_list_is_older_than_the_grace_asks_again(store, segments, monkeypatch):
    for number in range(4):
        commit(store, [event(number)])
    stale = store._reader.relation()
    with store.writer() as writer:
        writer.compact(now=NOW)
        writer.compact(now=NOW + DAY)
    lists = iter([stale])
    fresh = store._reader.relation
    monkeypatch.setattr(store._reader, "relation", lambda window: next(lists, None) or fresh(window))

    assert store.count(TRUE) == 4


def test_a_writer_sweeps_what_a_dead_one_left_and_nothing_else(store, segments):
    commit(store, [event(1)])
    path = segments.path(store)
    for stranger in ("segments/b1-dead.parquet.tmp", "segments/b1-dead.parquet", "hits/h-dead.parquet"):
        (path / stranger).write_bytes(b"half")

    with store.writer():
        pass

    assert len(list((path / "segments").iterdir())) == 1
    assert list((path / "hits").iterdir()) == []
    assert store.count(TRUE) == 1


def test_the_oldest_whole_hours_are_named_when_the_segments_outgrow_their_bound(segments):
    store = segments.fresh()
    for number in range(5):
        commit(store, [event(number * HOUR)])
    assert store.keep_from() is None
    store.close()
    used = sum(file.stat().st_size for file in (segments.path(store) / "segments").iterdir())

    tight = open_store(segments.path(store), CATALOGUE, reserve=0, max_disk=used - 1)
    before = tight.keep_from()
    with tight.writer() as writer:
        gone = writer.retain([Cut(before)], now=NOW)

    assert (before % HOUR, gone, tight.keep_from()) == (0, 1, None)
    assert [found["event.id"] for found in tight.select(TRUE)] == [f"id{number * HOUR}" for number in range(1, 5)]
    tight.close()


def test_of_a_segment_that_spans_days_only_the_oldest_hours_go(segments):
    store = segments.fresh()
    for number in range(4):
        commit(store, [event(number * DAY + second) for second in range(2)])
    with store.writer() as writer:
        writer.compact(now=NOW)
        writer.compact(now=NOW + DAY)
    used = sum(segment.bytes for segment in live(store._manifest))
    store.close()

    tight = open_store(segments.path(store), CATALOGUE, reserve=0, max_disk=used * 3 // 4)
    with tight.writer() as writer:
        gone = writer.retain([Cut(tight.keep_from())], now=NOW + DAY)

    assert 0 < gone <= 4
    assert tight.count(TRUE) == 8 - gone
    assert tight.count(Equals("event.id", f"id{3 * DAY + 1}")) == 1
    tight.close()


def test_on_a_crowded_disk_retention_works_and_what_writes_says_why_it_does_not(segments):
    store = segments.fresh()
    commit(store, [event(1), event(DAY)])
    store.close()

    crowded = open_store(segments.path(store), CATALOGUE, reserve=1 << 60)
    with crowded.writer() as writer:
        assert writer.crowded()
        with pytest.raises(StoreError, match="soc retain"):
            writer.compact(now=NOW)
        assert writer.retain([Cut(1_700_000_000_000_000 + HOUR)], now=NOW) == 1

    assert ["are free" in fault for fault in crowded.check()] == [True]
    crowded.close()


def test_segments_without_their_manifest_are_never_swept(segments):
    store = segments.fresh()
    commit(store, [event(1)])
    path = segments.path(store)
    older = (path / "manifest.db").read_bytes(), (path / "manifest.db-wal").read_bytes()
    commit(store, [event(2)])
    store.close()
    held = sorted((path / "segments").iterdir())

    for file in path.glob("manifest.db*"):
        file.unlink()
    for create in (True, False):
        with pytest.raises(StoreError, match="2 segments lie beside it"):
            open_store(path, CATALOGUE, create=create)

    (path / "manifest.db").write_bytes(older[0])
    (path / "manifest.db-wal").write_bytes(older[1])
    restored = open_store(path, CATALOGUE)
    with pytest.raises(StoreError, match="older than 1 files beside it, b0000000002-"), restored.writer():
        pass
    restored.close()
    assert sorted((path / "segments").iterdir()) == held


def test_whichever_bit_of_a_segment_flips_nobody_writes_it_into_another(segments):
    store = segments.fresh()
    for number in range(2):
        commit(store, [event(number), event(number + HOUR)])
    file = sorted((segments.path(store) / "segments").iterdir())[0]
    whole = file.read_bytes()
    for place in range(0, len(whole), 97):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])

        assert [file.name in fault for fault in store.check(deep=True)] == [True]
        with store.writer() as writer:
            with pytest.raises(StoreError, match=file.name):
                writer.compact(now=NOW)
            with pytest.raises(StoreError, match=file.name):
                writer.retain([Cut(1_700_000_000_000_000 + HOUR)], now=NOW)

    file.write_bytes(whole)
    assert store.check(deep=True) == []


def test_hits_that_are_merged_while_they_are_read_are_read(store, monkeypatch):
    """The reader knows its files; before it opens one of which a part was replaced, another process puts what stands in it elsewhere."""
    monkeypatch.setattr(hits, "MANY", 2)
    for tag, id in (("1-r", "e1"), ("2-r", "e2")):
        store.put_hits(tag, hits_table([("r", "r", 1, "uni", "[]", None, id)]))
    monkeypatch.setattr(hits, "MANY", 3)
    store.put_hits("2-r", hits_table([("r", "r", 1, "uni", "[]", None, "e3")]))

    @contextmanager
    def late(core, file):
        monkeypatch.undo()
        monkeypatch.setattr(hits, "MANY", 2)
        store.put_hits("4-r", hits_table([("r", "r", 1, "uni", "[]", None, "e4")]))
        with hits.opened(core, file) as source:
            yield source

    monkeypatch.setattr(hit_reader, "opened", late)

    assert sorted(store.hits(["r"])["event"].to_pylist()) == ["e1", "e3"]


def hits_that_say(store, segments, said):
    """A file of hits of two rules, in groups of two rows, which says this of where they end."""
    store.put_hits("1-r", hits_table([(rule, "r", 1, "uni", "[]", None, f"e{n}") for n, rule in enumerate("aabbbb")]))
    (file,) = (segments.path(store) / "hits").iterdir()
    table = pq.read_table(file)
    pq.write_table(table.replace_schema_metadata(said and {hits.RULES: said}), file, row_group_size=2)


def test_hits_of_a_file_that_does_not_say_where_each_rule_ends_are_read(store, segments):
    hits_that_say(store, segments, None)

    assert [store.hits([rule]).num_rows for rule in ("a", "b", "c")] == [2, 4, 0]


def test_hits_that_an_earlier_soc_wrote_stand_for_one_message_each(store, segments):
    store.put_hits("1-r", hits_table([("r", "r", 1, "uni", "[]", None, "e1", 7)]))
    (file,) = (segments.path(store) / "hits").iterdir()
    pq.write_table(pq.read_table(file).drop_columns(["times"]), file)

    store.put_hits("2-r", hits_table([("r", "r", 2, "uni", "[]", None, "e2", 7)]))

    assert [(row["event"], row["times"]) for row in store.hits(["r"]).to_pylist()] == [("e1", None), ("e2", 7)]


WRONG = (
    b"[6]",
    b"{}",
    b"null",
    b'{"a": null, "b": 6}',
    b'{"a": "2", "b": 6}',
    b'{"a": 2, "b": 3}',
    b'{"a": -1, "b": 6}',
    b'{"a": 7, "b": 6}',
)


@pytest.mark.parametrize("said", WRONG)
def test_hits_of_a_file_that_says_what_its_rows_are_not_are_damaged(store, segments, said):
    hits_that_say(store, segments, said)

    with pytest.raises(StoreError, match="does not tell of 6 rows in order"):
        store.hits(["b"])


def test_damaged_hits_are_put_aside_and_name_the_batches_to_search_again(store, segments):
    commit(store, [event(1)])
    store.put_hits("1-abc", hits_table([("r", "r", 1, "uni", "[]", None, "e1")]))
    store.put_hits("7-abc-back", hits_table([("r", "r", 2, "uni", "[]", None, "e2")]))
    file = sorted((segments.path(store) / "hits").iterdir())[0]
    ruin(file, "truncated")

    assert [file.name in fault for fault in store.check()] == [True]
    again, there = [], []
    with store.writer() as writer:
        aside = writer.give_up(file.name, now=NOW, again=lambda batches: (again.append(batches), there.append(file.exists())))

    assert (aside.exists(), again in ([[1]], [[7]]), there) == (True, True, [True])
    assert store.check(deep=True) == []
    assert store.hits(["r"]).num_rows == 1


def test_a_damaged_segment_that_is_given_up_is_put_aside_and_its_loss_stays_visible(store, segments):
    commit(store, [event(1), event(2)])
    file = only_segment(segments.path(store))
    commit(store, [event(3)])
    with store.writer() as writer, pytest.raises(UsageError, match="is not damaged"):
        writer.give_up(file.name, now=NOW, again=[].append)
    ruin(file, "truncated")

    again = []
    with store.writer() as writer:
        aside = writer.give_up(str(file), now=NOW, again=again.append)

    assert (aside.exists(), again) == (True, [])
    assert store.check(deep=True) == []
    assert [found["event.id"] for found in store.select(TRUE)] == ["id3"]
    assert [row.events for row in store.batches()] == [2, 1]  # the run over batch 1 fails: "store has lost 2 events"
    assert store.tables([1]) == {}


EAST = Equals("organization.id", "hospital-east", cased=True)
LAW = Equals("event.dataset", "law", cased=True)
BASE = 1_700_000_000_000_000


@settings(max_examples=80, deadline=None, phases=NO_SHRINKING)
@given(**RETENTIONS)
def test_retention_keeps_its_law_whatever_segments_events_lie_in(segments, batches, cuts, later, compacted):
    check_retention(segments, batches, cuts, later, compacted)


def spoil(path):
    for file in (path / "segments").iterdir():
        file.write_bytes(b"spoilt")


@pytest.mark.parametrize("kept", [LAW, Not(Equals("event.dataset", "b")), EAST])
def test_retention_reads_no_file_that_cannot_lose_anything_and_every_other_one_once(store, segments, kept):
    commit(store, [event(1, **{"organization.id": "hospital-east"}), event(2, **{"organization.id": "hospital-east"})])
    cuts = [Cut(BASE - DAY, kept), Cut(BASE + DAY)]
    with store.writer() as writer:
        if kept == EAST:
            assert writer.retain(cuts, now=NOW) == 0
        spoil(segments.path(store))

        assert writer.retain(cuts, now=NOW) == 0
        assert writer.retain([replace(cut, before=cut.before + 1) for cut in cuts], now=NOW) == 0
        assert writer.retain([replace(cut, before=cut.before + 3 * DAY) for cut in cuts], now=NOW) == 2


def test_what_retention_knows_of_a_segment_is_known_for_the_conditions_that_were_asked(store):
    commit(store, [event(1, **{"organization.id": "hospital-east"}), event(2, **{"organization.id": "uni-north"})])
    nobody, rest = Equals("organization.id", "nobody"), Cut(BASE - DAY)

    with store.writer() as writer:
        gone = [writer.retain([Cut(BASE + DAY, node), rest], now=NOW) for node in (nobody, EAST, nobody)]

    assert gone == [0, 1, 0]


def test_a_damaged_segment_of_which_nothing_stays_goes_and_its_hits_go_by_their_time(store, segments):
    commit(store, [event(1)])
    store.put_hits("1-law", hits_table([("r", "r", BASE + 1, "uni", "[]", None, "id1")]))
    spoil(segments.path(store))

    with store.writer() as writer:
        assert writer.retain([Cut(BASE + DAY, LAW), Cut(BASE - DAY)], now=NOW) == 1
        assert store.hits(["r"]).num_rows == 1
        writer.retain([Cut(BASE + DAY)], now=NOW)

    assert store.hits(["r"]).num_rows == 0


def test_retention_that_a_damaged_file_stops_has_dropped_what_it_could_and_ends_as_if_never_stopped(store, segments):
    commit(store, [event(1)])
    commit(store, [event(2, **{"organization.id": "hospital-east", "event.dataset": "b"}), event(3, **{"event.dataset": "b"})])
    (mixed,) = [segment.name for segment in live(store._manifest) if segment.rows == 2]
    file = segments.path(store) / "segments" / mixed
    whole, cuts = file.read_bytes(), [Cut(BASE - DAY, And((EAST, Not(LAW)))), Cut(BASE + DAY)]
    file.write_bytes(whole[:-9])

    with store.writer() as writer:
        with pytest.raises(StoreError, match=mixed):
            writer.retain(cuts, now=NOW)
        assert [row.events for row in store.batches()] == [0, 2]
        file.write_bytes(whole)
        assert writer.retain(cuts, now=NOW) == 1

    assert [(row.events, row.first, row.last) for row in store.batches()] == [(0, None, None), (1, BASE + 2, BASE + 2)]
    assert [found["event.id"] for found in store.select(TRUE)] == ["id2"]
