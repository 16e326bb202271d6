"""The nouns everything else is built on."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soc.document import parse_documents
from soc.errors import ContentError
from soc.fields import base_catalogue
from soc.text import json_for_terminals, printable
from soc.times import duration_text, iso, parse_duration, parse_iso


def test_a_moment_survives_its_text():
    for text in ("2026-10-11T22:14:15.000Z", "1969-12-31T23:59:59.999Z", "2026-10-11T22:14:15.000123Z"):
        assert iso(parse_iso(text)) == text


def test_a_duration_survives_its_text():
    for text in ("90m", "1h30m", "7d", "45s"):
        assert parse_duration(duration_text(parse_duration(text))) == parse_duration(text)


def test_a_yaml_error_names_its_line():
    with pytest.raises(ContentError, match=r"x\.yml:3: the key 'a' stands twice"):
        parse_documents("a: 1\nb: 2\na: 3\n", Path("x.yml"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"a: &x [{'x,' * 1000}]\nb: &y [{'*x,' * 1000}]\nc: [{'*y,' * 1000}]\n", r"x\.yml:1: YAML aliases repeat too much"),
        (f"a: &x {'x' * 100_000}\nb: [{'*x,' * 100}]\n", r"x\.yml:1: YAML aliases repeat too much"),
        ("a: &x [1, *x]\n", "an alias stands within what it names"),
    ],
)
def test_an_alias_bomb_is_refused(text, says):
    with pytest.raises(ContentError, match=says):
        parse_documents(text, Path("x.yml"))


def test_an_alias_stands_for_what_its_anchor_names():
    [document] = parse_documents("a: &x {k: [1]}\nb: *x\nc: {<<: *x, l: 2}\n", Path("x.yml"))

    assert document.value == {"a": {"k": [1]}, "b": {"k": [1]}, "c": {"k": [1], "l": 2}}


def test_plain_words_are_texts_where_they_are_verbatim_and_told_with_their_line():
    text = "a: no\nv:\n  w: [no, 'no', 0010, 5, 1.5, 1.50, 0x1F, true, ~]\n  x: 22:30:00\n"

    [document] = parse_documents(text, Path("x.yml"), verbatim=("v",))

    assert document.value == {"a": False, "v": {"w": ["no", "no", "0010", 5, 1.5, "1.50", 31, True, None], "x": "22:30:00"}}
    assert document.words == ((3, "no"), (3, "0010"), (3, "1.50"), (4, "22:30:00"))


def test_a_wrong_value_is_named_by_the_catalogue():
    faults = base_catalogue().check({"source.ip": "010.1.1.1", "source.port": "22", "source.bytes": -1, "event.category": ["network"]})

    assert len(faults) == 3


def test_control_characters_do_not_reach_the_terminal():
    assert printable("a\x1b[31mb\u202ec") == "a\\x1b[31mb\\u202ec"


def test_a_tab_and_a_line_end_are_no_escapes_to_read_and_stay_in_their_line():
    assert printable("ts\tuid\nnext\r") == "ts uid next\\x0d"


HIDDEN = (
    "\u00ad\u034f\u115f\u1160\u17b4\u180b\u180e\u180f\u200b\u2064\u206a\u2800\u3164\ufe00\ufe0f\ufeff\uffa0\ufff0"
    "\U0001d173\U000e0001\U000e0041\U000e01ef"
)


@pytest.mark.parametrize("letter", HIDDEN)
def test_what_cannot_be_seen_is_shown_as_its_escape(letter):
    escape = printable(letter)

    assert escape.isascii()
    assert escape == ascii(letter)[1:-1]
    assert printable(f"root{letter}") == f"root{escape}"


def test_every_format_character_but_those_with_a_shape_of_their_own_is_shown_as_its_escape():
    shaped = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, *range(0x13430, 0x13440)}
    formats = [chr(point) for point in range(0x110000) if unicodedata.category(chr(point)) in ("Cc", "Cf", "Zl", "Zp")]

    assert {letter for letter in formats if not printable(letter).isascii()} <= set(map(chr, shaped))


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(HIDDEN + "\x1b\u202e")))
def test_json_for_terminals_means_the_same_and_hides_nothing(text):
    shown = json_for_terminals(json.dumps(text, ensure_ascii=False))

    assert json.loads(shown) == text
    assert printable(shown) == shown
