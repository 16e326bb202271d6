"""From bytes to committed batches: nothing is lost, nothing doubled, and it can be stopped."""

from __future__ import annotations

import gzip
import os
import random
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soc.condition.tree import TRUE
from soc.content import load_content
from soc.errors import StoreError
from soc.ingest.feeds import Feed
from soc.ingest.institutions import Institutions
from soc.ingest.intake import Files, Intake, Piped, Terms
from soc.ingest.pump import Tally, pump
from soc.model import BatchRow
from soc.store.base import Added
from soc.store.segments import open_store
from soc.times import iso, parse_iso
from tests.ingest_world import intake, originals

SOC = [sys.executable, "-c", "from soc.cli.main import main; main()"]
FAILED = "Oct 11 22:14:%02d gw1 sshd[47%02d]: Failed password for root from 203.0.113.200 port 52144 ssh2\n"
LINES = st.lists(
    st.sampled_from([b"\n", b"\r\n", b"{", b'"event_type":"alert"', b"<38>", b"Oct 11 22:14:15 gw1 sshd[1]: ", b"\0", b"\xff", b"x"])
    | st.binary(max_size=20)
).map(b"".join)


@pytest.fixture(scope="module")
def content():
    return load_content(())


def terms(content, **more):
    return Terms(content.parsers, content.institutions, now=lambda: 1_800_000_000_000_000, monotonic=lambda: 0.0, **more)


@settings(max_examples=40, deadline=None)
@given(log=LINES, stated=st.sampled_from([None, "syslog", "openssh", "iptables"]))
def test_lines_in_are_events_and_failures_out_whatever_the_bytes_and_all_are_in_the_store(content, log, stated):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.log")
        path.write_bytes(log)
        store = open_store(Path(folder, "store"), content.catalogue, create=True)
        tally = Tally()
        with store.writer() as writer:
            reader = Intake(terms(content, final=True))
            pump(reader.batches([Files(Feed("f", format=stated), [str(path)])]), writer, tally, now=lambda: 1)
        lines = log.count(b"\n") + (not log.endswith(b"\n")) if log else 0

        assert tally.read == lines == tally.events + tally.failed
        assert store.count(TRUE) == lines
        assert len(list(store.select(TRUE))) == lines
        store.close()


class Full:
    """A writer whose disk is full after some batches."""

    def __init__(self, room: int) -> None:
        self.room, self.kept = room, []

    def begin(self):
        return None

    def add(self, draft, events, sources, *, now, since=None):
        if len(self.kept) == self.room:
            raise StoreError("no space left")
        self.kept += [(list(events), {state.id: state for state in sources})]
        return Added(BatchRow("store", len(self.kept), "closed", len(events), None, None, now), {})


@given(st.integers(0, 4))
@settings(deadline=None)
def test_when_the_store_refuses_a_batch_those_before_it_are_counted_and_the_next_run_reads_the_rest(room):
    with tempfile.TemporaryDirectory() as folder:
        for number in range(4):
            Path(folder, f"{number}.log").write_text("".join(f"{number} {line}\n" for line in range(3)))
        job, disk, tally = Files(Feed("f"), [folder]), Full(room), Tally()

        try:
            pump(intake(most=1).batches([job]), disk, tally, now=lambda: 0)
        except StoreError:
            assert room < 4

        kept = [event["event.original"] for events, _ in disk.kept for event in events]
        known = {key: state for _, states in disk.kept for key, state in states.items()}
        rest = originals(intake(known=list(known.values())).batches([job]))
        assert (tally.read, tally.batches) == (len(kept), room)
        assert sorted(kept + rest) == [f"{number} {line}" for number in range(4) for line in range(3)]


def test_a_named_stream_is_continued_where_it_was_left_and_one_that_begins_otherwise_is_new(tmp_path):
    def read(text, known=(), name="fw"):
        path = tmp_path / "stream"
        path.write_text(text)
        with path.open("rb") as stream:
            batches = list(intake(known=known).batches([Piped(Feed("stdin"), stream.fileno(), name)]))
        return originals(batches), [state for batch in batches for state in batch.states.values()]

    first, known = read("a\nb\npart")
    grown, _ = read("a\nb\npartly\nc\n", known)
    other, _ = read("b\na\nc\n", known)
    again, _ = read("a\nb\npart", known)
    nameless, _ = read("a\nb\npart", known, name="")

    assert (first, grown, other, again) == (["a", "b"], ["partly", "c"], ["b", "a", "c"], [])
    assert nameless == ["a", "b", "part"]


