"""The desk's column types, where the two databases differ."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up an INTEGER key alone


class Words(TypeDecorator[str]):
    """Text of any characters but surrogates, compared and sorted by code point.

    PostgreSQL's text has no U+0000: there it is written U+0001 U+0001, and U+0001 is written U+0001 U+0002. The order is kept.
    """

    impl = Text
    cache_ok = True

    @property
    def python_type(self) -> type[str]:
        return str

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text(collation="C") if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or dialect.name == "sqlite":
            return value
        return value.replace("\x01", "\x01\x02").replace("\x00", "\x01\x01")

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        text: str | None = value  # in SQLite perhaps of another type, see `soc.desk.database.damage`
        if text is None or dialect.name == "sqlite":
            return text
        return text.replace("\x01\x01", "\x00").replace("\x01\x02", "\x01")
