"""`[retention]` of soc.toml: what its entries mean, what is wrong with them, and what `soc retain` does by them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soc.cli.call.config import load_config
from soc.cli.call.keep import Keep
from soc.cli.upkeep.retention import cuts_of
from soc.errors import ContentError
from soc.fields import base_catalogue
from soc.store.cuts import sorter
from soc.times import DAY
from tests.servers.calls import Site

ROOT = Path(__file__).parents[1]
NOW = 1_700_000_000_000_000
CLASSES = {"uni-north": "university", "uni-harbour": "university", "hospital-east": "hospital", "library": "unknown"}
KEEP = "[[retention.keep]]\n"

# --- the meaning of entries ------------------------------------------------------------------------------------------

DATASETS = ("suricata.flow", "suricata.alert", "zeek.conn", "Zeek.conn", "zeek")
PATTERNS = (*DATASETS, "zeek.*", "*.conn", "*", "?eek", "suricata.?l*")


def _some(names):
    return st.lists(st.sampled_from(names), max_size=2).map(tuple)


keeps = st.builds(
    Keep, st.integers(1, 9), _some(PATTERNS), _some((*CLASSES, "unknown")), _some(("university", "hospital", "unknown"))
).filter(lambda keep: keep.datasets or keep.institutions or keep.classes)
found = st.fixed_dictionaries(
    {"event.dataset": st.sampled_from(DATASETS), "@timestamp": st.integers(0, 10 * 4).map(lambda quarters: NOW - quarters * DAY // 4)},
    optional={"organization.id": st.sampled_from((*CLASSES, "unknown", "Uni-North"))},
)


def is_kept(event, days, entries):
    """By the words of the documentation."""
    owner = event.get("organization.id")
    for keep in entries:
        of_dataset = not keep.datasets or any(fnmatchcase(event["event.dataset"], pattern) for pattern in keep.datasets)
        of_institution = not keep.institutions or owner in keep.institutions
        of_class = not keep.classes or (owner is not None and CLASSES.get(owner, owner) in keep.classes)
        if of_dataset and of_institution and of_class:
            days = keep.days
            break
    return event["@timestamp"] >= NOW - days * DAY


@given(entries=st.lists(keeps, max_size=4), days=st.integers(1, 9), event=found)
def test_the_first_entry_that_fits_an_event_says_how_long_it_is_kept(entries, days, event):
    goes = sorter(cuts_of(days, entries, CLASSES, NOW), base_catalogue())(event)

    assert (goes is None) == is_kept(event, days, entries)


def test_more_days_than_time_has_keep_everything():
    (cut,) = cuts_of(10**30, (), {}, NOW)

    assert cut.before < -(1 << 61)


# --- what is wrong with an entry -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "texts"),
    [
        ("keep = 5", ("retention.keep is 5", "[[retention.keep]]")),
        ("keep = [5]", ("retention.keep, entry 1 is 5", "[[retention.keep]] on a line of its own")),
        (f'{KEEP}dataset = ["x"]\ndays = 1', ("entry 1: unknown key 'dataset'", "datasets, institutions, classes, days")),
        (f"{KEEP}days = 7", ("entry 1 has no condition", "datasets, institutions or classes")),
        (f'{KEEP}datasets = ["x"]', ("entry 1: days is not stated", "at least 1")),
        (f'{KEEP}datasets = ["x"]\ndays = 1\n{KEEP}datasets = ["x"]\ndays = 0', ("entry 2: days is 0", "at least 1")),
        (f'{KEEP}datasets = ["x"]\ndays = true', ("entry 1: days is True", "whole number of days")),
        (f'{KEEP}datasets = "x"\ndays = 7', ("entry 1: datasets is 'x'", "list of names")),
        (f"{KEEP}institutions = []\ndays = 7", ("entry 1: institutions is []", "leave the key out to mean all")),
        (f"{KEEP}classes = [7]\ndays = 7", ("entry 1: classes is [7]", "list of names")),
    ],
)
def test_a_wrong_entry_is_named_with_file_key_and_repair(tmp_path, wrong, texts):
    config = tmp_path / "soc.toml"
    config.write_text(f"[retention]\n{wrong}\n")

    with pytest.raises(ContentError) as raised:
        load_config(config)

    assert all(text in str(raised.value) for text in ("soc.toml", "retention.keep", *texts)), str(raised.value)


def test_the_example_of_the_documentation_means_what_it_says(tmp_path):
    (example,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/store.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "soc.toml").write_text(example)

    config = load_config(tmp_path / "soc.toml")

    assert config.retention_days == 30
    assert config.keeps == (
        Keep(7, datasets=("suricata.flow", "zeek.*")),
        Keep(90, institutions=("hospital-east",)),
        Keep(60, datasets=("openssh.*",), classes=("university",)),
    )


# --- the command -----------------------------------------------------------------------------------------------------

LINE = "<38>1 {at} gw1 sshd 4721 - - Failed password for root from {source} port 52144 ssh2\n"
EAST, NORTH = "192.0.2.70", "192.0.2.5"  # of hospital-east and of uni-north, see ingest/institutions.yml
ENTRIES = f"""\
{KEEP}datasets = ["openssh.*"]
institutions = ["hospital-east"]
days = 90
{KEEP}classes = ["university"]
days = 7
"""


def aged(days, source):
    at = datetime.now(UTC) - timedelta(days=days, hours=1)
    return LINE.format(at=at.strftime("%Y-%m-%dT%H:%M:%SZ"), source=source)


class Kept(Site):
    """A store and the retention of a test."""

    def __init__(self, folder: Path, more: str, days: int = 30, store: dict[str, Any] | None = None) -> None:
        super().__init__(folder, store or {}, more=more)
        config = self.home / "soc.toml"
        config.write_text(config.read_text().replace("36500", str(days)))
        self.done("init")

    def events(self):
        return sorted(json.loads(line)["source.ip"] for line in self.done("hunt", "events", "*", "--since", "365d").splitlines())

    def expired(self):
        return json.loads(self.soc("status", "--output", "json").stdout)["coverage"]["gaps"].get("expired", 0)


@pytest.fixture(params=["segments", "elasticsearch"])
def store(request):
    """What soc.toml says of the store."""
    if request.param == "segments":
        return {}
    url, prefix = (request.getfixturevalue(name) for name in ("elasticsearch_url", "index_prefix"))
    return {"url": url, "prefix": prefix.rstrip("-"), "replicas": 0}


def test_each_institution_and_dataset_is_kept_for_its_time_and_the_dry_run_says_so_before(tmp_path, store):
    site = Kept(tmp_path, ENTRIES, store=store)
    site.done("ingest", "-", typed="".join(aged(days, source) for days in (5, 10, 40, 100) for source in (EAST, NORTH)))

    foretold = [json.loads(line) for line in site.done("retain", "--dry-run").splitlines()]
    before = site.events()
    ended, again = site.soc("retain"), site.soc("retain")

    assert before == sorted([EAST] * 4 + [NORTH] * 4)
    assert [(row["keep"], row["days"], row["events"]) for row in foretold] == [
        ("datasets openssh.*; institutions hospital-east", 90, 1),
        ("classes university", 7, 3),
        ("all else", 30, 0),
    ]
    assert "dropped 4 events" in ended.stderr
    assert "dropped 0 events" in again.stderr
    assert site.events() == sorted([EAST] * 3 + [NORTH])


def test_days_on_the_command_line_take_the_place_of_those_of_all_else_and_entries_stay(tmp_path):
    site = Kept(tmp_path, f'{KEEP}institutions = ["hospital-east"]\ndays = 90\n')
    site.done("ingest", "-", typed=aged(10, EAST) + aged(10, NORTH))

    ended = site.soc("retain", "--days", "2")

    assert "dropped 1 events" in ended.stderr
    assert site.events() == [EAST]


def test_batches_that_lose_unseen_events_to_an_entry_are_noted_once_and_no_others(tmp_path, store):
    site = Kept(tmp_path, f'{KEEP}classes = ["university"]\ndays = 7\n', store=store)
    site.done("ingest", "-", typed=aged(10, EAST) + aged(5, NORTH))
    spared = site.soc("retain")
    clean = site.expired()
    site.done("ingest", "-", typed=aged(10, EAST) + aged(10, NORTH))

    noted, again = site.soc("retain"), site.soc("retain")

    assert ("no rule has seen" in spared.stderr, clean) == (False, 0)
    assert "1 batches lose events that no rule has seen" in noted.stderr
    assert site.expired() == 1
    assert "no rule has seen" not in again.stderr
    assert site.events() == sorted([EAST, NORTH, EAST])


def test_names_in_entries_that_nothing_has_are_told_and_the_rest_holds(tmp_path):
    site = Kept(tmp_path, f'{KEEP}datasets = ["opensh.*"]\ninstitutions = ["hospital-eest"]\nclasses = ["univercity"]\ndays = 9\n')
    site.done("ingest", "-", typed=aged(40, EAST))

    ended, ill = site.soc("retain"), site.soc("doctor")

    for said in (ended.stderr, ill.stdout.replace("\\n", "\n")):
        assert "soc.toml: retention.keep, entry 1: no dataset is called 'opensh.*'\n  did you mean openssh.auth?" in said
        assert "no institution has the id 'hospital-eest'\n  did you mean hospital-east?" in said
        assert "no institution has the class 'univercity'\n  did you mean university?" in said
    assert (ended.returncode, ill.returncode) == (0, 4)
    assert site.events() == []


def test_without_institutions_that_can_be_read_nothing_is_dropped_by_entries(tmp_path):
    (tmp_path / "site/ingest").mkdir(parents=True)
    site = Kept(tmp_path, f'{KEEP}classes = ["hospital"]\ndays = 90\n')
    site.done("ingest", "-", typed=aged(40, EAST))
    (tmp_path / "site/ingest/institutions.yml").write_text("- id: hospital-east\n")

    ended = site.soc("--content", str(tmp_path / "site"), "retain")

    assert ended.returncode == 2
    assert "an institution without networks" in ended.stderr
    assert site.events() == [EAST]


def test_doctor_says_what_retention_is_in_force(tmp_path):
    site = Kept(tmp_path, ENTRIES)

    config = json.loads(site.soc("doctor", "--output", "json").stdout)["config"]

    assert config["retention_days"] == 30
    assert config["keep 1"] == "90 days: datasets openssh.*; institutions hospital-east"
    assert config["keep 2"] == "7 days: classes university"
