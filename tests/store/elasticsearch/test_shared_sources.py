"""An ingester beside others: it leaves alone what they read, and takes up what they left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from ingest_world import intake
from machines import opened, set_up

from soc.batches import Stretch
from soc.cli.main import cli
from soc.ingest.feeds import Feed
from soc.ingest.intake import Files
from soc.times import HOUR
from tests.servers import indices


@pytest.fixture
def home(elasticsearch_url, tmp_path):
    with indices.prefixed(elasticsearch_url) as prefix:
        places = {"store": elasticsearch_url, "prefix": prefix.rstrip("-"), "replicas": 0, "desk": "sqlite"}
        made = set_up(tmp_path / "home", site=_content(tmp_path), **places)
        assert soc(made, "init").exit_code == 0
        yield made


def _content(folder: Path) -> Path:
    (folder / "site" / "ingest").mkdir(parents=True)
    return folder / "site"


def soc(home, *words):
    return CliRunner().invoke(cli, ["--home", str(home), *words], standalone_mode=False)


def begun_by_another(store, path):
    """An open batch of the file that another process is writing."""
    (batch,) = intake().batches([Files(Feed("files"), [str(path)])])
    stretches = [Stretch(None, state) for state in batch.states.values()]
    now = store._core.clock()
    return store._register.begin(
        "gw2:17", stretches, {"raw": f"{store._core.cluster.prefix}-events-raw-2026.10.11"}, now=now, lease=HOUR, events=2
    )


def test_a_source_that_another_process_reads_is_left_alone_until_that_one_is_gone(home, tmp_path):
    one, other = tmp_path / "one.log", tmp_path / "other.log"
    one.write_text("first\nsecond\n")
    other.write_text("third\n")
    with opened(home) as (store, _):
        batch = begun_by_another(store, one)

        beside = soc(home, "ingest", str(one), str(other))

        assert beside.exit_code == 0, beside.output
        assert beside.return_value == 0
        assert f"{one}: left alone: source {batch.stretches[0].end.id} is being read by gw2:17, batch 1, until " in beside.stderr
        assert (
            "read 1 lines in 1 batches: 1 events, 1 of them unrecognised, 0 failed; 0 files refused; 1 are read elsewhere" in beside.stderr
        )
        under_way = json.loads(soc(home, "status", "--output", "json").stdout)["batches"]
        store._register.renew(1, batch.token, now=store._core.clock(), lease=0)
        left = json.loads(soc(home, "status", "--output", "json").stdout)["batches"]
        doctor = json.loads(soc(home, "doctor", "--output", "json").stdout)["faults"]

        after = soc(home, "ingest", str(one), str(other))

        assert "read 2 lines" in after.stderr
        assert [(found["writing"], found["left"]) for found in (under_way, left)] == [(1, []), (0, [1])]
        assert any("batch 1: gw2:17 left it unfinished at " in fault for fault in doctor)
        assert (store.statistics()["events"], store.unfinished()) == (3, [])
        assert 1 in store.batches()[-1].absorbs
