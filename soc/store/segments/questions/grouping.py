"""Events counted in groups by DuckDB."""

from __future__ import annotations

from collections.abc import Sequence

from soc.condition.tree import Node
from soc.condition.values import LABEL
from soc.match.columns import values_of
from soc.model import Window
from soc.store.groups import GROUPED, Groups, Key
from soc.store.segments.questions.reader import Reader
from soc.store.segments.questions.relation import Relation


def groups(reader: Reader, node: Node, window: Window, by: Sequence[str], least: int, distinct: str | None) -> dict[Key, int]:
    """See `soc.store.base.Store.groups`."""
    fields = (*by, *([distinct] if distinct else ()))
    if not all(_served(reader, field) for field in fields):
        return Groups(by, distinct).add(reader.select(node, window, None, False)).reaching(least)
    keys = [f"k{place}" for place in range(len(by))]

    def question(relation: Relation) -> str | None:
        columns = [_text(reader, field, relation) for field in fields]
        if None in columns:
            return None
        inner = ", ".join(f"{column} AS {alias}" for column, alias in zip(columns, (*keys, "v"), strict=False))
        number = "count(DISTINCT v)" if distinct else "count(*)"
        return (
            f"SELECT {', '.join(keys)}, {number} AS n"
            f" FROM (SELECT {inner} FROM {relation.sql()} WHERE {reader.where(node, window, relation)})"
            f" WHERE {' AND '.join(f'{key} IS NOT NULL' for key in keys)} GROUP BY {', '.join(keys)} HAVING n >= {int(least)}"
        )

    rows = [row for table in reader.tables(window, question) for row in zip(*map(values_of, table.columns), strict=True)]
    return {tuple(key): number for *key, number in sorted(rows)}


def _served(reader: Reader, field: str) -> bool:
    known = reader.catalogue.get(field)
    return field.startswith(LABEL) or (known is not None and known.type in GROUPED and not known.array)


def _text(reader: Reader, field: str, relation: Relation) -> str | None:
    """The folded text of the field; None when no segment has it."""
    column = reader.column(field, relation)
    known = reader.catalogue.get(field)
    if column is None or known is None or known.type in ("keyword", "ip"):
        return column and f"lower({column})"
    return f"CAST({column} AS VARCHAR)"
