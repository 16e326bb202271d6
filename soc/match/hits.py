"""Hits as columns: which event met which selection, for which rule, in which group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from soc.model import Window

HITS = pa.schema(
    [
        ("rule", pa.string()),  # the rule, or the correlation that the hit is counted for
        ("part", pa.string()),  # the rule whose selection was hit: differs from `rule` in a correlation
        ("time", pa.int64()),  # @timestamp of the event
        ("institution", pa.string()),
        ("key", pa.string()),  # canonical JSON: folded group value by field
        ("value", pa.string()),  # canonical JSON of the counted values; null when nothing is counted
        ("event", pa.string()),  # event.id
    ]
)

Group = tuple[str, str]
"""Institution and key, as in the columns of these names."""


class Hit(NamedTuple):
    """One hit within a group. `event` makes it distinct, `origin` is the event that people are shown: the same but in chains."""

    time: int
    event: str
    part: str
    value: str | None
    origin: str


Row = tuple[str, str, int, str, str, str | None, str]


def to_table(rows: Iterable[Row]) -> pa.Table:
    """Rows in the order of HITS as a table, in the same order."""
    columns = list(zip(*rows, strict=True)) or [()] * len(HITS)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, HITS, strict=True)], schema=HITS)


def concat(tables: list[pa.Table]) -> pa.Table:
    """The rows of all tables, in turn."""
    return pa.concat_tables(tables) if tables else HITS.empty_table()


def by_rule(table: pa.Table) -> Iterator[tuple[str, dict[Group, list[Hit]]]]:
    """Per rule, its groups, each with its hits sorted by time, then event, part and value; rules and groups sorted too."""
    ordered = table.sort_by([(name, "ascending") for name in ("rule", "institution", "key", "time", "event", "part", "value")])
    shared = [_shared(ordered.column(name)) for name in ("rule", "part", "institution", "key", "value")]
    own = [ordered.column(name).to_pylist() for name in ("time", "event")]
    rule: str | None = None
    groups: dict[Group, list[Hit]] = {}
    group: Group | None = None
    hits: list[Hit] = []
    for name, part, institution, key, value, time, event in zip(*shared, *own, strict=True):
        if name != rule:
            if rule is not None:
                yield rule, groups
            rule, groups, group = name, {}, None
        if (institution, key) != group:
            group = (institution, key)
            hits = groups[group] = []
        hits.append(Hit(time, event, part, value, event))
    if rule is not None:
        yield rule, groups


def _shared(column: pa.ChunkedArray) -> list[Any]:
    """The texts, equal ones as one object: thousands of hits have a rule and a key in common."""
    encoded = column.combine_chunks().dictionary_encode()
    texts = [*encoded.dictionary.to_pylist(), None]
    return [texts[place] for place in encoded.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False).tolist()]


def within(table: pa.Table, rules: Iterable[str], window: Window) -> pa.Table:
    """The distinct hits of these rules in the window: what a store's `hits` returns, from a table at hand."""
    named = pc.is_in(table["rule"], pa.array(sorted(rules), pa.string()))
    timed = pc.and_(pc.greater_equal(table["time"], window.since), pc.less(table["time"], window.until))
    found = table.filter(pc.and_(named, timed))
    return found.group_by(found.column_names).aggregate([]).select(found.column_names)
