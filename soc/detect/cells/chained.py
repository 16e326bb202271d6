"""The triggers of a child as hits of its parent, each with the fields of the event that made it.

Most parents group by names in their child's key, which tells the parent's group. Others look the event up: its hit for the parent
(`soc.detect.rules.rule.carriers`) has the parent's key and value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from soc.detect.cells.layer import Below, Layer
from soc.detect.cells.series import Series
from soc.detect.rules.rule import Rule
from soc.match.hits import Group
from soc.text import canonical_json


def rekey(parent: Rule, child: str, group: Group) -> Group | None:
    """The parent's group that a child's group belongs to; None when the child's key does not tell it."""
    correlation = parent.correlation
    if correlation is None or child in correlation.looked_up:
        return None
    key = orjson.loads(group[1])
    own = {name: key.get(correlation.field_of(name, child)) for name in correlation.group_by}
    return None if None in own.values() else (group[0], canonical_json(own).decode())


def with_triggers(parent: Rule, series: Series, carried: Series, child: Layer) -> tuple[Series, Below]:
    """The series with the child's triggers as hits, not yet in order. `carried`: the hits that tell what is looked up, coded as the series.

    A trigger is an event to the parent that is told apart by the child's group and the event that made it.
    """
    rows = np.flatnonzero(child.met)
    size = max(len(child.series.names), 1)
    made, which = np.unique(child.series.group[rows].astype(np.int64) * size + child.series.event[rows], return_inverse=True)
    below = Below(child, len(series.names), made // size, child.made.take(pa.array(made % size)))
    looked_up = parent.correlation is not None and child.rule.id in parent.correlation.looked_up
    groups, values = (
        {group: code for code, group in enumerate(series.groups)},
        {text: n for n, text in enumerate(series.values.to_pylist())},
    )
    if looked_up:
        trigger, group, value = _looked_up(parent, carried, below)
    else:
        trigger, group, value = _told(parent, below, groups, values)
    at, of = _spread(which, trigger, len(made))
    added = {
        "group": group[of],
        "time": child.series.time[rows[at]],
        "event": which[at] + below.first,
        "part": np.full(len(at), len(series.parts)),
        "value": value[of],
        "times": np.ones(len(at), np.int64),
        "new": np.zeros(len(at), bool),
    }
    columns = {name: np.concatenate([getattr(series, name), more]) for name, more in added.items()}
    names = pa.concat_arrays([series.names, _names(below)])
    texts = pa.array(list(values), pa.string())
    return replace(series, groups=list(groups), parts=[*series.parts, child.rule.id], names=names, values=texts, **columns), below


def _names(below: Below) -> Any:
    """A name for each trigger that no event and no other child's trigger has."""
    groups = [f"{below.layer.rule.id} {whose} {key} " for whose, key in below.layer.series.groups]
    prefix = pa.array(groups, pa.large_string()).take(pa.array(below.places))
    return pc.binary_join_element_wise(prefix, below.made.cast(pa.large_string()), pa.scalar("", pa.large_string()))


def _told(parent: Rule, below: Below, groups: dict[Group, int], values: dict[str, int]) -> tuple[Any, Any, Any]:
    """For each trigger (by number, ascending) its group and value, as the child's key tells them; new ones are added."""
    group, value = np.full(len(below.layer.series.groups), -1), np.full(len(below.layer.series.groups), -1)
    for place in np.unique(below.places).tolist():
        theirs = below.layer.series.groups[place]
        if (own := rekey(parent, below.layer.rule.id, theirs)) is not None:
            group[place] = groups.setdefault(own, len(groups))
            if (text := _value(parent, below.layer.rule.id, orjson.loads(theirs[1]))) is not None:
                value[place] = values.setdefault(text, len(values))
    known = np.flatnonzero(group[below.places] >= 0)
    return known, group[below.places][known], value[below.places][known]


def _value(parent: Rule, child: str, key: Mapping[str, str]) -> str | None:
    correlation = parent.correlation
    values = [key.get(correlation.field_of(name, child)) for name in correlation.fields] if correlation else []
    return None if not values or None in values else canonical_json(values).decode()


def _looked_up(parent: Rule, carried: Series, below: Below) -> tuple[Any, Any, Any]:
    """For each trigger (by number, ascending, again for each of several) the groups and values of the event that made it."""
    ids = carried.names.take(pa.array(carried.event))
    known = ids.unique()
    codes = pc.index_in(ids, value_set=known).to_numpy(zero_copy_only=False).astype(np.int64)
    order = np.argsort(codes, kind="stable")
    made = pc.index_in(below.made.cast(ids.type), value_set=known).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    found, of = _spread(made, codes[order], len(known))
    rows = order[of]
    agrees = _agreeing(parent, below, below.places[found], carried, carried.group[rows])
    return found[agrees], carried.group[rows][agrees], carried.value[rows][agrees]


def _agreeing(parent: Rule, below: Below, places: Any, carried: Series, groups: Any) -> Any:
    """Which pairs of a child's group and one of the parent's agree where both have a name: an event may be in several of each."""
    size = max(len(carried.groups), 1)
    pairs, which = np.unique(places.astype(np.int64) * size + groups, return_inverse=True)
    agree = [
        _agree(
            parent,
            below.layer.rule.id,
            orjson.loads(below.layer.series.groups[pair // size][1]),
            orjson.loads(carried.groups[pair % size][1]),
        )
        for pair in pairs.tolist()
    ]
    return np.array(agree, bool)[which]


def _agree(parent: Rule, child: str, theirs: Mapping[str, str], own: Mapping[str, str]) -> bool:
    correlation = parent.correlation
    return correlation is not None and all(theirs.get(correlation.field_of(name, child), value) == value for name, value in own.items())


def _spread(asked: Any, keys: Any, most: int) -> tuple[Any, Any]:
    """Places of `asked` and of `keys`, which ascend and are below `most`, that are equal: each pair once. What is below 0 is nowhere."""
    edges = np.searchsorted(keys, np.arange(most + 1))
    some = np.flatnonzero(asked >= 0)
    lengths = edges[asked[some] + 1] - edges[asked[some]]
    places = np.repeat(some, lengths)
    offsets = np.arange(len(places)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return places, np.repeat(edges[asked[some]], lengths) + offsets
