"""The types of a store's columns: fixed when a column is first written, and equal to what the catalogue says of the field."""

from __future__ import annotations

from soc.errors import StoreError
from soc.fields import Catalogue, Field
from soc.store.segments.manifest.manifest import Manifest
from soc.store.segments.manifest.rows import typed

_DUCK = {
    "keyword": "VARCHAR",
    "ip": "VARCHAR",
    "long": "BIGINT",
    "double": "DOUBLE",
    "bool": "BOOLEAN",
    "date": "TIMESTAMP WITH TIME ZONE",
    "map": "MAP(VARCHAR, VARCHAR)",
}


def column_type(field: Field) -> str:
    """The column's type as DuckDB names it; keyword and ip are both text."""
    return f"{_DUCK[field.type]}[]" if field.array else _DUCK[field.type]


def known_columns(manifest: Manifest) -> dict[str, str]:
    """Columns that some batch had, with their types, by name."""
    rows = manifest.rows("SELECT name, type FROM columns ORDER BY name")
    return {row[0]: row[1] for row in typed(manifest, "columns", (str, str), rows)}


def check_columns(manifest: Manifest, catalogue: Catalogue) -> None:
    """Raises StoreError when a field's type differs from the column's: an event could then no longer be read as it was written."""
    for name, stored in known_columns(manifest).items():
        field = catalogue.get(name)
        if field and column_type(field) != stored:
            raise StoreError(
                f"{manifest.path}: column {name!r} holds {stored}, but a parser now declares it as {column_type(field)}\n"
                "  give the field its former type or another name; a column never changes its type"
            )


def fix_columns(manifest: Manifest, catalogue: Catalogue, names: set[str], known: set[str]) -> None:
    """Records the types of columns not `known` yet. Runs inside a transaction."""
    new = sorted(names - known)
    manifest.run_many(
        "INSERT INTO columns VALUES (?, ?) ON CONFLICT(name) DO NOTHING", [(name, column_type(catalogue[name])) for name in new]
    )
