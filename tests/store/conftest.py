"""The engines that the contract tests run on. A new engine adds a class here, not a test."""

from __future__ import annotations

import pytest

from soc.store.segments import Shape, open_store
from tests.strategies import CATALOGUE


class Segments:
    """Embedded stores in folders of their own, shaped so that a few events already are worth a merge."""

    def __init__(self, folders):
        self._folders = folders
        self._paths = {}

    def fresh(self, **options):
        path = self._folders.mktemp("segments") / "store"
        store = open_store(path, CATALOGUE, create=True, reserve=0, shape=Shape(2, 2, 8, 5, 6, 3, 20), **options)
        self._paths[store.id] = (path, options)
        return store

    def reopened(self, store):
        path, options = self._paths[store.id]
        store.close()
        return open_store(path, CATALOGUE, reserve=0, shape=Shape(2, 2, 8, 5, 6, 3, 20), **options)

    def path(self, store):
        return self._paths[store.id][0]


ENGINES = {"segments": Segments}


@pytest.fixture(scope="module", params=ENGINES)
def engine(request, tmp_path_factory):
    return ENGINES[request.param](tmp_path_factory)


@pytest.fixture
def store(engine):
    made = engine.fresh()
    yield made
    made.close()


@pytest.fixture(scope="module")
def segments(tmp_path_factory):
    return Segments(tmp_path_factory)
