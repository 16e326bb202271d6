"""Files that grow, are rotated, packed, emptied: each line becomes an event exactly once."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soc.ingest.feeds import Feed, feed_of
from soc.ingest.intake import Files
from soc.ingest.rotation import is_copy, unturned
from soc.times import SECOND
from tests.ingest_world import PACKERS, World, intake, originals

APPEND = st.tuples(st.just("write"), st.integers(0, 6), st.sampled_from(["", "", "be", "begin"]))
STEPS = st.one_of(
    APPEND,
    st.tuples(st.just("read")),
    st.tuples(st.just("killed"), st.integers(0, 3)),
    st.tuples(st.just("rename")),
    st.tuples(st.just("copytruncate")),
    st.tuples(st.just("copy, read, truncate")),
    st.tuples(st.just("pack"), st.sampled_from(sorted(PACKERS)), st.booleans()),
    st.tuples(st.just("read, drop")),
)


@contextmanager
def unprivileged() -> Iterator[Path]:
    """A folder of ours, while other users' files and those that their owner has closed cannot be read, as by a service account."""
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:
        if root:
            os.chown(folder, 65534, -1)
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            if root:
                os.seteuid(0)


def live(world: World, steps: list[tuple]) -> None:
    for name, *how in steps:
        if name == "write":
            world.write(*how)
        elif name == "killed":
            world.read(batches=how[0])
        elif name == "copytruncate":
            world.copy()
            world.truncate()
        elif name == "copy, read, truncate":
            world.copy()
            world.read()
            world.truncate()
        elif name == "read, drop":
            world.read()
            world.drop()
        else:
            getattr(world, name)(*how)


def check(world: World) -> None:
    world.write(1)
    reader = world.read()

    assert not reader.refused
    assert Counter(event["event.original"] for event in world.events) == Counter(world.written)
    assert len({event["event.id"] for event in world.events}) == len(world.events)
    assert not list(reader.batches([Files(Feed("f"), world.patterns)])), "read again, there is nothing new"


@settings(max_examples=250, deadline=None)
@given(st.lists(STEPS, max_size=25), st.sampled_from([("a.log*",), ("",), ("a.log", "a.log.*")]))
def test_each_line_becomes_an_event_once_through_any_history_of_the_file(steps, patterns):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), patterns)
        world.write(2)

        live(world, steps)

        check(world)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.lists(APPEND, max_size=3), st.sampled_from(["rename", "copytruncate"]), st.booleans()), max_size=6))
def test_the_last_lines_before_a_rotation_are_read_though_only_the_live_file_is_named(rounds):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), ["a.log"])
        for appended, rotation, packed in rounds:
            world.write(1)
            world.read()
            live(world, [*appended, (rotation,), *([("pack", ".gz")] if packed else [])])
        world.write(1)

        check(world)


TURNS = st.tuples(st.integers(1, 5), st.sampled_from(["rename", "copytruncate"]), st.booleans())


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.lists(TURNS, max_size=4), st.integers(0, 3) | st.none()), max_size=5), st.booleans())
def test_however_often_a_log_is_rotated_between_two_looks_all_of_it_is_read_and_nothing_that_is_older_than_the_first(rounds, older):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), ["a.log"])
        if older:
            (Path(folder) / "a.log.1").write_text("of long ago\n")
            os.utime(Path(folder) / "a.log.1", (1, 1))
        world.write(1)
        world.read()
        for turns, killed in rounds:
            for written, rotation, packed in turns:
                live(world, [("write", written), (rotation,), *([("pack", ".gz")] if packed else [])])
            world.read(batches=killed)
        world.write(1)

        check(world)


def test_what_rotation_left_since_the_last_look_is_read_though_the_log_that_was_read_is_gone(tmp_path):
    log = tmp_path / "a.log"
    known = {}

    def look():
        batches = list(intake(10_000 * SECOND, list(known.values())).batches([Files(Feed("f"), [str(log)])]))
        for batch in batches:
            known.update(batch.states)
        return originals(batches)

    for second, line in enumerate(("one", "two", "three"), 100):
        log.write_text(f"{line}\n")
        os.utime(log, (second, second))
        if line == "one":
            assert look() == ["one"]
        elif line == "two":
            log.rename(tmp_path / "a.log-20261011")

    assert look() == ["two", "three"]
    assert look() == []


def test_what_rotation_left_and_cannot_be_read_is_refused_by_name():
    with unprivileged() as folder:
        log, left = folder / "a.log", folder / "a.log.1"
        log.write_text("one\n")
        os.utime(log, (100, 100))
        known = [state for batch in intake(10_000 * SECOND).batches([Files(Feed("f"), [str(log)])]) for state in batch.states.values()]
        log.unlink()
        left.write_text("two\n")
        left.chmod(0)
        log.write_text("three\n")

        reader = intake(10_000 * SECOND, known)

        assert originals(reader.batches([Files(Feed("f"), [str(log)])])) == ["three"]
        assert [said.splitlines()[0] for said in reader.refused] == [f"{left}: cannot be opened: Permission denied"]


