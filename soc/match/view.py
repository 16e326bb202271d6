"""A field of a table as the matcher reads it: distinct values, and which row has which."""

from __future__ import annotations

from functools import cached_property
from socket import AF_INET, inet_ntoa, inet_pton
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from soc.condition.predicate import address_in
from soc.condition.values import LABEL, canonical, number_in
from soc.match.scanner import Scanner


class View:
    """One field's values, item by item: an item is a row, or an element of a row's list.

    `rows`: the row of each item; `items`: the values, nulls included. Both in row order.
    """

    def __init__(self, column: Any) -> None:
        items = one_array(column)
        self.height = len(items)
        self._parents = None
        if pa.types.is_list(items.type) or pa.types.is_large_list(items.type):
            self._parents = pc.list_parent_indices(items).to_numpy()
            items = one_array(items.flatten())
        if pa.types.is_dictionary(items.type) and not pa.types.is_string(items.type.value_type):
            items = items.cast(items.type.value_type)
        self.items = items

    def rows(self, items: Any) -> Any:
        """The rows of these items (numbers)."""
        return items if self._parents is None else self._parents[items]

    @cached_property
    def kind(self) -> str:
        """text, number, bool or other, by the column's own type."""
        kind = self.items.type.value_type if pa.types.is_dictionary(self.items.type) else self.items.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return "text"
        if pa.types.is_boolean(kind):
            return "bool"
        return "number" if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_timestamp(kind) else "other"

    @cached_property
    def present(self) -> Any:
        """The items that have a value (numbers)."""
        if not self.items.null_count:
            return np.arange(len(self.items))
        return np.flatnonzero(self.items.is_valid().to_numpy(zero_copy_only=False))

    @cached_property
    def numbers(self) -> Any:
        """The values of `present` as int64 or float64: moments in microseconds, false and true as 0 and 1."""
        items = self.items.drop_null()
        if pa.types.is_timestamp(items.type):
            items = items.cast(pa.timestamp("us", tz=items.type.tz)).cast(pa.int64())
        elif not pa.types.is_floating(items.type):
            items = items.cast(pa.int64())
        return items.to_numpy(zero_copy_only=False)

    @cached_property
    def _encoded(self) -> tuple[list[str], Any]:
        encoded = self.items if pa.types.is_dictionary(self.items.type) else self.items.dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        values = encoded.dictionary.to_pylist()
        return (values if self.kind == "text" else [canonical(value) for value in values]), codes

    @property
    def texts(self) -> list[str]:
        """The distinct values as canonical text."""
        return self._encoded[0]

    @property
    def codes(self) -> Any:
        """The place of each item's value in `texts`; -1 where it has none."""
        return self._encoded[1]

    def scanned(self, scanner: Scanner) -> list[int]:
        """Of each of `texts` the number of its signature."""
        return scanner.numbers(self.texts)

    @cached_property
    def spelt(self) -> Any:
        """The numbers that `texts` spell, nan where one spells none."""
        return np.array([np.nan if (number := number_in(text)) is None else number for text in self.texts], dtype=np.float64)

    @cached_property
    def addresses(self) -> tuple[Any, Any, dict[int, int]]:
        """The addresses that `texts` spell: places and values of IPv4, and IPv6 by place."""
        places, values, longer = [], [], {}
        for place, text in enumerate(self.texts):
            number = ipv4(text)
            if number is None and (":" in text or "%" in text) and (address := address_in(text)) is not None:
                if address.version == 6:
                    longer[place] = int(address)
                else:
                    number = int(address)
            if number is not None:
                places.append(place)
                values.append(number)
        return np.array(places, dtype=np.int64), np.array(values, dtype=np.int64), longer


def view_of(table: Any, field: str) -> View | None:
    """The view of a field; None where the table has no such column."""
    names = table.column_names
    if not field.startswith(LABEL):
        return View(table[field]) if field in names else None
    if "labels" not in names:
        return None
    return View(pc.map_lookup(one_array(table["labels"]), pa.scalar(field[len(LABEL) :]), "first"))


def ipv4(text: str) -> int | None:
    """The number of an IPv4 address in four decimal parts; None for any other text."""
    try:
        packed = inet_pton(AF_INET, text)
    except (OSError, ValueError):  # ValueError: a null character
        return None
    if inet_ntoa(packed) == text:
        return int.from_bytes(packed, "big")
    address = address_in(text)  # some systems read leading zeros
    return None if address is None else int(address)


def one_array(column: Any) -> Any:
    """The column in one piece."""
    if isinstance(column, pa.ChunkedArray):
        if pa.types.is_dictionary(column.type):
            column = column.unify_dictionaries()
        return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return column
