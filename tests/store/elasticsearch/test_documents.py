"""Events as documents: nothing is lost on the way, and what the index cannot match exactly is named."""

import orjson
import pytest
from elasticsearch.helpers import bulk
from hypothesis import given
from hypothesis import strategies as st

from soc.condition.fold import fold
from soc.condition.indexed import MAX_UNITS, lowers_as_fold
from soc.match.columns import to_events, to_tables
from soc.store.elasticsearch.documents.documents import from_document, to_document
from soc.store.elasticsearch.documents.mapping import mappings, settings, template
from tests import strategies as some

ALL = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
ODD_KEYS = ("", ".", "a.", "..", "*", "k\0", "k" * 9000, "é" * 4097, "\ud800", "a b", '"', "\\")
odd = st.one_of(
    some.events,
    st.fixed_dictionaries(
        {},
        optional={
            "labels": st.dictionaries(st.sampled_from(ODD_KEYS), some.texts, max_size=4),
            "no.such.field": some.texts,
            "source.port": st.sampled_from(("80", 80.5, 1 << 64)),
            "event.category": some.texts,
            "source.ip": st.sampled_from(some.IP_TEXTS),
            "event.risk_score": st.sampled_from((1, 10**400, True)),
            "soc.coarse": st.just(["user.name"]),
        },
    ),
)


@given(odd)
def test_an_event_survives_being_a_document(event):
    [stored] = to_events(next(iter(to_tables([event], some.CATALOGUE).values())))
    stored.pop("soc.coarse", None)

    document = orjson.loads(orjson.dumps(to_document(event, some.CATALOGUE)))

    back = from_document(document, some.CATALOGUE)
    assert by_name(back) == by_name(stored)


def by_name(event):
    return {name: repr(value) for name, value in sorted(event.items())}  # nan is not equal to itself


@pytest.mark.parametrize(
    ("event", "coarse"),
    [
        ({"user.name": "x" * MAX_UNITS}, []),
        ({"user.name": "x" * (MAX_UNITS + 1)}, ["user.name"]),
        ({"user.name": "\U0001f600" * 4096}, ["user.name"]),  # two UTF-16 units each
        ({"user.name": "\U00010d50"}, ["user.name"]),  # Garay capital letter of Unicode 16
        ({"event.category": ["a", "\ua7cb"]}, ["event.category"]),
        ({"user.name": "\u0130\u03a3\u1e9e"}, []),
        ({"@timestamp": -1}, ["@timestamp"]),
        ({"@timestamp": 9_223_372_036_854_775}, []),
        ({"@timestamp": 9_223_372_036_854_776}, ["@timestamp"]),
        ({"event.risk_score": float("inf")}, ["event.risk_score"]),
        ({"labels": {"a": "\ua7cb"}}, []),  # labels are folded by us
        ({"labels": {"a": "x" * 8192, "b": "x" * 8192}}, ["labels"]),
        ({"labels": {"a\0": "x"}}, ["labels"]),
    ],
)
def test_what_the_index_cannot_match_exactly_is_named(event, coarse):
    assert to_document(event, some.CATALOGUE).get("soc.coarse", []) == coarse


def test_a_template_holds_what_the_field_catalogue_holds():
    body = template(some.CATALOGUE, ["soc-events-*"])

    properties = body["template"]["mappings"]["properties"]
    assert properties.keys() == some.CATALOGUE.keys() | {"soc.labels_lc", "soc.labels_apart"}
    assert len(properties) * 2 < body["template"]["settings"]["mapping.total_fields.limit"]


def test_the_server_takes_the_template(server):
    server.indices.put_index_template(name="soc-test-dsl", **template(some.CATALOGUE, ["soc-test-dsl-template-*"]))

    server.indices.delete_index_template(name="soc-test-dsl")


def test_the_server_lowers_each_letter_as_fold_does_but_for_those_that_are_named(server):
    """All of Unicode, 2,000 letters to a value, each value read back in lower case."""
    index, runs = "soc-test-dsl-letters", ["".join(ALL[at : at + 2000]) for at in range(0, len(ALL), 2000)]
    server.options(ignore_status=404).indices.delete(index=index)
    server.indices.create(index=index, settings=settings(some.CATALOGUE, replicas=0), mappings=mappings(some.CATALOGUE))
    bulk(server, ({"_index": index, "_id": str(row), "_source": {"user.name": run}} for row, run in enumerate(runs)), refresh=True)

    hits = server.search(index=index, size=1000, docvalue_fields=["user.name.lc"], source=False)["hits"]["hits"]
    server.indices.delete(index=index)

    assert len(hits) == len(runs)
    for hit in hits:
        [lowered], run = hit["fields"]["user.name.lc"], runs[int(hit["_id"])]
        assert len(lowered) == len(run)
        differing = [one for one, low in zip(run, lowered, strict=True) if low != fold(one)]
        assert not any(map(lowers_as_fold, differing)), differing
