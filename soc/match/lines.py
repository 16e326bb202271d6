"""The lines of a table as the matcher reads them: what keywords are looked for in (`soc.condition.line`)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from soc.match.scanner import Scanner
from soc.match.view import View, one_array

LINE = ""  # the field of keywords


class LineView(View):
    """Lines hardly ever repeat: each is its own distinct value. `originals`, `messages`: what events have of either."""

    def __init__(self, originals: Any | None, messages: Any | None) -> None:
        some = [column for column in (originals, messages) if column is not None]
        super().__init__(some[0] if len(some) == 1 or not some[0].null_count else pc.coalesce(*some))
        self._originals, self._messages = originals, messages

    @cached_property
    def _encoded(self) -> tuple[list[str], Any]:
        texts: list[str] = self.items.drop_null().to_pylist()
        codes = np.full(len(self.items), -1, dtype=np.int64)
        codes[self.present] = np.arange(len(texts))
        return texts, codes

    def scanned(self, scanner: Scanner) -> list[int]:
        numbers, codes = super().scanned(scanner), self.codes
        rows = self._structured
        messages = [None] * len(rows) if self._messages is None else self._messages.take(pa.array(rows)).to_pylist()
        for place, message in zip(codes[rows].tolist(), messages, strict=True):
            numbers[place] = scanner.number_of_line(self.texts[place], message, numbers[place])
        return numbers

    @property
    def _structured(self) -> Any:
        """The rows whose line may be JSON."""
        if self._originals is None:
            return np.zeros(0, np.int64)
        return np.flatnonzero(pc.match_substring(self._originals, "{").fill_null(False).to_numpy(zero_copy_only=False))


def lines_of(table: Any) -> LineView | None:
    """The view of a table's lines; None where it has neither lines nor messages."""
    originals, messages = (_texts(table[name]) if name in table.column_names else None for name in ("event.original", "message"))
    return None if originals is None and messages is None else LineView(originals, messages)


def _texts(column: Any) -> Any:
    items = one_array(column)
    return items.cast(items.type.value_type) if pa.types.is_dictionary(items.type) else items
