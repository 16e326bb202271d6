"""A store that was put back from a backup as a whole: its batches are not those that the desk calls searched, and soc says so."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.servers.calls import Site, failures


@pytest.fixture
def site(tmp_path):
    """A store with a backup, and two searched batches beyond it."""
    made = Site(tmp_path, {})
    made.done("init")
    made.done("ingest", "-", typed=failures(range(5)))
    made.done("run")
    shutil.copytree(made.home / "store", tmp_path / "backup")
    for start in (10, 20):
        made.done("ingest", "-", typed=failures(range(start, start + 5)))
        made.done("run")
    return made


def put_back(site, backup):
    shutil.rmtree(site.home / "store")
    shutil.copytree(backup, site.home / "store")


@pytest.mark.parametrize("read_on", [0, 2], ids=lambda batches: f"{batches} batches later")
def test_a_store_put_back_as_a_whole_is_recognised_and_its_new_batches_are_searched_in_the_end(site, tmp_path, read_on):
    put_back(site, tmp_path / "backup")
    for batch in range(read_on):
        site.done("ingest", "-", typed=failures([100 + batch], user=f"guest{batch}") * 20)

    refused = [site.soc("run"), site.soc("detect")]
    named = site.soc("doctor")
    told = site.soc("doctor", "--restored")
    after = site.soc("run")

    for ended in refused:
        assert ended.returncode == 3, ended.stderr
        assert "was put back from a backup" in ended.stderr
        assert "soc doctor --restored" in ended.stderr
    assert (named.returncode, "was put back from a backup" in named.stdout) == (4, True), named.stdout
    assert "was put back from a backup" not in told.stdout
    assert after.returncode == 0, after.stderr
    coverage = json.loads(site.soc("status", "--output", "json").stdout)["coverage"]
    assert (coverage["uncovered"], coverage["batches"]) == (0, 1 + read_on)


def test_a_store_that_nobody_put_back_is_not_given_another_id(site):
    refused = site.soc("doctor", "--restored")

    assert refused.returncode == 2
    assert "was not put back from a backup" in refused.stderr


def test_a_manifest_put_back_alone_is_named_by_run_status_and_doctor_with_what_to_do(site, tmp_path):
    for file in (site.home / "store").glob("manifest.db*"):
        file.unlink()
    for file in (tmp_path / "backup").glob("manifest.db*"):
        shutil.copy(file, site.home / "store")
    before = {path: path.read_bytes() for path in (site.home / "store").glob("*/*")}

    ran, stated, named = site.soc("run"), site.soc("status"), site.soc("doctor")

    for ended, code, said in ((ran, 3, ran.stderr), (stated, 4, stated.stdout), (named, 4, named.stdout)):
        assert (ended.returncode, "manifest.db: is older than " in said) == (code, True), said
        assert "put the newest manifest back; if there is none" in said
    assert {path: path.read_bytes() for path in (site.home / "store").glob("*/*")} == before
