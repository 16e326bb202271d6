"""Sigma's text becomes conditions with Sigma's meaning: each modifier, each kind of value, each form of condition."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sigma.modifiers import modifier_mapping
from sigma.processing.pipeline import ProcessingPipeline

from soc.condition import codec, predicate
from soc.condition.fold import fold
from soc.detect.compiling.compile import compile_file
from soc.detect.compiling.environment import Environment
from soc.detect.compiling.lists import list_entries
from soc.detect.language.sigma import selection_of
from soc.fields import base_catalogue
from soc.times import parse_iso

CATALOGUE = base_catalogue()
LISTS = {"admins": ("root", "adm*"), "campus": ("192.0.2.0/24", "2001:db8::1"), "empty": ()}

SELECTIONS = [  # selection, events that meet it, events that just miss it
    ({"user.name": "Root"}, [{"user.name": "ROOT"}], [{"user.name": "root2"}, {}]),
    ({"user.name|cased": "Root"}, [{"user.name": "Root"}], [{"user.name": "root"}]),
    ({"user.name|cased|contains": "oO"}, [{"user.name": "roOt"}], [{"user.name": "root"}]),
    ({"user.name|contains": "oo"}, [{"user.name": "rOOt"}], [{"user.name": "ro"}]),
    ({"user.name|startswith": "ro"}, [{"user.name": "Root"}], [{"user.name": "a root"}]),
    ({"user.name|endswith": "ot"}, [{"user.name": "ROOT"}], [{"user.name": "roots"}]),
    ({"user.name|contains|all": ["a", "b"]}, [{"user.name": "xBxA"}], [{"user.name": "a"}]),
    ({"event.category|all": ["a", "b"]}, [{"event.category": ["B", "c", "a"]}], [{"event.category": ["a"]}]),
    ({"user.name": "r*t"}, [{"user.name": "R\nT"}], [{"user.name": "rtx"}]),
    ({"user.name": "r?t"}, [{"user.name": "rot"}], [{"user.name": "rt"}]),
    ({"user.name": "*"}, [{"user.name": ""}], [{}]),
    ({"user.name": r"a\*"}, [{"user.name": "A*"}], [{"user.name": "ab"}]),
    ({"user.name": r"C:\Win\\*"}, [{"user.name": "c:\\win\\x"}], [{"user.name": "c:\\winx"}]),
    ({"user.name": ""}, [{"user.name": ""}], [{"user.name": " "}, {}]),
    ({"user.name": None}, [{}], [{"user.name": ""}]),
    ({"user.name": []}, [{}], [{"user.name": "a"}]),
    ({"user.name": ["a", None]}, [{}, {"user.name": "A"}], [{"user.name": "b"}]),
    ({"user.name|exists": True}, [{"user.name": ""}], [{}, {"user.name": None}]),
    ({"user.name|exists": False}, [{}], [{"user.name": "a"}]),
    ({"user.name|neq": ["a", "b"]}, [{"user.name": "c"}, {}], [{"user.name": "A"}]),
    ({"event.category|neq": "a"}, [{"event.category": ["b"]}], [{"event.category": ["b", "a"]}]),
    ({"source.port": 22}, [{"source.port": 22}], [{"source.port": 23}]),
    ({"source.port": "22"}, [{"source.port": 22}], [{"source.port": 220}]),
    ({"EventID": 4624}, [{"EventID": "4624"}], [{"EventID": "04624"}]),
    ({"process.interactive": True}, [{"process.interactive": True}], [{"process.interactive": False}]),
    ({"source.port|gte": 1024}, [{"source.port": 1024}], [{"source.port": 1023}]),
    ({"source.port|gt": 1024}, [{"source.port": 1025}], [{"source.port": 1024}]),
    ({"source.port|lt": 1024}, [{"source.port": 1023}], [{"source.port": 1024}, {}]),
    ({"source.port|lt": "1024"}, [{"source.port": 1023}], [{"source.port": 1024}, {}]),
    ({"source.port|gte": ["9", "1024.0"]}, [{"source.port": 9}], [{"source.port": 8}]),
    ({"event.risk_score|gt": "2.5"}, [{"event.risk_score": 2.6}], [{"event.risk_score": 2.5}]),
    (
        {"@timestamp|hour|gte": "22"},
        [{"@timestamp": parse_iso("2026-10-11T22:00:00Z")}],
        [{"@timestamp": parse_iso("2026-10-11T21:59:59Z")}],
    ),
    ({"source.port|lte": 1024}, [{"source.port": 1024}], [{"source.port": 1025}]),
    ({"source.ip|cidr": "192.0.2.0/24"}, [{"source.ip": "192.0.2.9"}], [{"source.ip": "198.51.100.9"}]),
    ({"source.ip|cidr": ["192.0.2.0/24", "2001:db8::/32"]}, [{"source.ip": "2001:db8::5"}], [{"source.ip": "2001:db9::5"}]),
    ({"source.ip": "2001:DB8:0::1"}, [{"source.ip": "2001:db8::1"}], [{"source.ip": "2001:db8::2"}]),
    ({"user.name|re": r"^a\d+"}, [{"user.name": "a12b"}], [{"user.name": "A12b"}, {"user.name": "xa1"}]),
    ({"user.name|re": "(?i)ab"}, [{"user.name": "xAB"}], [{"user.name": "a"}]),
    ({"user.name|re|i": "ab|cd"}, [{"user.name": "xCD"}], [{"user.name": "a"}]),
    ({"user.name|re|ignorecase": "ab"}, [{"user.name": "xAB"}], [{"user.name": "a"}]),
    ({"user.name|re|m": "^b$"}, [{"user.name": "a\nb"}], [{"user.name": "ab"}]),
    ({"user.name|re|multiline": "^b$"}, [{"user.name": "a\nb"}], [{"user.name": "ab"}]),
    ({"user.name|re|s": "a.b"}, [{"user.name": "a\nb"}], [{"user.name": "ab"}]),
    ({"user.name|re|dotall": "a.b"}, [{"user.name": "a\nb"}], [{"user.name": "ab"}]),
    ({"user.name|re|startswith": "a|b"}, [{"user.name": "bx"}], [{"user.name": "xb"}]),
    ({"user.name|re|endswith": "a|b"}, [{"user.name": "xa"}], [{"user.name": "ax"}]),
    ({"user.name|re|contains": "a|b"}, [{"user.name": "xax"}], [{"user.name": "x"}]),
    ({"user.name|fieldref": "user.id"}, [{"user.name": "A", "user.id": "a"}], [{"user.name": "a"}, {"user.name": "a", "user.id": "b"}]),
    ({"user.name|fieldref|contains": "user.id"}, [{"user.name": "xAx", "user.id": "a"}], [{"user.name": "b", "user.id": "a"}]),
    ({"user.name|fieldref|startswith": "user.id"}, [{"user.name": "Ax", "user.id": "a"}], [{"user.name": "xa", "user.id": "a"}]),
    ({"user.name|fieldref|endswith": "user.id"}, [{"user.name": "xA", "user.id": "a"}], [{"user.name": "ax", "user.id": "a"}]),
    ({"user.name|cased|fieldref": "user.id"}, [{"user.name": "A", "user.id": "A"}], [{"user.name": "A", "user.id": "a"}]),
    ({"user.name|fieldref|neq": "user.id"}, [{"user.name": "a", "user.id": "b"}], [{"user.name": "a", "user.id": "a"}]),
    ({"@timestamp|minute": 14}, [{"@timestamp": parse_iso("2026-10-11T22:14:15Z")}], [{"@timestamp": parse_iso("2026-10-11T22:15:00Z")}]),
    ({"@timestamp|hour|gte": 22}, [{"@timestamp": parse_iso("2026-10-11T22:00:00Z")}], [{"@timestamp": parse_iso("2026-10-11T21:59:59Z")}]),
    ({"@timestamp|hour|lt": 6}, [{"@timestamp": parse_iso("2026-10-11T05:59:59Z")}], [{"@timestamp": parse_iso("2026-10-11T06:00:00Z")}]),
    ({"@timestamp|hour|neq": 6}, [{"@timestamp": parse_iso("2026-10-11T05:59:59Z")}], [{"@timestamp": parse_iso("2026-10-11T06:00:00Z")}]),
    ({"@timestamp|day": 11}, [{"@timestamp": parse_iso("2026-10-11T22:00:00Z")}], [{"@timestamp": parse_iso("2026-10-12T00:00:00Z")}]),
    ({"@timestamp|week": 53}, [{"@timestamp": parse_iso("2027-01-01T00:00:00Z")}], [{"@timestamp": parse_iso("2027-01-04T00:00:00Z")}]),
    ({"@timestamp|month": 10}, [{"@timestamp": parse_iso("2026-10-11T22:00:00Z")}], [{"@timestamp": parse_iso("2026-11-11T22:00:00Z")}]),
    ({"@timestamp|year": 2026}, [{"@timestamp": parse_iso("2026-10-11T22:00:00Z")}], [{"@timestamp": parse_iso("2027-10-11T22:00:00Z")}]),
    ({"user.name|windash|contains": " -x"}, [{"user.name": "a /X"}, {"user.name": "a –x"}], [{"user.name": "a x"}]),
    ({"user.name|windash|contains|all": [" -x", " -y"]}, [{"user.name": "a /x -y"}], [{"user.name": "a /x"}]),
    ({"user.name|base64": "soc"}, [{"user.name": "c29j"}], [{"user.name": "c29"}]),
    ({"user.name|base64": r"a\*b\?"}, [{"user.name": b64encode(b"a*b?").decode()}], [{"user.name": "a*b?"}]),
    ({"user.name|wide": "ab"}, [{"user.name": "A\0B\0"}], [{"user.name": "ab"}]),
    ({"user.name|utf16be": "ab"}, [{"user.name": "\0A\0B"}], [{"user.name": "ab"}]),
    ({"user.name|utf16": "ab"}, [{"user.name": "\ufeffa\0b\0"}], [{"user.name": "a\0b\0"}]),
    ({"user.name|utf16|base64": "ab"}, [{"user.name": b64encode(b"\xff\xfea\0b\0").decode()}], [{"user.name": "YQBiAA=="}]),
    ({"user.name|utf16be|base64": "ab"}, [{"user.name": b64encode(b"\0a\0b").decode()}], [{"user.name": "YQBiAA=="}]),
    ({"user.name|utf16le|base64": "ab"}, [{"user.name": "YQBiAA=="}], [{"user.name": "ab"}]),
    ({"user.name|expand": "%admins%"}, [{"user.name": "ADMIN7"}], [{"user.name": "guest"}]),
    ({"user.name|expand": "x-%admins%-y"}, [{"user.name": "x-root-y"}], [{"user.name": "root"}]),
    ({"user.name|contains|expand": "%admins%"}, [{"user.name": "x root y"}], [{"user.name": "x"}]),
    ({"source.ip|expand": "%campus%"}, [{"source.ip": "192.0.2.77"}, {"source.ip": "2001:db8::1"}], [{"source.ip": "198.51.100.1"}]),
    ([{"user.name": "a"}, {"user.id": "b"}], [{"user.id": "B"}], [{"user.name": "b"}]),
    ("no such user", [{"event.original": "x NO SUCH USER y"}], [{"event.original": "x", "message": "no such user"}]),
    (["alpha", "beta"], [{"message": "has BETA"}], [{"message": "gamma"}]),
    ([4625], [{"message": "id=4625;"}], [{"message": "id=462"}]),
    (["al*ha"], [{"message": "the ALPxHA!"}], [{"message": "haal"}]),
    ({"|all": ["alpha", "beta"]}, [{"message": "beta alpha"}], [{"message": "alpha"}]),
    ({"|re": "a[0-9]"}, [{"message": "xa1"}], [{"message": "xA1"}]),
    ({"|startswith": "alpha"}, [{"message": "ALPHA x"}], [{"message": "x alpha"}]),
]


def compiled(rule: str, pipeline: ProcessingPipeline | None = None):
    return compile_file(rule, Environment(CATALOGUE, LISTS, pipeline or ProcessingPipeline()))


def rule_of(detection: dict, **more):
    import yaml

    return yaml.safe_dump({"title": "t", "logsource": {"product": "x"}, "detection": detection, **more}, sort_keys=False)


def met_by(detection: dict):
    found = compiled(rule_of(detection))
    assert not found.refused, found.refused
    return predicate.compile(codec.load(found.rules[0].tree), CATALOGUE)


@pytest.mark.parametrize(
    ("selection", "hits", "misses"), SELECTIONS, ids=lambda value: str(value)[:60] if not isinstance(value, list) else None
)
def test_a_selection_means_what_sigma_says(selection, hits, misses):
    met = met_by({"selection": selection, "condition": "selection"})

    assert [event for event in hits if not met(event)] == []
    assert [event for event in misses if met(event)] == []


def test_every_modifier_that_pysigma_knows_stands_in_a_selection_above():
    keys = {key for selection, _, _ in SELECTIONS if isinstance(selection, dict) for key in selection}

    assert set(modifier_mapping) - {word for key in keys for word in key.split("|")[1:]} == {"base64offset"}  # has a law of its own


A, B, C = {"user.name": "a"}, {"user.id": "b"}, {"host.name": "c"}


@pytest.mark.parametrize(
    ("condition", "hits", "misses"),
    [
        ("sel_a and not sel_b", [A], [A | B, {}]),
        ("sel_a or sel_b", [A, B], [C]),
        ("not sel_a and sel_b", [B], [A | B, {}]),
        ("not (sel_a or sel_b)", [C, {}], [A, B]),
        ("1 of sel_*", [A, B], [C]),
        ("any of sel_*", [A, B], [C]),
        ("all of sel_*", [A | B], [A, B]),
        ("1 of them", [A, B, C], [{}, {"user.name": "z"}]),
        ("all of them", [A | B | C], [A | B, C]),
        ("not 1 of sel_*", [C, {}], [A]),
        ("(sel_a)", [A], [B]),
        ("sel_a and sel_b or other", [A | B, C], [A, B]),
        (["sel_a", "sel_b"], [A, B], [C]),
        ("notable", [B], [A, {}]),
    ],
)
def test_a_condition_joins_its_selections(condition, hits, misses):
    met = met_by({"sel_a": A, "sel_b": B, "other": C, "able": dict(A), "notable": dict(B), "timeframe": "5m", "condition": condition})

    assert [event for event in hits if not met(event)] == []
    assert [event for event in misses if met(event)] == []


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="%"), max_size=8)


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


@given(texts, texts, texts)
def test_a_text_is_compared_letter_by_letter_whatever_letters_it_has(wanted, before, after):
    value = before + wanted + after
    for modifier, meaning in (
        ("", fold(value) == fold(wanted)),
        ("|contains", fold(wanted) in fold(value)),
        ("|startswith", fold(value).startswith(fold(wanted))),
        ("|endswith", fold(value).endswith(fold(wanted))),
        ("|contains|cased", wanted in value),
    ):
        node = selection_of({f"user.name{modifier}": escaped(wanted)}, CATALOGUE)
        assert predicate.compile(node, CATALOGUE)({"user.name": value}) is meaning


@given(
    texts.filter(lambda t: len(t.encode()) > 2), st.binary(max_size=7), st.binary(max_size=7), st.sampled_from(["", "|wide", "|utf16be"])
)
def test_base64offset_finds_a_text_at_every_offset_of_an_encoded_whole(wanted, before, after, wide):
    if wide and not wanted.isascii():  # pySigma 1.5 refuses these
        wanted = "soc"
    charset = {"": "utf-8", "|wide": "utf-16-le", "|utf16be": "utf-16-be"}[wide]
    node = selection_of({f"user.name{wide}|base64offset|contains": escaped(wanted)}, CATALOGUE)

    assert predicate.compile(node, CATALOGUE)({"user.name": b64encode(before + wanted.encode(charset) + after).decode()})


REFUSED = [  # what stands in the rule, what the message says, what the repair says, on which line
    ({"user.name|contians": "a"}, "contians", "did you mean 'contains'", 6),
    ({"process.command_line|foo": "a"}, "foo", "known: all, ", 6),
    ({"user.name|re": "(?=a)"}, "RE2", "look-around", 6),
    ({"user.name|re": "a{2,1500}"}, "repeats something more than 1,000 times", "x{1000}x{500}", 6),
    ({"user.name|re": "(a"}, "is invalid", "specification", 6),
    ({"user.name|expand": "%nobody%"}, "%nobody% has no list", "detections/lists/nobody.txt", 6),
    ({"source.port": "ssh"}, "source.port", "whole number", 6),
    ({"source.ip|cidr": "192.0.2.0/40"}, "CIDR", "specification", 6),
    ({"@timestamp|hour": "x"}, "Modifier", "specification", 6),
    ({"@timestamp|hour": 99}, "hour is never 99", "0 to 23", 6),
    ({"@timestamp|minute": 60}, "minute is never 60", "0 to 59", 6),
    ({"@timestamp|month": 0}, "month is never 0", "1 to 12", 6),
    ({"@timestamp|hour|gte": 24}, "hour is never >= 24", "0 to 23", 6),
    ({"@timestamp|day|lt": 1}, "day is never < 1", "1 to 31", 6),
    ({"source.port|lt": "ssh"}, "'ssh'", "specification", 6),
    ({"|cidr": "192.0.2.0/24"}, "without a field", "name a field", 6),
    ({"": ""}, "empty keyword", "write a text", 6),
]


@pytest.mark.parametrize(("selection", "what", "repair", "line"), REFUSED)
def test_a_rule_that_cannot_mean_anything_is_refused_with_place_and_repair(selection, what, repair, line):
    [refusal] = compiled(rule_of({"selection": selection, "condition": "selection"})).refused

    assert what in refusal.what
    assert repair in refusal.repair
    assert refusal.line == line


@pytest.mark.parametrize(
    ("condition", "what"),
    [
        ("selection | count() > 5", "correlations"),
        ("nothing", "'nothing'"),
        ("1 of filter_*", "filter_*"),
        ("selection and", "xpected"),
        ("", "xpected"),
        ("2 of selection*", "'2 of'"),
        ("(selection", "not closed"),
        ("selection selection", "'selection' was not expected"),
        (7, "7"),
    ],
)
def test_a_condition_that_names_nothing_or_aggregates_is_refused(condition, what):
    [refusal] = compiled(rule_of({"selection": A, "condition": condition})).refused

    assert what in refusal.what


json = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False, allow_infinity=False), st.text("ab|*%\\(", max_size=4)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["a", "a|re", "a|all", "a|cidr", "a|hour|gte", "|base64", "a|expand", "condition", "type"]), inner, max_size=3
        ),
    ),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(["title", "id", "level", "tags", "logsource", "detection", "correlation", "action"], json)
    )
)
def test_whatever_a_rule_holds_it_is_compiled_or_refused(rule):
    import yaml

    found = compiled(yaml.safe_dump(rule))

    assert len(found.rules) + len(found.refused) == 1


@given(st.lists(st.one_of(st.text("abcdeflnorst'", max_size=9), st.sampled_from(sorted(modifier_mapping))), min_size=1, max_size=3))
def test_whatever_modifiers_a_field_has_the_rule_is_compiled_or_refused_with_a_repair(modifiers):
    found = compiled(rule_of({"selection": {"|".join(["user.name", *modifiers]): "a"}, "condition": "selection"}))

    assert len(found.rules) + len(found.refused) == 1
    assert found.rules or set(modifiers) <= set(modifier_mapping) or found.refused[0].repair


@given(st.text(max_size=60))
def test_whatever_bytes_a_rule_file_holds_nothing_is_raised(text):
    compiled(text)


def test_actions_of_rule_collections_lay_documents_over_each_other():
    found = compiled(
        "action: global\ntitle: t\nlogsource: {product: x}\ndetection: {condition: s}\n---\ndetection: {s: {user.name: a}}\n"
        "---\naction: repeat\ndetection: {s: {user.name: b}}\n---\n"
    )

    assert [rule.tree for rule in found.rules] == [["equals", "user.name", "a", False], ["equals", "user.name", "b", False]]


def test_wrong_metadata_leaves_the_detection_usable_and_is_told():
    [rule] = compiled(rule_of({"s": A, "condition": "s"}, level="huge", tags="x", id="not a uuid", date="soon")).rules

    assert rule.tree and rule.fault and rule.level == "medium" and rule.id == "not a uuid"


def test_a_pipeline_renames_the_fields_of_the_logsources_it_names():
    pipeline = ProcessingPipeline.from_yaml(
        "transformations: [{type: field_name_mapping, mapping: {src_ip: source.ip, any_ip: [source.ip, destination.ip]}, "
        "rule_conditions: [{type: logsource, product: x}]}]"
    )
    [rule] = compiled(rule_of({"s": {"src_ip": "192.0.2.1", "any_ip": "192.0.2.2"}, "condition": "s"}), pipeline).rules

    assert rule.fields == ("destination.ip", "source.ip")


def test_a_list_is_lines_without_comments():
    assert list_entries("# who\n\n root \nadm*\n") == ("root", "adm*")


@pytest.mark.parametrize(
    ("condition", "bounds"),
    [
        ("{gte: 3.5}", ["gte", 4, []]),
        ("{gte: '3.5'}", ["gte", 4, []]),
        ("{gt: 3.5}", ["gt", 3, []]),
        ("{lt: 3.5}", ["lt", 4, []]),
        ("{lte: 3.5}", ["lte", 3, []]),
        ("{gte: 3.0}", ["gte", 3, []]),
        ("{gte: 3.5, lte: 7.5}", ["gte", 4, [["lte", 7]]]),
    ],
)
def test_a_fraction_of_a_count_is_the_whole_number_that_says_the_same(condition, bounds):
    [rule] = compiled(correlated("event_count", condition)).rules

    assert [rule.correlation[name] for name in ("op", "bound", "also")] == bounds


def test_a_fraction_of_a_sum_is_kept_and_no_count_equals_one():
    [rule] = compiled(correlated("value_sum", "{gte: 3.5, field: source.bytes}")).rules
    [refusal] = compiled(correlated("event_count", "{eq: 3.5}")).refused

    assert rule.correlation["bound"] == 3.5
    assert "a count is never 3.5" in refusal.what


def correlated(kind: str, condition: str) -> str:
    return f"title: t\ncorrelation: {{type: {kind}, rules: [a], group-by: [user.name], timespan: 5m, condition: {condition}}}\n"
