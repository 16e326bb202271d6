"""One SELECT of a person over the view `events`, with nothing else in reach: no file, no setting, no second statement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from threading import Timer
from typing import Any

import duckdb

from soc.condition.sql_text import literal, name
from soc.errors import UsageError
from soc.fields import Catalogue
from soc.store.segments.columns import column_type
from soc.store.segments.parquet import BATCH, DATASET, ID, INGESTED, TIME
from soc.store.segments.relation import Relation, connection, engine_errors

EVERY = (TIME, ID, DATASET, INGESTED, BATCH)
_QUOTED = re.compile(r'"([^"]+)"')
Answer = tuple[list[str], list[tuple[Any, ...]]]


def checked(statement: str) -> str:
    """The statement when it is exactly one SELECT. Raises UsageError."""
    if "\0" in statement:
        raise UsageError("the statement holds a NUL character")
    try:
        found = duckdb.extract_statements(statement)
    except duckdb.Error as error:
        raise UsageError(f"no SQL: {error}") from error
    if len(found) != 1:
        raise UsageError(f"one statement is expected, not {len(found)}\n  ask for one SELECT over the view events")
    if found[0].type != duckdb.StatementType.SELECT:
        raise UsageError(f"a SELECT is expected, not {found[0].type.name}\n  ask for one SELECT over the view events")
    return str(found[0].query)


def answer(
    statement: str, relation: Relation, types: Mapping[str, str], catalogue: Catalogue, *, limit: int, memory: int, seconds: float
) -> Answer:
    """Column names and at most `limit` rows. Raises UsageError for what is no such SELECT or takes longer than `seconds`."""
    query = checked(statement)
    with connection(memory) as engine, engine_errors(relation):
        _confine(engine, relation)
        engine.execute(f"CREATE VIEW events AS {_view(relation, _columns(statement, types, catalogue))}")
        for setting in ("enable_external_access = false", "lock_configuration = true"):
            engine.execute(f"SET {setting}")
        return _fetched(engine, query, limit, seconds)


def _confine(engine: duckdb.DuckDBPyConnection, relation: Relation) -> None:
    """Nothing but the manifest's files can be opened."""
    for setting in (
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        "max_temp_directory_size = '0B'",
        f"allowed_paths = [{', '.join(map(literal, relation.paths))}]",
    ):
        engine.execute(f"SET {setting}")


def _columns(statement: str, types: Mapping[str, str], catalogue: Catalogue) -> dict[str, str]:
    """Columns of the view: what the store has, what every event has, and fields that the statement names in quotes."""
    asked = {field for field in _QUOTED.findall(statement) if field in catalogue}
    return {**{field: column_type(catalogue[field]) for field in sorted(asked | set(EVERY))}, **types}


def _view(relation: Relation, columns: Mapping[str, str]) -> str:
    if relation.segments:
        return f"SELECT {relation.columns_sql(columns, sorted(columns))} FROM {relation.sql()}"
    nothing = ", ".join(f"NULL::{columns[column]} AS {name(column)}" for column in sorted(columns))
    return f"SELECT {nothing} WHERE false"


def _fetched(engine: duckdb.DuckDBPyConnection, query: str, limit: int, seconds: float) -> Answer:
    deadline = Timer(seconds, engine.interrupt)
    deadline.start()
    try:
        table = engine.sql(query).limit(limit).to_arrow_table()
    except duckdb.InterruptException as error:
        raise UsageError(f"the question took longer than {seconds:.0f} s\n  ask for a shorter window or fewer columns") from error
    except (duckdb.IOException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as error:
        raise UsageError(str(error)) from error
    finally:
        deadline.cancel()
    rows = list(zip(*(map(_plain, column.to_pylist()) for column in table.columns), strict=True))
    return table.column_names, rows


def _plain(value: Any) -> Any:
    """DuckDB sums whole numbers to decimals without digits: they are whole numbers."""
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value
