"""A batch without most of the events that a condition does not concern: what a look-back with a few rules reads."""

from __future__ import annotations

from collections.abc import Collection

import orjson

from soc.condition.dsl import to_dsl
from soc.condition.dsl_query import and_
from soc.condition.tree import Node, fields
from soc.errors import ConditionError
from soc.fields import BATCH
from soc.store.base import Tables
from soc.store.elasticsearch.questions.matching import BYTES
from soc.store.elasticsearch.questions.questions import Otherwise
from soc.store.elasticsearch.questions.reader import read_numbers
from soc.store.elasticsearch.server.asking import among
from soc.store.elasticsearch.server.cluster import Core


def read_meeting(core: Core, number: int, node: Node, columns: Collection[str], otherwise: Otherwise) -> Tables | None:
    """See `soc.store.base.Store.meeting`. Raises StoreError."""
    rows = core.register.numbered([number])
    if any(row.absorbs for row in rows):
        return None
    try:
        query = to_dsl(node, core.catalogue, otherwise(fields(node))).body
    except ConditionError:
        return None
    if len(orjson.dumps(query)) > BYTES:
        return None
    return read_numbers(core, {number: number}, columns, and_((among(BATCH, [number]), query))) if rows else {}
