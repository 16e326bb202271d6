"""Every row of the desk, read; and what SQLite itself finds wrong with its file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson
from sqlalchemy import Column, Connection, LargeBinary, Row, Table, select

from soc.desk.database.damage import sound, whole
from soc.desk.database.schema import case_marks, cases, evidence, metadata
from soc.desk.database.session import Session, digest
from soc.errors import DeskError

_TEXTS = frozenset((case_marks.c.value, cases.c.pinned))  # other bytes are JSON


class RowCheck(Session):
    def verify_rows(self) -> list[str]:
        """What is wrong with the rows of all tables, each fault as one sentence with table and row; empty when nothing is."""
        return [fault for table in metadata.sorted_tables for fault in _row_faults(self.connection, table)]

    def verify_file(self, *, deep: bool = False) -> list[str]:
        """What SQLite's own check finds, `deep`: in indices and references, too. Empty for a server, which looks after its own files."""
        if self.connection.dialect.name != "sqlite":
            return []
        ask = self.connection.exec_driver_sql
        found = [str(row[0]) for row in ask(f"PRAGMA {'integrity' if deep else 'quick'}_check(5)")]
        strays = Counter((row[0], row[2]) for row in ask("PRAGMA foreign_key_check")) if deep else {}
        return [
            *(fault for fault in found if fault != "ok"),
            *(f"table {table}: {count} rows speak of no row of table {parent}" for (table, parent), count in strays.items()),
        ]


def _row_faults(connection: Connection, table: Table) -> Iterator[str]:
    packed = [column for column in table.columns if isinstance(column.type, LargeBinary)]
    for row in connection.execute(select(table).order_by(*table.primary_key)):
        place = [row._mapping[column.name] for column in table.primary_key]
        try:
            sound(row, table, *place)
            with whole(table.name, *place):
                _read(table, row, packed)
        except DeskError as error:
            yield str(error)


def _read(table: Table, row: Row[Any], packed: list[Column[Any]]) -> None:
    for column in packed:
        if (value := row._mapping[column.name]) is not None:
            value.decode() if column in _TEXTS else orjson.loads(value)
    if table is evidence and digest(row.body) != row.digest:
        raise ValueError("it holds other bytes than were written")
