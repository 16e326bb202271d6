"""The engines that the contract tests run on. A new engine adds a class here, not a test."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from itertools import count

import pytest

from soc.desk.desk import open_desk
from soc.desk.register.register import make_register, open_register
from soc.store.elasticsearch import connect, name_store, open_cluster, prepare
from soc.store.segments import Shape, open_store
from tests.servers import indices
from tests.strategies import CATALOGUE


class Segments:
    """Embedded stores in folders of their own, shaped so that a few events already are worth a merge."""

    is_quick = True

    def __init__(self, folders):
        self._folders = folders
        self._paths = {}

    def fresh(self, catalogue=CATALOGUE, **options):
        path = self._folders.mktemp("segments") / "store"
        store = open_store(path, catalogue, create=True, reserve=0, shape=Shape(2, 2, 8, 5, 6, 3, 20), **options)
        self._paths[store.id] = (path, options)
        return store

    def reopened(self, store):
        path, options = self._paths[store.id]
        store.close()
        return open_store(path, CATALOGUE, reserve=0, shape=Shape(2, 2, 8, 5, 6, 3, 20), **options)

    def path(self, store):
        return self._paths[store.id][0]


class Elastic:
    """Stores on one cluster, each under a prefix of its own, with its register in a desk of its own."""

    is_quick = False

    def __init__(self, url, folders, stack):
        self._url, self._folders, self._stack = url, folders, stack
        self._places = {}
        self._moments = count(1_700_000_100_000_000, 1000)

    def fresh(self, catalogue=CATALOGUE):
        prefix = self._stack.enter_context(indices.prefixed(self._url)).rstrip("-")
        desk = open_desk(f"sqlite:///{self._folders.mktemp('desk')}/desk.db", create=True)
        self._stack.callback(desk.close)
        cluster = connect(self._url, prefix=prefix)
        prepare(cluster, catalogue, replicas=0)
        name_store(cluster, make_register(desk, now=0).store)
        return self._opened(prefix, desk, catalogue)

    def reopened(self, store):
        prefix, desk = self._places[store.id]
        store.close()
        return self._opened(prefix, desk)

    def _opened(self, prefix, desk, catalogue=CATALOGUE):
        cluster = connect(self._url, prefix=prefix)
        writer = f"test-{secrets.token_hex(4)}"
        store = open_cluster(
            cluster, catalogue, lambda id: open_register(desk, id), writer=writer, clock=lambda: next(self._moments), replicas=0
        )
        self._places[store.id] = (prefix, desk)
        return store


@pytest.fixture(scope="module", params=["segments", "elasticsearch"])
def engine(request, tmp_path_factory):
    if request.param == "segments":
        yield Segments(tmp_path_factory)
        return
    with ExitStack() as stack:
        yield Elastic(request.getfixturevalue("elasticsearch_url"), tmp_path_factory, stack)


@pytest.fixture(scope="module")
def engines(elasticsearch_url, tmp_path_factory):
    """Both, to be compared."""
    with ExitStack() as stack:
        yield {"segments": Segments(tmp_path_factory), "elasticsearch": Elastic(elasticsearch_url, tmp_path_factory, stack)}


@pytest.fixture
def store(engine):
    made = engine.fresh()
    yield made
    made.close()


@pytest.fixture(scope="module")
def segments(tmp_path_factory):
    return Segments(tmp_path_factory)
