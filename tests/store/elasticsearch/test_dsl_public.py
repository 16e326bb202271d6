"""Every public rule as Query DSL, over the events made from the trees of its group: the server finds what the predicate finds."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from soc.condition import predicate
from soc.condition.dsl import to_dsl
from soc.condition.tree import fields
from soc.condition.witness import witnesses
from soc.fields import Catalogue
from soc.store.elasticsearch.documents.documents import from_document
from tests.test_public_rules import catalogue_for, groups, rules

__all__ = ["rules"]
pytestmark = [pytest.mark.shared, pytest.mark.cluster]  # `test_equality` asks the same rules in more ways; this counts what is exact


def events_of(group, catalogue):
    """Witnesses for and against each rule of a group."""
    found = [witnesses(node, catalogue) for node in group.values()]
    return [event for each in found for event in (*each.fires, *each.misses)]


def narrowed(catalogue, group):
    """The fields that these rules read: a small index is made in a moment."""
    names = {"labels", *(name for node in group.values() for name in fields(node))}
    return Catalogue({name: field for name, field in catalogue.items() if name in names})


def test_the_server_finds_for_every_public_rule_what_the_predicate_finds(rules, make_index, record_property):
    count: Counter[str] = Counter()
    for group in groups(rules):
        catalogue = narrowed(catalogue_for(list(group.values())), group)
        queries = {id_: to_dsl(node, catalogue) for id_, node in group.items()}
        with make_index(catalogue, events_of(group, catalogue)) as index:
            events = [from_document(document, catalogue) for document in index.documents]
            for id_, found in zip(group, index.found(list(queries.values())), strict=True):
                meets = predicate.compile(group[id_], catalogue)
                met = {row for row, event in enumerate(events) if meets(event)}
                assert met <= found, (rules[id_].title, queries[id_].body)
                assert found == met or not queries[id_].exact, (rules[id_].title, queries[id_].body)
                count["hits"] += len(met)
                count["found beside"] += len(found - met)
                count["rules with a hit"] += bool(met)
        count["events"] += len(events)
        count["exact"] += sum(query.exact for query in queries.values())
        count["largest query, bytes"] = max(count["largest query, bytes"], *(len(orjson.dumps(q.body)) for q in queries.values()))
    record_property("table", f"{len(rules)} public rules as Query DSL: {dict(count)}")
    assert count["rules with a hit"] >= 0.95 * len(rules)
    assert count["exact"] >= 0.95 * len(rules)