def test_a_feed_gets_what_its_log_was_rotated_to(tmp_path):
    feeds = {"gateways": Feed("gateways", (f"{tmp_path}/gw.log",))}

    assert [feed_of(tmp_path / name, feeds).name for name in ("gw.log", "gw.log.1", "gw.log-20261011.gz", "other.log")] == [
        "gateways",
        "gateways",
        "gateways",
        "files",
    ]


@pytest.mark.parametrize("name", ["a." + "1" * 60 + "x", "a." + "1_" * 60 + "x", "1." * 60 + "gz", "-1" * 100])
def test_no_name_of_a_file_keeps_its_reader_busy(name):
    code = "import sys; from soc.ingest.rotation import is_copy, unturned; print(unturned(sys.argv[1]) == is_copy('a', sys.argv[1]))"

    done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, timeout=20, check=True)

    assert done.stdout == b"False\n"


def test_of_two_files_with_equal_bytes_each_is_a_source_now_and_after_both_were_rotated(tmp_path):
    for host in ("gw1", "gw2"):
        (tmp_path / host).mkdir()
        (tmp_path / host / "a.log").write_text("same\n")
    first = intake()
    known = [state for batch in first.batches([Files(Feed("f"), [str(tmp_path)])]) for state in batch.states.values()]

    for host in ("gw1", "gw2"):
        (tmp_path / host / "a.log").rename(tmp_path / host / "a.log.1")
        (tmp_path / host / "a.log").write_text(f"new on {host}\n")
        with (tmp_path / host / "a.log.1").open("a") as log:
            log.write(f"more of {host}\n")

    assert len(known) == 2
    assert sorted(originals(intake(known=known).batches([Files(Feed("f"), [str(tmp_path)])]))) == [
        "more of gw1",
        "more of gw2",
        "new on gw1",
        "new on gw2",
    ]


def runs(*paths):
    """What a run over each path reads, one run after the other."""
    known, out = {}, []
    for path in paths:
        batches = list(intake(known=list(known.values())).batches([Files(Feed("f"), [str(path)], stated=True)]))
        known |= {key: state for batch in batches for key, state in batch.states.items()}
        out.append(originals(batches))
    return out


def test_two_files_with_equal_bytes_are_two_sources_also_when_each_has_a_run_of_its_own(tmp_path):
    for host in ("gw1", "gw2"):
        (tmp_path / f"{host}.log").write_text("same\n")

    assert runs(tmp_path / "gw1.log", tmp_path / "gw2.log", tmp_path / "gw1.log") == [["same"], ["same"], []]


def test_a_copy_made_by_rotation_and_its_original_are_one_source_whichever_is_read_first(tmp_path):
    (tmp_path / "a.log").write_text("one\ntwo\n")
    (tmp_path / "a.log.1").write_text("one\n")

    assert runs(tmp_path / "a.log.1", tmp_path / "a.log", tmp_path / "a.log.1") == [["one"], ["two"], []]
    assert runs(tmp_path / "a.log", tmp_path / "a.log.1") == [["one", "two"], []]


def test_a_file_with_several_names_is_read_once(tmp_path):
    (tmp_path / "a.log").write_text("line\n")
    (tmp_path / "b.log").hardlink_to(tmp_path / "a.log")
    (tmp_path / "c.log").symlink_to(tmp_path / "a.log")

    assert originals(intake().batches([Files(Feed("f"), [str(tmp_path), str(tmp_path / "c.log")])])) == ["line"]


def test_a_packed_copy_beside_its_original_is_not_read_twice_and_an_unfinished_one_does_no_harm(tmp_path):
    lines = b"".join(b"line %d\n" % number for number in range(20_000))
    (tmp_path / "a.log.1").write_bytes(lines)
    (tmp_path / "a.log.1.gz").write_bytes(gzip.compress(lines)[:30_000])

    reader = intake()

    assert len(originals(reader.batches([Files(Feed("f"), [str(tmp_path)])]))) == 20_000
    assert not reader.refused


