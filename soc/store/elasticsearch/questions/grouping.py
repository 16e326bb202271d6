"""Events counted in groups by the server, so that what cannot reach a bound need not be read.

A composite aggregation is complete, however many groups there are, and exact, unlike `terms` and `cardinality`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from soc.condition.dsl_query import Body
from soc.condition.indexed import folded
from soc.condition.values import LABEL
from soc.fields import Catalogue
from soc.store.elasticsearch.documents.mapping import LONG_TEXTS
from soc.store.elasticsearch.questions.questions import Asked
from soc.store.elasticsearch.server.asking import among
from soc.store.groups import GROUPED, Groups, Key, as_text

_NAMED = 10_000  # values of the first field that a query may be narrowed to


def groups(asked: Asked, catalogue: Catalogue, by: Sequence[str], least: int, distinct: str | None) -> dict[Key, int]:
    """See `soc.store.base.Store.groups`."""
    found = Groups(by, distinct)
    sources = [_source(field, catalogue) for field in (*by, *([distinct] if distinct else ()))]
    if not asked.exact or None in sources or asked.otherwise([*by, *filter(None, [distinct])]):
        return found.add(asked.all()).reaching(least)
    found.add(asked.rest())
    named: list[Body] = [{str(place): {"terms": {"field": source}}} for place, source in enumerate(sources)]
    for bucket in asked.buckets(named[: len(by)]):
        found.put(_key(bucket, len(by)), bucket["doc_count"])
    if distinct:
        _put_values(asked, found, named, found.with_events(1 if _several(distinct, catalogue) else least))
    return found.reaching(least)


def _put_values(asked: Asked, found: Groups, named: list[Body], worth: set[Key]) -> None:
    """The values of the groups that may have enough of them: no more than they have events, where an event has one."""
    if not worth:
        return
    first = {key[0] for key in worth}
    few = [among(named[0]["0"]["terms"]["field"], first)] if len(first) <= _NAMED else []
    for bucket in asked.buckets(named, *few):
        if (key := _key(bucket, len(named) - 1)) in worth:
            found.put(key, value=as_text(bucket["key"][str(len(key))]))


def _key(bucket: Body, fields: int) -> Key:
    return tuple(as_text(bucket["key"][str(place)]) for place in range(fields))


def _source(field: str, catalogue: Catalogue) -> Any:
    """The field of the index whose terms are the folded values; None where there is none."""
    if field.startswith(LABEL):
        return None if "\0" in field else folded(field)
    kind = catalogue.get(field)
    if kind is None or kind.type not in GROUPED or field in LONG_TEXTS:
        return None
    return field if kind.type in ("long", "bool") else folded(field)


def _several(field: str, catalogue: Catalogue) -> bool:
    """Whether one event may have several values."""
    kind = catalogue.get(field)
    return kind is not None and kind.array
