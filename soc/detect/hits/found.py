"""Events that met a selection become hits: their group and what is counted of them, told by column where there are many.

A group is named by canonical JSON. Of many events few groups are different, so a name is made once for each; where there are few
events, or a field holds lists (`soc.detect.hits.keys.keys`), event by event.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from soc.condition.fold import fold
from soc.detect.hits.keys import DEFAULT_KEY, SIDES, as_text, default_key, institution, keys, texts
from soc.detect.rules.identity import hit_name
from soc.detect.rules.rule import Rule
from soc.fields import REPEATED
from soc.match.columns import values_of
from soc.match.hits import HELD, Row, codes_of, column_of, from_columns, joined, times_of, to_table
from soc.model import UNKNOWN
from soc.text import canonical_json

FEW = 48  # events up to which one by one is faster
Coded = tuple[Any, list[str]]  # codes, -1 for none, and the distinct texts that they stand for


class Found:
    """Hits as they are found."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._tables: list[Any] = []

    def add(self, rule: Rule, part: Rule, events: Events, kept: Any) -> int:
        """The hits that these events (places, ascending) of `part` are for `rule`; returns how many have no value to group by."""
        if len(kept) > FEW and (made := _columns(rule, part, events, kept)) is not None:
            self._tables.append(made)
            return len(kept) - int(made.num_rows)
        before, keyless = len(self._rows), 0
        for place in kept.tolist():
            before = len(self._rows)
            self._rows += _hits(rule, part, events, place)
            keyless += len(self._rows) == before
        return keyless

    def table(self) -> Any:
        """All of them."""
        return joined([*self._tables, to_table(self._rows)] if self._rows else self._tables)


class Events:
    """Some rows of a table, whose columns are taken out when they are asked for."""

    def __init__(self, table: Any, numbers: Any) -> None:
        self.numbers = numbers
        self._table, self._names = table, frozenset(table.column_names)
        self._columns: dict[str, list[Any]] = {}
        self._coded: dict[tuple[str, bool], Coded | None] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    def taken(self, name: str) -> Any:
        """The column of a field that the table has."""
        return self._table.column(name).take(pa.array(self.numbers))

    def column(self, name: str) -> list[Any]:
        """The values of a field, None where an event has none."""
        if name not in self._columns:
            label = name.removeprefix("labels.")
            if label != name and "labels" in self._names:
                self._columns[name] = [(value or {}).get(label) for value in values_of(self.taken("labels"))]
            else:
                self._columns[name] = values_of(self.taken(name)) if name in self._names else [None] * len(self)
        return self._columns[name]

    @cached_property
    def times(self) -> Any:
        """How many messages each event stands for; null for one."""
        if REPEATED not in self._names:
            return pa.nulls(len(self), HELD.field("times").type)
        return pa.array(map(times_of, self.column(REPEATED)), HELD.field("times").type)

    def getter(self, place: int) -> Any:
        return lambda name: self.column(name)[place]

    def coded(self, name: str, *, folded: bool = True) -> Coded | None:
        """The texts of a field as codes; None where an event may have several."""
        if (name, folded) not in self._coded:
            self._coded[name, folded] = self._code(name, folded)
        return self._coded[name, folded]

    def _code(self, name: str, folded: bool) -> Coded | None:
        if name not in self._names:
            if name.startswith("labels."):
                return _told_apart(pa.array(self.column(name), pa.string()).dictionary_encode(), folded)
            return np.full(len(self), -1), []
        column = self.taken(name)
        if pa.types.is_nested(column.type) and not pa.types.is_dictionary(column.type):
            return None
        return _told_apart(column if pa.types.is_dictionary(column.type) else column.dictionary_encode(), folded)


def _told_apart(column: Any, folded: bool) -> Coded:
    """Codes by text: values that are written alike are one."""
    codes, dictionary = codes_of(pa.chunked_array([column]) if isinstance(column, pa.Array) else column)
    written = [as_text(value) for value in values_of(dictionary)]
    distinct: dict[str, int] = {}
    place = np.array([distinct.setdefault(fold(text) if folded else text, len(distinct)) for text in written] + [-1], np.int64)
    return place[codes], list(distinct)


