"""What is collected, and where; the servers that tests share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from desk_kit import Files, Server, desks_on
from hypothesis import settings

from tests.servers import indices, postgresql
from tests.servers.keeper import lease
from tests.servers.needed import needed

settings.register_profile("soc", deadline=None)  # how long an example takes is the machine's affair
settings.load_profile("soc")

SHARED = Path(__file__).parents[1].parent / "shared"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk_engine(request: pytest.FixtureRequest) -> Iterator[Files | Server]:
    """The tests of the module run once on each database that a desk may lie in."""
    with desks_on(request.param) as engine:
        yield engine


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `shared` are left out, not skipped, where `../shared` is absent."""
    if not SHARED.is_dir():
        left_out = [item for item in items if item.get_closest_marker("shared")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With CI=true nothing may be skipped: what a machine lacks is a failure there."""
    reporter: pytest.TerminalReporter | None = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tables that tests have drawn (`record_property("table", …)`): where processes were killed, what was measured."""
    if not SHARED.is_dir():
        terminalreporter.write_line("tests that need ../shared were not collected: it is not there")
    if os.environ.get("CI") == "true" and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("CI=true: a skipped test is a failure")
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, text in getattr(report, "user_properties", ()):
                if name == "table" and report.when == "call":
                    terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def elasticsearch_url() -> Iterator[str]:
    """An Elasticsearch that the whole session shares: name indices by `index_prefix`, and leave the cluster's settings as they were."""
    with needed(), lease("elasticsearch") as url:
        yield url


@pytest.fixture
def index_prefix(elasticsearch_url: str) -> Iterator[str]:
    """What the names of a test's indices and templates begin with; they are removed after it."""
    with indices.prefixed(elasticsearch_url) as prefix:
        yield prefix


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A PostgreSQL that the whole session shares."""
    with needed(), lease("postgresql") as url:
        yield url


@pytest.fixture(scope="module")
def fresh_database(postgresql_server: str) -> Iterator[Callable[[], str]]:
    """Makes empty databases; they are dropped after the module."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(postgresql.fresh_database(postgresql_server))


@pytest.fixture(scope="module")
def postgresql_url(fresh_database: Callable[[], str]) -> str:
    """A database of the module's own."""
    return fresh_database()
