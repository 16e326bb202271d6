"""Sums over the rows of alerts, of what these have counted and of coverage: what another hand has altered, added or taken out is named.

Each row of `SUMMED` holds in `sum` BLAKE2b-128 over its table's name and its other columns, as Python's `ascii` writes them. `meta` holds
per table a total: the sums' own digests, added up as numbers of 128 bits, so that it follows each change and the order of rows does not
matter. They have no key, as the log of a case has none: whoever may write the desk can forge them, so a backup elsewhere is what proves a
desk against them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, delete, insert, select, update

from soc.desk.database.damage import whole
from soc.desk.database.schema import alerts, counted, coverage, extents, gaps, meta
from soc.desk.database.session import Session

_FROM_FOUR = (alerts, extents, coverage, gaps)  # had no sums before schema 4
SUMMED = (*_FROM_FOUR, counted)
SUM = "sum"
UNSOUND = "altered"  # the sum of a row that soc itself has made of one that another hand had altered
_MODULUS = 1 << 128
_TOTAL = "sum of {}"  # a row of `meta`


class Summed(Session):
    """Writes to the tables of `SUMMED`. What their totals change by is put down when the transaction ends."""

    def put_summed(self, table: Table, rows: Sequence[Mapping[str, Any]], *, unsound: bool = False) -> None:
        """Inserts rows; none is no statement. `unsound`: they come of a row that was altered, and stay named."""
        summed = [{**row, SUM: UNSOUND if unsound else sum_of(table, row)} for row in rows]
        self.put(table, summed)
        self._count(table, (row[SUM] for row in summed))

    def take(self, table: Table, *where: Any) -> bool:
        """Deletes rows; returns whether all of them were sound."""
        rows = self.connection.execute(select(table).where(*where)).all()
        self.connection.execute(delete(table).where(*where))
        self._count(table, (row._mapping[SUM] for row in rows), -1)
        return all(is_sound(table, row) for row in rows)

    def change(self, table: Table, changes: Sequence[tuple[Row[Any], dict[str, Any]]]) -> None:
        """Rows as they were read, each with its new values, of the same columns. One that is not sound does not become it."""
        new = [{**values, SUM: sum_of(table, row._asdict() | values) if is_sound(table, row) else UNSOUND} for row, values in changes]
        put_values(self.connection, table, [(row, values) for (row, _), values in zip(changes, new, strict=True)])
        self._count(table, (row._mapping[SUM] for row, _ in changes), -1)
        self._count(table, (values[SUM] for values in new))

    def settle(self) -> None:
        """Puts down what the totals have changed by. The last statement of a transaction."""
        for name, more in self.totals.items():
            if more % _MODULUS:
                put_total(self.connection, name, (total_of(self.connection, name) + more) % _MODULUS)
        self.totals.clear()

    def verify_sums(self) -> list[str]:
        """What another hand than soc's has done to the rows, each as one sentence; empty when nothing was."""
        return [fault for table in SUMMED for fault in _faults(self.connection, table)]

    def _count(self, table: Table, sums: Iterable[Any], sign: int = 1) -> None:
        self.totals[table.name] += sign * sum(map(_number, sums))


def sum_of(table: Table, row: Mapping[str, Any]) -> str:
    """What stands in `sum` of a row with these values; a column that is missing is null. A row's bare number does not count."""
    values = ascii((table.name, *map(row.get, _names(table))))  # tells texts, bytes and numbers apart, alike in every release of Python
    return blake2b(values.encode(), digest_size=16).hexdigest()


def is_sound(table: Table, row: Row[Any]) -> bool:
    """Whether a row, read with all its columns, is as soc wrote it."""
    held = row._asdict()
    return bool(held[SUM] == sum_of(table, held))


def total_of(connection: Connection, name: str) -> int:
    """The total of a table. Raises DeskError when it is none."""
    found = connection.execute(select(meta.c.value).where(meta.c.name == _TOTAL.format(name))).scalar()
    with whole("meta", _TOTAL.format(name)):
        return int(found or "0", 16)


def put_total(connection: Connection, name: str, total: int) -> None:
    """Remembers it."""
    key = _TOTAL.format(name)
    connection.execute(delete(meta).where(meta.c.name == key))
    connection.execute(insert(meta).values(name=key, value=f"{total:032x}"))


def add_sums(connection: Connection) -> None:
    """Gives a desk that had none its columns and totals, of the rows as they are."""
    for table in _FROM_FOUR:
        kind = table.c[SUM].type.compile(connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {SUM} {kind} NOT NULL DEFAULT ''")
        rows = connection.execute(select(table)).all()
        sums = [sum_of(table, row._asdict()) for row in rows]
        put_values(connection, table, [(row, {SUM: summed}) for row, summed in zip(rows, sums, strict=True)])
        put_total(connection, table.name, sum(map(_number, sums)) % _MODULUS)


def put_values(connection: Connection, table: Table, changes: Sequence[tuple[Row[Any], Mapping[str, Any]]]) -> None:
    """New values, of the same columns, of each of these rows; none is no statement."""
    if not changes:
        return
    here = [column == bindparam(f"this_{column.name}") for column in table.primary_key]
    statement = update(table).where(*here).values({name: bindparam(f"new_{name}") for name in changes[0][1]})
    this = [{f"this_{column.name}": row._mapping[column.name] for column in table.primary_key} for row, _ in changes]
    new = [{f"new_{name}": value for name, value in values.items()} for _, values in changes]
    connection.execute(statement, [{**place, **values} for place, values in zip(this, new, strict=True)])


def _faults(connection: Connection, table: Table) -> list[str]:
    faults, total = [], 0
    for row in connection.execute(select(table).order_by(*table.primary_key)):
        total += _number(row._mapping[SUM])
        if not is_sound(table, row):
            place = " ".join(str(row._mapping[column.name]) for column in table.primary_key)
            faults.append(f"table {table.name}, row {place}: was altered by another hand than soc's")
    if total % _MODULUS != total_of(connection, table.name):
        faults.append(f"table {table.name}: rows were added, altered or taken out by another hand than soc's")
    return faults


@cache
def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.name != SUM and column is not table.autoincrement_column]


def _number(summed: Any) -> int:
    return int.from_bytes(blake2b(str(summed).encode(), digest_size=16).digest(), "big")