def _columns(rule: Rule, part: Rule, events: Events, kept: Any) -> Any | None:
    """A table of the hits; None where some field may hold several values."""
    key, value = _keys(rule, part, events), _counted(rule, part, events)
    if key is None or value is None:
        return None
    kept = kept[key[0][kept] >= 0]
    whose = _institutions(rule, events)
    return from_columns(
        len(kept),
        {
            "rule": hit_name(rule),
            "part": part.id,
            "time": events.taken("@timestamp").cast(pa.int64()).take(pa.array(kept)),
            "institution": column_of(whose[0][kept], whose[1]),
            "key": column_of(key[0][kept], key[1]),
            "value": column_of(value[0][kept], value[1]),
            "event": events.taken("event.id").take(pa.array(kept)).cast(HELD.field("event").type),
            "times": events.times.take(pa.array(kept)),
        },
    )


def _keys(rule: Rule, part: Rule, events: Events) -> Coded | None:
    """The name of each event's group."""
    correlation = rule.correlation
    names = correlation.group_by if correlation else rule.tuning.key
    if names is None:
        return _first_present(events)
    fields = [events.coded(correlation.field_of(name, part.id) if correlation else name) for name in names]
    return _named(fields, len(events), lambda some: canonical_json(dict(zip(names, some, strict=True))).decode())


def _counted(rule: Rule, part: Rule, events: Events) -> Coded | None:
    """What value_count counts: the value of the field, or the tuple of those of several."""
    names = rule.correlation.fields if rule.correlation else ()
    if not names or rule.correlation is None:
        return np.full(len(events), -1), []
    fields = [events.coded(rule.correlation.field_of(name, part.id)) for name in names]
    return _named(fields, len(events), lambda some: canonical_json(some if len(some) == 1 else [[one] for one in some]).decode())


def _named(fields: Sequence[Coded | None], rows: int, name: Any) -> Coded | None:
    """A name for each combination of texts that occurs, and none where one of them is missing."""
    known = [field for field in fields if field is not None]
    if len(known) < len(fields):
        return None
    together, missing = np.zeros(rows, np.int64), np.zeros(rows, bool)
    for codes, texts_of in known:
        missing |= codes < 0
        _, together = np.unique(together * (len(texts_of) + 1) + codes + 1, return_inverse=True)
    _, first, place = np.unique(together, return_index=True, return_inverse=True)
    made = [name([some[codes[row]] for codes, some in known]) if not missing[row] else "" for row in first.tolist()]
    return np.where(missing, -1, place), made


def _first_present(events: Events) -> Coded | None:
    """See `soc.detect.hits.keys.default_key`."""
    codes, made = np.zeros(len(events), np.int64), [canonical_json({}).decode()]
    for name in reversed(DEFAULT_KEY):
        if (field := events.coded(name)) is None:
            return None
        codes = np.where(field[0] >= 0, field[0] + len(made), codes)
        made += [canonical_json({name: text}).decode() for text in field[1]]
    return codes, made


def _institutions(rule: Rule, events: Events) -> Coded:
    """See `soc.detect.hits.keys.institution`."""
    codes, made = np.zeros(len(events), np.int64), {UNKNOWN: 0}
    for side in reversed((rule.tuning.side,) if rule.tuning.side else SIDES):
        field = events.coded(f"soc.institution.{side}", folded=False)
        assert field is not None  # declared as one keyword
        place = np.array([made.setdefault(text, len(made)) if text else -1 for text in field[1]] + [-1], np.int64)
        codes = np.where(place[field[0]] >= 0, place[field[0]], codes)
    return codes, list(made)


def _hits(rule: Rule, part: Rule, events: Events, place: int) -> Iterator[Row]:
    """The hits that one event of `part` is for `rule`: the same rule, or a correlation that counts it."""
    get, correlation = events.getter(place), rule.correlation
    group_by = correlation.group_by if correlation else rule.tuning.key
    aliases = {group: correlation.field_of(group, part.id) for group in correlation.group_by} if correlation else {}
    counted = [correlation.field_of(one, part.id) for one in correlation.fields] if correlation else []
    groups = [default_key(get)] if group_by is None else keys(get, group_by, aliases)
    whose = institution(get, rule.tuning.side)
    for value in _values(get, counted):
        for key in groups:
            yield hit_name(rule), part.id, get("@timestamp"), whose, key.decode(), value, get("event.id"), times_of(get(REPEATED))


def _values(get: Any, counted: Sequence[str]) -> list[str | None]:
    """What value_count counts: one per value of the field, or the tuple of several fields; [None] where one is missing."""
    if not counted:
        return [None]
    if len(counted) == 1:
        return [canonical_json([text]).decode() for text in texts(get(counted[0]))] or [None]
    values = [texts(get(name)) for name in counted]
    return [canonical_json(values).decode() if all(values) else None]
