"""One table while rules are matched against it: the views of its fields and the rows that each atom was met in."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from soc.condition.numbers import needs_digits
from soc.condition.predicate import compile, value_test
from soc.condition.tree import Cidr, Compare, Exists, FieldRef, TimePart
from soc.condition.values import LABEL, YEARS
from soc.fields import Catalogue
from soc.match.bits import every_row, of_rows, pieces, row_numbers
from soc.match.columns import values_of
from soc.match.lines import LINE, lines_of
from soc.match.scanner import Scanner
from soc.match.view import View, view_of

Single = Exists | Cidr | Compare | TimePart
_STANDS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}


class Batch:
    """`met`: by atom the rows that meet it, as bits (`soc.match.bits`); atoms without rows are not in it."""

    def __init__(self, table: Any) -> None:
        self.table = table
        self.height: int = table.num_rows
        self.every = every_row(self.height)
        self.met: dict[int, int] = {}
        self._views: dict[str, View | None] = {}
        self._singles: dict[Single, int] = {}

    def view(self, field: str) -> View | None:
        """The field's view; None where the table has no such column."""
        if field not in self._views:
            self._views[field] = lines_of(self.table) if field == LINE else view_of(self.table, field)
        return self._views[field]

    def scan(self, field: str, scanner: Scanner) -> None:
        """Finds the rows of the scanner's atoms."""
        view = self.view(field)
        if view is None or view.kind == "other":
            return
        numbers = np.array(view.scanned(scanner), dtype=np.int64)
        if not numbers.any():
            return
        met, group_of_text = np.unique(np.append(numbers, 0), return_inverse=True)  # the 0 at the end: the code of no value is -1
        group_of_item = group_of_text[view.codes]
        signatures = [scanner.signatures[number] for number in met.tolist()]
        atoms = np.fromiter(chain.from_iterable(signatures), np.int64)
        groups = np.repeat(np.arange(len(met)), [len(signature) for signature in signatures])
        chosen = np.zeros(len(met), dtype=bool)
        for atom, having in pieces(atoms, groups):
            chosen[having] = True
            self.met[atom] = of_rows(view.rows(np.flatnonzero(chosen[group_of_item])), self.height)
            chosen[having] = False

    def scan_numbers(self, field: str, kind: str, wanted: Mapping[int | float, int]) -> None:
        """Finds the rows of equalities with numbers, or with truth values: `wanted` gives the atom of each."""
        view = self.view(field)
        if view is None or view.kind != kind:
            return
        sought = np.array(sorted(wanted), dtype=view.numbers.dtype)
        places = np.searchsorted(sought, view.numbers).clip(max=len(sought) - 1)
        found = np.flatnonzero(sought[places] == view.numbers)
        for place, items in pieces(places[found], view.present[found]):
            atom = wanted.get(sought[place].item())
            if atom is not None:  # else a fraction was sought in a column of whole numbers
                self.met[atom] = of_rows(view.rows(items), self.height)

    def single(self, leaf: Single) -> int:
        """The rows that meet a leaf which numpy answers for the whole column at once."""
        if leaf not in self._singles:
            view = self.view(leaf.field)
            items = None if view is None else _ITEMS[type(leaf)](leaf, view)
            self._singles[leaf] = 0 if view is None or items is None else of_rows(view.rows(items), self.height)
        return self._singles[leaf]

    def pairs(self, leaf: FieldRef, catalogue: Catalogue, candidates: int) -> int:
        """The candidates that meet a leaf over two fields: the predicate is asked, once per pair of values."""
        numbers = row_numbers(candidates, self.height)
        test, known = compile(leaf, catalogue), dict[tuple[str, str], bool]()
        met = []
        for number, one, other in zip(numbers.tolist(), self._taken(leaf.field, numbers), self._taken(leaf.other, numbers), strict=True):
            if one is None or other is None:
                continue
            pair = repr(one), repr(other)
            if pair not in known:
                known[pair] = test(_event({leaf.field: one, leaf.other: other}))
            if known[pair]:
                met.append(number)
        return of_rows(np.array(met, dtype=np.int64), self.height)

    def _taken(self, field: str, numbers: Any) -> list[Any]:
        name = "labels" if field.startswith(LABEL) else field
        if name not in self.table.column_names:
            return [None] * len(numbers)
        values = values_of(self.table[name].take(pa.array(numbers)))
        return [(value or {}).get(field[len(LABEL) :]) for value in values] if name != field else values


def _event(values: Mapping[str, Any]) -> dict[str, Any]:
    """The event with these values, labels in their place."""
    event = {name: value for name, value in values.items() if not name.startswith(LABEL)}
    labels = {name[len(LABEL) :]: value for name, value in values.items() if name.startswith(LABEL)}
    return {**event, "labels": labels} if labels else event


def _existing(leaf: Exists, view: View) -> Any:
    return view.present


def _compared(leaf: Compare, view: View) -> Any:
    stands = _STANDS[leaf.op]
    if view.kind == "number":
        return view.present[stands(view.numbers, leaf.number)]
    if view.kind != "text":
        return None
    if needs_digits(leaf.number):
        met = list(map(value_test(leaf, "keyword"), view.texts))
    else:
        met = stands(view.spelt, leaf.number)
    return np.flatnonzero(np.append(met, False)[view.codes])


def _inside(leaf: Cidr, view: View) -> Any:
    if view.kind != "text":
        return None
    network, (places, values, longer) = ip_network(leaf.network), view.addresses
    inside = np.zeros(len(view.texts) + 1, dtype=bool)
    if network.version == 4:
        inside[places] = (values & int(network.netmask)) == int(network.network_address)
    else:
        mask, prefix = int(network.netmask), int(network.network_address)
        inside[[place for place, value in longer.items() if value & mask == prefix]] = True
    return np.flatnonzero(inside[view.codes])


def _timed(leaf: TimePart, view: View) -> Any:
    if view.kind != "number":
        return None
    believable = (view.numbers >= YEARS[0]) & (view.numbers <= YEARS[1])
    parts = time_parts(view.numbers[believable], leaf.part)
    return view.present[believable][_STANDS[leaf.op](parts, leaf.number)]


def time_parts(moments: Any, part: str) -> Any:
    """Of each moment (whole microseconds, within `YEARS`) the minute, hour, day of the month, ISO 8601 week, month or year."""
    when = moments.astype(np.int64)
    if part in ("minute", "hour"):
        return when // 60_000_000 % 60 if part == "minute" else when // 3_600_000_000 % 24
    days = when // 86_400_000_000
    if part == "week":  # the week belongs to the year that its Thursday lies in
        thursdays = (days - (days + 3) % 7 + 3).astype("datetime64[D]")
        return (thursdays - thursdays.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64) // 7 + 1
    dates = days.astype("datetime64[D]")
    if part == "day":
        return (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
    months = dates.astype("datetime64[M]").astype(np.int64)
    return months % 12 + 1 if part == "month" else months // 12 + 1970


_ITEMS: dict[type, Callable[[Any, View], Any]] = {Exists: _existing, Compare: _compared, Cidr: _inside, TimePart: _timed}
