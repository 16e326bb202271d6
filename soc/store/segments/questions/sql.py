"""One SELECT of a person over the view `events`, with nothing else in reach: no file, no setting, no second statement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from threading import Timer
from typing import Any

import duckdb
import pyarrow as pa

from soc.condition.sql_text import literal, name
from soc.errors import UsageError
from soc.fields import BATCH, DATASET, ID, INGESTED, TIME, Catalogue
from soc.store.segments.manifest.columns import column_type
from soc.store.segments.questions.relation import Relation, connection, engine_errors

EVERY = (TIME, ID, DATASET, INGESTED, BATCH)
_WRAPPING = 2  # lines that DuckDB puts before a statement whose rows are limited
_PLACE = re.compile(r"\n\nLINE (\d+): ([^\n]*)\n( *\^+)\s*\Z")  # LINE 3: SELECT 'a'::INT, and below it where
_QUOTED = re.compile(r'"([^"]+)"')
_TEXTUAL = re.compile(r"\b(UHUGEINT|BIGNUM|BIT|TIME WITH TIME ZONE|INTERVAL|BLOB|VARIANT|UNION|GEOMETRY)\b")
_ADVICE = re.compile(r"\b(SET|RESET|PRAGMA|INSTALL|LOAD|ATTACH|COPY) |Possible solutions|duckdb\.org")  # a hunt is one SELECT
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
        table = _exact(engine.sql(query).limit(limit)).to_arrow_table()
        return table.column_names, list(zip(*(_values(engine, column) for column in table.columns), strict=True))
    except duckdb.InterruptException as error:
        raise UsageError(f"the question took longer than {seconds:.0f} s\n  ask for a shorter window or fewer columns") from error
    except (duckdb.IOException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as error:
        raise UsageError(_without_advice(_placed(str(error), query))) from error
    finally:
        deadline.cancel()


def _placed(message: str, query: str) -> str:
    """The message with the person's own line where the engine counts those of its wrapping, and without a place that is not theirs."""
    found = _PLACE.search(message)
    if not found:
        return message
    indent = query[: len(query) - len(query.lstrip())]
    number, lines = int(found[1]) - _WRAPPING + indent.count("\n"), query.split("\n")
    if not 0 < number <= len(lines) or found[2].strip(".") not in lines[number - 1]:
        return message[: found.start()]
    shift = len(found[1]) - len(str(number))
    return f"{message[: found.start()]}\n\nLINE {number}: {found[2]}\n{found[3][shift:]}"


def _without_advice(message: str) -> str:
    """The message without paragraphs that advise what a hunt may not do: settings, extensions, files of its own."""
    first, *more = message.rstrip().split("\n\n")
    return "\n\n".join([first, *(part for part in more if part.startswith("LINE ") or not _ADVICE.search(part))])


def _exact(found: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The relation with columns as text that Arrow would give another meaning, or that a person could not read."""
    kinds = [str(kind) for kind in found.types]
    if not any(map(_TEXTUAL.search, kinds)):
        return found
    shown = [f"CAST(#{at} AS VARCHAR)" if _TEXTUAL.search(kind) else f"#{at}" for at, kind in enumerate(kinds, start=1)]
    return found.project(", ".join(f"{column} AS {name(title)}" for column, title in zip(shown, found.columns, strict=True)))


def _values(engine: duckdb.DuckDBPyConnection, column: pa.ChunkedArray) -> list[Any]:
    """The values of a column; as DuckDB writes them, all of them, when one lies beyond the calendar of Python or between its moments."""
    try:
        return [_plain(value) for value in column.to_pylist()]
    except (OverflowError, ValueError):
        written = engine.from_arrow(pa.table({"value": column})).project("CAST(value AS VARCHAR)")
        return [value for (value,) in written.fetchall()]


def _plain(value: Any) -> Any:
    """DuckDB sums whole numbers to decimals without digits: they are whole numbers, or text when 64 bits do not hold them."""
    if not isinstance(value, Decimal) or value != value.to_integral_value():
        return value
    whole = int(value)
    return whole if -(1 << 63) <= whole < 1 << 64 else str(whole)