class Trickle:
    """A pipe whose writer says one line whenever it was read."""

    def __init__(self) -> None:
        self.out, self.into = os.pipe()
        self.said = 0

    def monotonic(self) -> float:
        """Three seconds pass from look to look."""
        if self.said < 9:
            os.write(self.into, b"line\n")
        elif self.said == 9:
            os.close(self.into)
        self.said += 1
        return 3.0 * self.said


def test_what_a_stream_said_is_given_on_after_two_seconds_however_little_it_is():
    pipe = Trickle()
    reader = Intake(Terms({}, Institutions(), now=lambda: 0, monotonic=pipe.monotonic))

    found = [len(batch.events) for batch in reader.batches([Piped(Feed("stdin"), pipe.out)])]

    assert sum(found) == 9 and len(found) > 1


@pytest.mark.parametrize("seed", range(2))
def test_wherever_runs_end_files_are_cut_into_the_batches_of_an_undisturbed_run(tmp_path, seed):
    chance = random.Random(seed)
    lengths = [chance.choice((1, 99, 60_000 if line % 999 == 0 else 30)) for line in range(20_000)]
    (tmp_path / "a.log").write_text("".join("x" * length + "\n" for length in lengths))
    (tmp_path / "b.log.gz").write_bytes(gzip.compress(b"".join(b"%d\n" % number for number in range(chance.randint(0, 30_000)))))
    job, known, found = Files(Feed("f"), [str(tmp_path)]), {}, []
    whole = [ids_of(batch) for batch in intake(most=4_000).batches([job]) if batch.events]

    while len(found) < len(whole):
        run = intake(most=4_000, known=list(known.values())).batches([job])
        for batch in islice(run, chance.randint(1, 3)):
            found += [ids_of(batch)] if batch.events else []
            known |= batch.states

    assert [len(ids) for ids in found] == [len(ids) for ids in whole]
    assert found == whole


def ids_of(batch):
    return [event["event.id"] for event in batch.events]


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    soc(folder, "init")
    return folder


def soc(home, *arguments, code=0, **how):
    done = subprocess.run([*SOC, "--home", str(home), *arguments], capture_output=True, timeout=60, **how)
    assert done.returncode == code, done.stderr.decode()
    return done.stderr.decode()


def count(home):
    store = open_store(home / "store", load_content(()).catalogue)
    try:
        return store.count(TRUE)
    finally:
        store.close()


def test_a_run_from_cron_reads_what_is_new_and_tells_totals(home, tmp_path):
    log = tmp_path / "auth.log"
    log.write_text("".join(FAILED % (second, second) for second in range(3)) + "what is this\nand th")

    first = soc(home, "ingest", str(log))
    log.rename(tmp_path / "auth.log.1")
    with (tmp_path / "auth.log.1").open("a") as old:
        old.write("is?\n")
    log.write_text(FAILED % (9, 9))
    second = soc(home, "ingest", str(log))
    third = soc(home, "ingest", str(log))

    assert "read 4 lines in 1 batches: 4 events, 1 of them unrecognised, 0 failed; 0 files refused" in first
    assert "read 2 lines in 1 batches: 2 events, 1 of them unrecognised" in second
    assert "read 0 lines in 0 batches" in third
    assert count(home) == 6


def test_a_file_that_cannot_be_read_gives_code_4_and_the_others_are_read(home, tmp_path):
    (tmp_path / "a.log").write_text("line\n")

    said = soc(home, "ingest", str(tmp_path / "absent"), str(tmp_path / "a.log"), code=4)

    assert f"{tmp_path / 'absent'}: No such file or directory\n  check that it exists" in said
    assert "read 1 lines" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--feed", "nobody", "a.log"], "there is no feed 'nobody'; known:"),
        (["--zone", "Mars", "a.log"], "'Mars' is no time zone"),
        (["--as-of", "soon", "a.log"], "'soon' is no time"),
        (["--source", "x", "a.log"], "--source names standard input, which is not read"),
        ([], "no feed names any paths\n  add paths to ingest/NAME.yml"),
    ],
)
def test_wrong_use_of_ingest_says_what_would_be_right(home, arguments, says):
    assert says in soc(home, "ingest", *arguments, code=2)


