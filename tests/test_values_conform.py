"""The Sigma specification's sentences hold on each executor: the predicate, the matcher over columns, and DuckDB's SQL."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest
from sigma.processing.pipeline import ProcessingPipeline

from soc.condition import codec, predicate
from soc.condition.sql import lend, to_sql
from soc.detect.compiling.compile import compile_file
from soc.detect.compiling.environment import Environment
from soc.fields import base_catalogue
from soc.match.columns import to_events, to_tables
from soc.match.matcher import Matcher
from tests.conformance import ROWS

CATALOGUE = base_catalogue()
LISTS = {"admins": ("root", "adm*"), "dotted": ("a.b",)}


def by_predicate(tree, events):
    met = predicate.compile(tree, CATALOGUE)
    return [met(event) for event in events]


def by_matcher(tree, events):
    found = Matcher({"s": tree}, CATALOGUE).match(table_of(events)).get("s")
    rows = set() if found is None else set(found.tolist())
    return [row in rows for row in range(len(events))]


def by_sql(tree, events):
    table = table_of(events)
    with duckdb.connect() as db:
        lend(db)
        db.register("law", table.append_column("row", pa.array(range(len(events)))))
        rows = db.execute(f'SELECT {to_sql(tree, CATALOGUE, table.column_names)} FROM law ORDER BY "row"').fetchall()
    return [met for (met,) in rows]


def table_of(events):
    return to_tables([{"event.dataset": "law", **event} for event in events], CATALOGUE)["law"]


def tree_of(row):
    text = row.detection if row.detection.startswith("{") else f"{{{row.detection}, condition: s}}"
    found = compile_file(f"title: t\nlogsource: {{product: x}}\ndetection: {text}\n", Environment(CATALOGUE, LISTS, ProcessingPipeline()))
    assert not found.refused, found.refused
    return codec.load(found.rules[0].tree)


@pytest.mark.parametrize("executor", [by_predicate, by_matcher, by_sql])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.detection)
def test_a_sentence_of_the_specification_holds(row, executor):
    events = [*row.met, *row.missed]

    assert executor(tree_of(row), events) == [True] * len(row.met) + [False] * len(row.missed), row.sentence


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.detection)
def test_the_events_come_back_from_columns_as_they_were(row):
    events = [{"event.dataset": "law", **event} for event in (*row.met, *row.missed)]

    assert to_events(to_tables(events, CATALOGUE)["law"]) == [
        {name: value for name, value in event.items() if value is not None and value != []} for event in events
    ]
