"""Whether a column holds one of some texts: one parameter however many they are, which costs a tenth of one for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Text, TypeDecorator, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from soc.desk.database.types import Words
from soc.text import canonical_json

_ROWS = {"sqlite": "(SELECT value FROM json_each({}))", "postgresql": "(SELECT json_array_elements_text(CAST({} AS json)))"}


class _List(TypeDecorator[Sequence[str]]):
    """Texts, each written as the database has it, as a list of JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> str:
        words = Words()
        return canonical_json([words.process_bind_param(text, dialect) for text in value or ()]).decode()


class _Rows(FunctionElement[Any]):
    """The texts of a list as rows."""

    inherit_cache = True
    name = "rows"


def among(column: ColumnElement[Any], texts: Iterable[str]) -> ColumnElement[bool]:
    """True for the rows whose column is one of the texts. In SQLite none may hold a NUL, at which its JSON ends."""
    return column.op("IN", is_comparison=True)(_Rows(literal(list(dict.fromkeys(texts)), _List())))


@compiles(_Rows)
def _compiled(element: _Rows, compiler: Any, **options: Any) -> str:
    return _ROWS[compiler.dialect.name].format(compiler.process(element.clauses, **options))
