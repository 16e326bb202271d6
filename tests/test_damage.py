"""What a disk or a hand has damaged is noticed by who looks every day, not by the hunt that meets it."""

from __future__ import annotations

import pytest
from elasticsearch import Elasticsearch

from tests.servers.calls import Site, failures


@pytest.fixture(params=["segments", "elasticsearch"])
def site(request, tmp_path):
    store = {}
    if request.param == "elasticsearch":
        url, prefix = (request.getfixturevalue(name) for name in ("elasticsearch_url", "index_prefix"))
        store = {"url": url, "prefix": prefix.rstrip("-"), "replicas": 0}
    made = Site(tmp_path, store)
    made.done("init")
    made.done("ingest", "-", typed=failures(range(5)))
    made.done("detect")
    return made


def lose(site, request):
    """Takes away what the events lie in; returns its name."""
    if segments := sorted((site.home / "store/segments").glob("*")):
        segments[0].unlink()
        return segments[0].name
    url, prefix = (request.getfixturevalue(name) for name in ("elasticsearch_url", "index_prefix"))
    with Elasticsearch(url) as client:
        (index,) = client.indices.get(index=f"{prefix}events-*", features="aliases")
        client.indices.delete(index=index)
    return str(index)


def test_events_that_are_gone_are_noticed_by_run_and_status(site, request):
    before = site.soc("status")
    name = lose(site, request)

    after, counted, ran = site.soc("status"), site.status(), site.soc("run")

    assert (before.returncode, "Missing" in before.stdout) == (0, False), before.stdout
    assert (after.returncode, f"{name}: is missing" in after.stdout) == (4, True), after.stdout
    assert [name in fault for fault in counted["missing"]] == [True]
    assert ran.returncode == 4, ran.stderr
    assert f"{name}: is missing" in ran.stderr
    assert "1 parts of the store cannot be opened; see: soc doctor" in ran.stderr