@pytest.mark.parametrize("suffix", sorted(PACKERS))
def test_of_a_damaged_archive_what_can_be_read_is_read_once_and_the_rest_when_it_was_replaced(tmp_path, suffix):
    lines = [os.urandom(30).hex() for _ in range(60_000)]
    whole = PACKERS[suffix]("".join(line + "\n" for line in lines).encode())
    path = tmp_path / f"a.log{suffix}"
    path.write_bytes(whole[: len(whole) * 3 // 4])
    job = Files(Feed("f"), [str(path)])

    first = intake()
    batches = list(first.batches([job]))
    again = intake(known=[state for batch in batches for state in batch.states.values()])
    none = originals(again.batches([job]))
    path.write_bytes(whole)
    rest = intake(known=[state for batch in batches for state in batch.states.values()])
    end = originals(rest.batches([job]))

    assert 0 < len(originals(batches)) < len(lines)
    assert [f"{path}: this" in error and "at offset" in error for error in (*first.refused, *again.refused)] == [True, True]
    assert none == []
    assert originals(batches) + end == lines
    assert not rest.refused


def test_what_is_no_regular_file_is_refused_by_its_kind_and_the_others_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.log").write_text("line\n")
    paths = [str(tmp_path / name) for name in ("pipe", "absent", "a.log")]

    reader = intake()

    assert originals(reader.batches([Files(Feed("f"), paths, stated=True)])) == ["line"]
    assert [message.splitlines()[0].rpartition("/")[2] for message in reader.refused] == [
        "absent: No such file or directory",
        "pipe: is a pipe, not a regular file",
    ]


def test_binary_junk_is_lines_too(tmp_path):
    junk = os.urandom(200_000)
    (tmp_path / "junk").write_bytes(junk)

    assert len(originals(intake(final=True).batches([Files(Feed("f"), [str(tmp_path)])]))) == len(junk.rstrip(b"\n").split(b"\n")) + (
        len(junk) - len(junk.rstrip(b"\n")) - 1 if junk.endswith(b"\n") else 0
    )


def test_a_source_stays_with_the_feed_that_began_it(tmp_path):
    path = tmp_path / "a.log"
    path.write_text("one\n")
    known = [state for batch in intake().batches([Files(Feed("first"), [str(path)])]) for state in batch.states.values()]
    with path.open("a") as log:
        log.write("two\n")
    reader = intake(known=known)

    events = [event for batch in reader.batches([Files(Feed("second"), [str(path)])]) for event in batch.events]

    assert [(event["soc.feed"], event["event.original"]) for event in events] == [("first", "two")]
    assert reader.notes == [f"{path}: stays with feed 'first', which has read its beginning"]


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("auth.log", "auth.log"),
        ("auth.log.1", "auth.log"),
        ("auth.log.2.gz", "auth.log"),
        ("auth.log-20261011.xz", "auth.log"),
        ("auth-20261011.log", "auth.log"),
        ("conn.10:00:00-11:00:00.log.gz", "conn.log"),
        ("fw-10.log", "fw-10.log"),
        ("2.log", "2.log"),
    ],
)
def test_rotation_is_seen_in_a_name(name, before):
    assert unturned(name) == before


def test_only_what_rotation_by_copying_or_packing_is_called_can_be_a_copy():
    names = ["a.log", "a.log.1", "a.log.2", "a.log.1.gz", "a.log.gz", "b.log", "a-10.log"]

    assert [(one, other) for one in names for other in names if is_copy(one, other)] == [
        ("a.log", "a.log.1"),
        ("a.log", "a.log.2"),
        ("a.log", "a.log.1.gz"),
        ("a.log", "a.log.gz"),
        ("a.log.1", "a.log.1.gz"),
    ]


def steps(work: Callable[[], object]) -> int:
    """Calls that the work makes, of Python's functions and of C's: its time on a machine that nothing else disturbs."""
    made = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made


@pytest.mark.parametrize("named", ["a folder", "each by its path"])
@pytest.mark.parametrize("name", ["host%d.log", "a.log.%d", "a.log-2026%04d", "%d/a.log"])
def test_as_many_equal_files_moved_to_another_disk_cost_as_much_each(tmp_path, name, named):
    def moved(count: int) -> int:
        """What a run costs that finds each source in another folder, with other inodes."""
        old, new = tmp_path / f"old{count}", tmp_path / f"new{count}"
        for number in range(count):
            path = old / (name % number)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("line\n")
        first = [batch for batch in intake(final=True).batches([Files(Feed("f"), [str(old)])]) if batch.states]
        known = [state for batch in first for state in batch.states.values()]
        shutil.copytree(old, new)
        shutil.rmtree(old)
        paths = [new] if named == "a folder" else sorted(path for path in new.rglob("*") if path.is_file())
        reader, jobs = intake(known=known), [Files(Feed("f"), [str(path)], stated=True) for path in paths]

        taken = steps(lambda: originals(reader.batches(jobs)) == [] or pytest.fail("read twice"))

        assert len(known) == count and not reader.refused
        return taken

    assert moved(240) < 2.3 * moved(120)
