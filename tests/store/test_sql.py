"""SQL over the segments: one SELECT, and nothing else is reached. A cluster answers none."""

from __future__ import annotations

import pytest
from test_contract import commit, event

from soc.errors import Busy, UsageError


@pytest.fixture
def store(segments):
    made = segments.fresh()
    yield made
    made.close()


def test_a_second_writer_of_segments_is_told_who_writes(store):
    with store.writer(), pytest.raises(Busy, match=r"process \d+ is writing"), store.writer():
        pass
    with store.writer() as writer:
        assert writer.begin().number == 1


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO '{inside}/x.csv'",
        "COPY events TO '/tmp/soc-x.csv'",
        "ATTACH '{inside}/x.db'",
        "PRAGMA database_list",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 9",
        "RESET lock_configuration",
        "CALL pragma_version()",
        "EXPORT DATABASE '{inside}/x'",
        "CREATE TABLE t AS SELECT 1",
        "WITH a AS (INSERT INTO events VALUES (1) RETURNING *) SELECT * FROM a",
        "SELECT 1; SELECT 2",
        "",
        "SELEC 1",
        "EXPLAIN SELECT 1",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('{inside}/manifest.db')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM query('COPY events TO ''{inside}/x.csv''')",
        "SELECT * FROM duckdb_secrets()",
        "SELECT nothing FROM events",
        "SELECT 1\0",
    ],
)
def test_sql_answers_one_select_and_reaches_nothing_else(store, segments, statement):
    commit(store, [event(1)])
    folder = segments.path(store)
    before = sorted(path.name for path in folder.rglob("*"))

    with pytest.raises(UsageError):
        store.sql(statement.format(inside=folder), limit=10)

    assert sorted(path.name for path in folder.rglob("*")) == before


def test_sql_sees_the_events_with_every_known_field(store):
    assert store.sql("SELECT count(*) FROM events", limit=5) == (["count_star()"], [(0,)])
    commit(store, [event(1, **{"source.port": 22}), event(2)])

    names, rows = store.sql(
        'SELECT "event.id", "source.port", sum("source.port") OVER () AS s, "user.name" FROM events ORDER BY ALL', limit=1
    )

    assert names == ["event.id", "source.port", "s", "user.name"]
    assert rows == [("id1", 22, 22, None)]


def test_a_question_that_takes_too_long_is_ended(segments):
    store = segments.fresh(sql_seconds=0.3)

    with pytest.raises(UsageError, match="longer than"):
        store.sql("SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range % 7 = b.range % 11", limit=1)
    store.close()
