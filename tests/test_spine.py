"""The nouns everything else is built on."""

from pathlib import Path

import pytest

from soc.document import parse_documents
from soc.errors import ContentError
from soc.fields import base_catalogue
from soc.text import printable
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


def test_an_alias_bomb_is_refused():
    with pytest.raises(ContentError, match="aliases"):
        parse_documents("a: &x [1]\nb: [*x, *x]\n", Path("x.yml"))


def test_a_wrong_value_is_named_by_the_catalogue():
    faults = base_catalogue().check({"source.ip": "010.1.1.1", "source.port": "22", "source.bytes": -1, "event.category": ["network"]})

    assert len(faults) == 3


def test_control_characters_do_not_reach_the_terminal():
    assert printable("a\x1b[31mb\u202ec") == "a\\x1b[31mb\\u202ec"