def test_the_feeds_of_a_content_root_say_what_is_read_and_how(home, tmp_path):
    (tmp_path / "site" / "ingest").mkdir(parents=True)
    (tmp_path / "site" / "ingest" / "gw.yml").write_text(f"paths: [{tmp_path}/logs]\nformat: openssh\nzone: Europe/Vienna\n")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text(FAILED % (1, 1) + "no such line\n")

    said = soc(home, "--content", str(tmp_path / "site"), "ingest", code=4)

    assert "read 2 lines in 1 batches: 1 events, 0 of them unrecognised, 1 failed" in said
    store = open_store(home / "store", load_content(()).catalogue)
    assert {(event["soc.feed"], event["event.kind"]) for event in store.select(TRUE)} == {("gw", "event"), ("gw", "pipeline_error")}
    store.close()


def committed(home, at_least, running):
    """Waits until so many events are in the store, or the process has ended; returns how many there are."""
    while (found := count(home)) < at_least and running.poll() is None:
        pass
    return found


def test_of_a_folder_each_file_goes_to_the_feed_that_holds_it(tmp_path):
    for name in ("gw.log", "other.log"):
        (tmp_path / name).write_text(name + "\n")
    feeds = {"gateways": Feed("gateways", (f"{tmp_path}/gw*",))}

    events = [event for batch in intake(feeds=feeds).batches([Files(None, [str(tmp_path)])]) for event in batch.events]

    assert [(event["soc.feed"], event["event.original"]) for event in events] == [("gateways", "gw.log"), ("files", "other.log")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_reading_at_a_clean_batch_and_the_next_run_reads_the_rest(home, tmp_path, number):
    lines = 60_000
    log = tmp_path / "a.log"
    log.write_text("".join(FAILED % (line % 60, line % 100) for line in range(lines)))
    with subprocess.Popen([*SOC, "--home", str(home), "ingest", str(log)], stderr=subprocess.PIPE) as running:
        committed(home, 1, running)
        running.send_signal(number)
        said = running.communicate(timeout=30)[1].decode()
    kept = count(home)

    soc(home, "ingest", str(log))

    assert (running.returncode, kept < lines) == (0, True), said
    assert f"read {kept} lines" in said and "stopped before the end" in said
    assert count(home) == lines


@pytest.mark.kill
def test_killed_at_any_moment_ingest_leaves_the_events_of_an_undisturbed_run(home, tmp_path):
    log, calm = tmp_path / "a.log", tmp_path / "calm"
    log.write_text("".join(FAILED % (line % 60, line % 100) for line in range(60_000)))
    moments = random.Random(7)
    for _ in range(8):
        with subprocess.Popen([*SOC, "--home", str(home), "ingest", str(log)], stderr=subprocess.DEVNULL) as running:
            with suppress(subprocess.TimeoutExpired):
                running.wait(timeout=moments.uniform(0.3, 1.6))
            running.kill()

    soc(home, "ingest", str(log))

    soc(calm, "init")
    soc(calm, "ingest", str(log))
    assert count(home) == 60_000
    assert ids(home) == ids(calm)


def ids(home):
    store = open_store(home / "store", load_content(()).catalogue)
    try:
        return {event["event.id"] for event in store.select(TRUE)}
    finally:
        store.close()


def test_a_stream_that_says_nothing_for_a_while_is_committed_and_can_be_ended(home):
    with subprocess.Popen([*SOC, "--home", str(home), "ingest", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        os.write(running.stdin.fileno(), b"one\ntwo\nand the beginning of")
        assert committed(home, 2, running) == 2
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=30)  # the other end stays open: what came last is no whole line
        said = running.stderr.read().decode()

    assert (running.returncode, count(home)) == (0, 2), said


@pytest.mark.parametrize(
    ("changed", "year"),
    [("2026-12-01", "2026"), ("2027-12-01", "2026"), ("2099-01-01", "2026"), ("2025-11-01", "2025"), ("1969-01-02", "1968")],
)
def test_undated_years_are_seen_from_a_files_time_of_change_but_never_from_the_future(content, tmp_path, changed, year):
    log, now = tmp_path / "a.log", parse_iso("2026-12-24T00:00:00Z")
    log.write_text(FAILED % (1, 1))
    os.utime(log, (parse_iso(f"{changed}T00:00:00Z") / 1e6,) * 2)
    reader = Intake(Terms(content.parsers, content.institutions, now=lambda: now, monotonic=lambda: 0.0))

    (batch,) = reader.batches([Files(Feed("f"), [str(log)])])

    assert [iso(event["@timestamp"])[:10] for event in batch.events] == [f"{year}-10-11"]
