"""What paths name and is not read: soc's own state, and what links lead to that leave their folder or that another user owns."""

from __future__ import annotations

import os
from glob import escape
from pathlib import Path

import pytest

from soc.ingest.feeds import Feed
from soc.ingest.intake import Files
from soc.ingest.links import Bounds
from soc.ingest.paths import find
from tests.ingest_world import intake, originals
from tests.test_ingest_memory import site, used

OTHER = 65534
PLAIN = Feed("f")


@pytest.fixture
def logs(tmp_path):
    (tmp_path / "logs" / "deep").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "logs" / "a.log").write_text("a\n")
    (tmp_path / "elsewhere" / "secret").write_text("secret\n")
    return tmp_path / "logs"


def read(*patterns: Path, feed: Feed | None = PLAIN, stated: bool = False, **terms: object) -> tuple[list[str], list[str]]:
    """Lines, and the first line of what is refused."""
    reader = intake(**terms)
    lines = originals(reader.batches([Files(feed, list(map(str, patterns)), stated)]))
    return lines, [said.splitlines()[0] for said in reader.refused]


@pytest.mark.parametrize("pattern", ["", "*.log", "**/*.log", "away.log", "deep/../*.log"])
@pytest.mark.parametrize("target", ["../elsewhere/secret", "{}/elsewhere/secret"])
def test_a_link_that_leaves_its_folder_is_refused_by_name_and_the_rest_is_read(logs, pattern, target):
    (logs / "away.log").symlink_to(target.format(logs.parent))

    lines, refused = read(logs / pattern)

    assert lines == ([] if pattern == "away.log" else ["a"])
    assert refused == [f"{logs}/away.log: is a link that leaves its folder, and not followed"]


@pytest.mark.parametrize("pattern", ["away/*", "**/secret", "*/secret", "away", "away/secret"])
def test_no_link_to_a_folder_leads_out_of_its_folder_but_one_that_the_pattern_writes_out(logs, pattern):
    (logs / "away").symlink_to(logs.parent / "elsewhere")

    lines, refused = read(logs / pattern)

    written = pattern in ("away/*", "away/secret")
    assert lines == (["secret"] if written else [])
    assert refused == ([] if written else [f"{logs}/away: is a link that leaves its folder, and not followed"])


def test_links_within_their_folder_are_followed_and_so_are_all_where_the_feed_says_so(logs):
    (logs / "deep" / "b.log").write_text("b\n")
    (logs / "current").symlink_to("deep/b.log")
    (logs / "away.log").symlink_to(logs.parent / "elsewhere" / "secret")

    assert read(logs / "current") == (["b"], [])
    assert read(logs, feed=Feed("f", follow_links=True)) == (["a", "secret", "b"], [])
    feeds = {"f": Feed("f", (str(logs),), follow_links=True)}
    assert read(logs, feed=None, stated=True, feeds=feeds) == (["a", "secret", "b"], [])


def test_a_link_that_a_person_names_is_followed_but_none_below_a_folder_that_they_name(logs):
    (logs / "away.log").symlink_to(logs.parent / "elsewhere" / "secret")

    assert read(logs / "away.log", stated=True) == (["secret"], [])
    assert read(logs, stated=True) == (["a"], [f"{logs}/away.log: is a link that leaves its folder, and not followed"])


def test_a_link_whose_file_is_read_by_its_own_name_too_is_not_refused(logs):
    (logs / "deep" / "up.log").symlink_to("../a.log")

    assert read(logs) == (["a"], [])
    assert read(logs / "deep") == ([], [f"{logs}/deep/up.log: is a link that leaves its folder, and not followed"])


def test_a_link_of_another_user_is_followed_for_nobody_but_a_feed_that_says_so(logs):
    link = logs / "current.log"
    link.symlink_to("a.log")
    somebody = Bounds(account=os.geteuid() + 1) if os.geteuid() else Bounds()
    if not os.geteuid():
        os.chown(link, OTHER, OTHER, follow_symlinks=False)

    found = find([str(link)], stated=True, bounds=somebody)
    trusting = find([str(link)], bounds=Bounds(follows=lambda pattern: True))

    assert not found.paths
    assert [f"{link}: is a link of user" in str(error) for error in found.refused] == [True]
    assert list(trusting.paths) == [link]


def test_a_file_that_takes_a_rotated_name_by_a_link_is_no_successor(logs):
    known = [state for batch in intake().batches([Files(Feed("f"), [str(logs / "a.log")])]) for state in batch.states.values()]
    (logs / "a.log").rename(logs / "a.log.2")
    (logs / "a.log.1").symlink_to(logs.parent / "elsewhere" / "secret")
    (logs / "a.log").write_text("new\n")

    assert read(logs / "a.log", known=known) == (["new"], [])


@pytest.mark.parametrize("pattern", ["", "*", "**", "home/**", "home/*", "home/store", "home/store/**/*"])
@pytest.mark.parametrize("follow", [False, True])
def test_no_pattern_makes_the_store_read_itself(tmp_path, pattern, follow):
    home = tmp_path / "home"
    for name in ("desk.db", "store/manifest.db", "store/segments/b1.parquet", "spool/000001.spool", "cache/x", "other/y"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(f"{name}\n")

    assert read(tmp_path / pattern, feed=Feed("f", follow_links=follow), state=str(home)) == ([], [])


def test_the_state_is_refused_where_a_person_names_it_or_a_link_leads_there(tmp_path):
    home, logs = tmp_path / "home", tmp_path / "logs"
    home.mkdir()
    logs.mkdir()
    (home / "desk.db").write_text("desk\n")
    (logs / "a.log").symlink_to(home / "desk.db")
    (logs / "folder").symlink_to(home)
    own = "belongs to the state of soc itself"
    following = Feed("f", follow_links=True)

    assert read(home / "desk.db", stated=True, state=str(home)) == ([], [f"{home}/desk.db: {own}"])
    assert read(logs / "a.log", stated=True, state=str(home)) == ([], [f"{logs}/a.log: {own}"])
    assert read(logs / "a.log", logs / "folder", logs / "folder" / "*", feed=following, state=str(home)) == ([], [])


@pytest.mark.parametrize("name", ["home", "a [strange] ho*me?"])
def test_logs_in_a_folder_of_the_state_folder_that_a_pattern_names_are_read_as_the_demo_has_them(tmp_path, name):
    tmp_path = tmp_path / name
    tmp_path.mkdir()
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text("a\n")
    (tmp_path / "soc.toml").write_text("secret\n")

    assert read(Path(escape(str(tmp_path / "logs"))) / "*", state=str(tmp_path)) == (["a"], [])
    assert read(Path(escape(str(tmp_path / "logs"))), state=str(tmp_path)) == (["a"], [])
    assert read(tmp_path / "logs", state=str(tmp_path)) == (["a"], [])
    assert read(tmp_path, state=str(tmp_path)) == ([], [])


def test_a_run_whose_feed_holds_its_own_state_reads_the_logs_beside_it_and_ends_with_nothing_new(tmp_path):
    (tmp_path / "a.log").write_text("line\n")
    options = site(tmp_path, all=tmp_path)

    first, second = (used(*options, "ingest") for _ in range(2))

    assert "read 2 lines in 1 batches" in first[1], "the log, and the feed's own declaration"
    assert "read 0 lines in 0 batches" in second[1]
