"""A clock that jumps drops nothing: what retention believes of a clock, and what a receipt in the future is worth."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from soc.cli.call.context import Soc
from soc.cli.call.pipeline import alive
from soc.cli.operate.run import run
from soc.cli.operate.status import status
from soc.cli.upkeep.clock import OFF, STEP, doubt, unusual
from soc.cli.upkeep.retain import retain
from soc.desk.runs.clock import Known
from soc.model import AHEAD, FeedState
from soc.times import DAY, HOUR, MINUTE
from tests import preload
from tests.servers.calls import Site

NOW = 1_700_000_000_000_000
LINE = "<38>1 {at} gw1 sshd 4721 - - Failed password for root from 203.0.113.7 port 52144 ssh2\n"
FEED = "paths: [{log}]\nparsers: [openssh]\nexpect: 15m\n"

# --- the rule --------------------------------------------------------------------------------------------------------

spans = st.integers(0, 800 * DAY)
short = st.integers(0, STEP)


@given(was_up=spans, ran=spans, jump=st.integers(STEP + 1, 800 * DAY), back=st.booleans())
def test_while_the_machine_is_up_a_clock_that_is_set_by_more_than_a_day_is_not_believed_and_one_that_runs_on_is(was_up, ran, jump, back):
    known, later = Known(NOW, "this", was_up), was_up + ran

    assert doubt(Known(NOW + ran, "this", later), known, []) is None
    assert doubt(Known(NOW + ran + (-jump if back else jump), "this", later), known, []) is not None


@given(steps=st.lists(short, max_size=9), jump=st.integers(OFF + 1, 800 * DAY), after=st.lists(short, max_size=9), known=st.booleans())
def test_receipts_with_no_gap_lead_to_the_present_and_one_gap_is_enough_to_doubt(steps, jump, after, known):
    def walked(moment, some):
        return [moment := moment + step for step in some] or [moment]

    before = walked(NOW, steps)
    jumped = walked(before[-1] + jump, after)
    start = Known(NOW, "that", 0) if known else None
    receipts = [*before, *jumped] if known else [NOW, *before, *jumped[:1]]

    if known:
        assert doubt(Known(before[-1], "this", 0), start, before) is None
        assert doubt(Known(jumped[-1], "this", 0), start, receipts) is not None
    else:
        assert doubt(Known(jumped[0], "this", 0), None, receipts) is not None


def test_a_machine_that_was_off_for_a_long_weekend_goes_on_and_one_that_was_off_for_two_weeks_asks():
    known = Known(NOW, "before", 90 * DAY)

    assert doubt(Known(NOW + 3 * DAY, "after", MINUTE), known, []) is None
    assert doubt(Known(NOW + 3 * DAY, "before", MINUTE), known, []) is None  # a container, whose host was not off
    assert "14d after" in doubt(Known(NOW + 14 * DAY, "after", MINUTE), known, [])
    assert doubt(Known(NOW + 3 * DAY, "", 0), Known(NOW, "", 0), []) is not None  # a system that tells no boot


def test_the_first_retention_of_a_store_is_held_against_its_receipts():
    assert doubt(Known(NOW, "this", 0), None, []) is None
    assert doubt(Known(NOW, "this", 0), None, [NOW - 30 * DAY, NOW - 29 * DAY, *range(NOW - 3 * DAY, NOW, HOUR)]) is None
    assert "400d after" in doubt(Known(NOW, "this", 0), None, [NOW - 400 * DAY])
    assert doubt(Known(NOW, "this", 0), None, [NOW + 400 * DAY]) is None  # in the future: unknown


@pytest.mark.parametrize(("going", "held", "more"), [(10_000, 10_000, False), (10_001, 10_001, True), (10_001, 20_002, False)])
def test_more_than_half_of_a_store_is_more_than_a_run_drops_and_what_is_small_is_not_looked_at(going, held, more):
    assert unusual(going, held) is more


# --- a receipt in the future -----------------------------------------------------------------------------------------


@given(ahead=st.integers(AHEAD + 1, 800 * DAY), expect=st.none() | st.integers(1, DAY))
def test_a_receipt_in_the_future_hides_no_silence_and_no_receipt_after_it(ahead, expect):
    wrong = FeedState("f", "d", 1, NOW, NOW + ahead, NOW + ahead)

    assert wrong.quiet(NOW) is None
    assert wrong.silent(expect, NOW) == (expect is not None)
    assert wrong.and_then(FeedState("f", "d", 2, NOW, NOW, NOW - 7), NOW) == FeedState("f", "d", 3, NOW, NOW, NOW - 7)


def test_clocks_of_machines_that_differ_by_a_little_are_both_right():
    near = FeedState("f", "d", 1, NOW, NOW + AHEAD, NOW)

    assert (near.quiet(NOW), near.silent(1, NOW)) == (0, False)
    assert near.and_then(FeedState("f", "d", 1, NOW, NOW, NOW), NOW).last_ingested == NOW + AHEAD


# --- the commands, by a clock that is handed down ---------------------------------------------------------------------


class Clocked(Soc):
    """A call at a moment, on a machine that has been up for so long."""

    ahead = up = 0
    boot = "this"

    def now(self):
        return super().now() + self.ahead

    def uptime(self):
        return self.boot, self.up


class Desk(Site):
    """A site with a feed, read and retained by clocks that are handed down."""

    def __init__(self, folder, store, *, days=30):
        super().__init__(folder, store)
        config, self.log = self.home / "soc.toml", folder / "auth.log"
        config.write_text(config.read_text().replace("36500", str(days)))
        content = folder / "site"
        (content / "ingest").mkdir(parents=True)
        (content / "ingest/gateways.yml").write_text(FEED.format(log=self.log))
        self.content = (content,)
        self.done("init")

    def write(self, *days):
        with self.log.open("a") as log:
            log.writelines(LINE.format(at=(datetime.now(UTC) - timedelta(days=d)).isoformat()) for d in days)

    def call(self, command, *words, ahead=0, up=0, boot="this"):
        return CliRunner().invoke(command, list(words), obj=self.as_of(ahead, up, boot), standalone_mode=False)

    def as_of(self, ahead=0, up=0, boot="this"):
        soc = Clocked(self.home, None, self.content)
        soc.ahead, soc.up, soc.boot = ahead, up, boot
        return soc

    def events(self):
        return len(self.lines())

    def forget_time(self):
        """As a desk of before: made by a soc that did not remember."""
        with closing(sqlite3.connect(self.home / "desk.db")) as desk, desk:
            desk.execute("DELETE FROM meta WHERE name = 'clock'")


@pytest.fixture(params=["segments", "elasticsearch"])
def site(request, tmp_path):
    if request.param == "segments":
        return Desk(tmp_path, {})
    url, prefix = (request.getfixturevalue(name) for name in ("elasticsearch_url", "index_prefix"))
    return Desk(tmp_path, {"url": url, "prefix": prefix.rstrip("-"), "replicas": 0})


def test_a_clock_that_jumped_by_a_year_drops_nothing_until_a_person_says_that_it_is_right(site):
    site.call(retain)  # somebody lets it go over what is old already
    site.write(1, 2, 40)
    first = site.call(run)
    site.write(0)

    jumped = [site.call(run, ahead=365 * DAY, up=MINUTE) for _ in range(2)]
    asked, told, ill = site.call(retain, ahead=365 * DAY, up=HOUR), site.call(status, ahead=365 * DAY), site.soc("doctor")
    kept = site.events()
    sure = site.call(retain, "--clock-is-right", ahead=365 * DAY, up=HOUR)

    assert (first.return_value, "dropped 1 events" in first.stderr) == (0, True), first.output
    for ended in (*jumped, asked):
        assert ended.return_value == 4, ended.output
        assert "retention waits: the clock said" in ended.stderr
        assert "365d" in ended.stderr
        assert "soc retain --clock-is-right" in ended.stderr
    assert kept == 3  # what the run itself read is among them: it goes on without retention
    assert told.return_value == 4
    assert "retention waits" in json.loads(told.stdout)["retention_waits"]
    assert "retention waits: the clock said" in ill.stdout.replace("\\n", "\n")
    assert (sure.return_value, "dropped 3 events" in sure.stderr) == (0, True), sure.output
    assert site.events() == 0


def test_when_the_clock_is_set_right_again_retention_goes_on_by_itself_and_the_feed_is_heard(site):
    site.write(1)
    site.call(run)
    site.write(0)
    site.call(run, ahead=365 * DAY, up=MINUTE)

    silent, dead = site.call(status, up=HOUR), alive(site.as_of())
    site.write(0, 31)
    right = site.call(run, up=HOUR)
    heard = site.call(status, up=HOUR)

    assert [feed["silent"] for feed in json.loads(silent.stdout)["feeds"]] == [True]
    assert dead == frozenset()  # so that rules are blind, and say so
    assert alive(site.as_of()) == {"openssh.auth"}
    assert [feed["quiet_for"] for feed in json.loads(silent.stdout)["feeds"]] == ["unknown"]
    assert (right.return_value, "dropped 1 events" in right.stderr) == (0, True), right.output
    assert [feed["silent"] for feed in json.loads(heard.stdout)["feeds"]] == [False]
    assert json.loads(heard.stdout)["retention_waits"] is None


def test_a_machine_that_was_off_over_the_weekend_is_retained_as_ever(tmp_path):
    site = Desk(tmp_path, {}, days=7)
    site.write(5)
    site.call(run)

    back = site.call(run, ahead=3 * DAY, up=MINUTE, boot="next")

    assert (back.return_value, "dropped 1 events" in back.stderr) == (0, True), back.output


def test_a_store_whose_desk_knows_no_time_is_held_against_its_newest_receipt(tmp_path):
    site = Desk(tmp_path, {})
    site.write(1)
    site.done("ingest", str(site.log))
    site.forget_time()

    ended = site.call(retain, ahead=400 * DAY)

    assert ended.return_value == 4
    assert "400d after" in ended.stderr
    assert site.events() == 1


def test_most_of_a_store_goes_only_when_a_person_says_so(tmp_path):
    site = Desk(tmp_path, {})
    at = datetime.now(UTC) - timedelta(days=300)
    typed = "".join(LINE.format(at=(at + timedelta(seconds=second)).isoformat()) for second in range(10_001))
    site.done("ingest", "-", typed=typed)

    ended, foretold = site.call(retain), site.call(retain, "--dry-run")
    sure = site.call(retain, "--clock-is-right")

    assert ended.return_value == 4
    assert "10001 of 10001 events would go, more than a run usually drops" in ended.stderr
    assert "soc retain --dry-run" in ended.stderr
    assert "retention waits" in foretold.stderr
    assert "dropped 10001 events" in sure.stderr


# --- by a clock that is set, as a process sees it ---------------------------------------------------------------------


def test_a_process_whose_clock_jumped_by_a_year_drops_nothing(tmp_path):
    library = preload.preloaded(preload.AHEAD, tmp_path)
    site = Desk(tmp_path, {})
    site.write(1)
    site.done("ingest", str(site.log))

    jumped = {"LD_PRELOAD": library, "AHEAD": str(365 * 86400)}
    ran, retained = site.soc("run", **jumped), site.soc("retain", **jumped)

    for ended in (ran, retained):
        assert ended.returncode == 4, ended.stderr
        assert "retention waits: the clock said" in ended.stderr
        assert "365d" in ended.stderr
    assert site.events() == 1
    assert site.soc("retain").returncode == 0
