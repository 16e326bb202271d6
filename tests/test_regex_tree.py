"""Patterns for Lucene: what it is asked is what RE2 finds, or more where the tree says so; and its cost is known beforehand.

What is written for Lucene uses only what Python's `re` reads alike, so that stands in for it here; a server is asked in
tests/store/elasticsearch.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from soc.condition.automaton import TOO_MUCH, effort, to_lucene
from soc.condition.dsl_merge import merged, steps
from soc.condition.fold import fold
from soc.condition.patterns import compile_regex
from soc.condition.regex_tree import read, required
from soc.errors import ConditionError

ATOMS = ("a", "b", "K", "s", "1", " ", "-", '"', "#", "~", "@", "&", "<", "é", "ſ", "\n", ".", "^", "$", r"\.", r"\\", r"\*", r"\n", r"\t")
CLASSES = (r"\d", r"\D", r"\s", r"\S", r"\w", r"\W", "[ab]", "[^a]", "[a-k]", r"[\w-]", r"[^\s]", "[]a]", r"[\d\-s]", "[é-ſ]", r"\b", r"\B")
ODD = (r"\pL", r"\Qa\E", "[[:alpha:]]", "(?i)", "(?i:a)", r"\x61", r"\x{61}", r"\z", r"\A", "(?P<n>a)", "(?s).", "a|", "(a||b)", r"\v")
QUANTIFIERS = ("", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "{,2}", "*?", "+?")
pieces = st.tuples(st.sampled_from((*ATOMS, *CLASSES, *ODD)), st.sampled_from(QUANTIFIERS)).map("".join)
patterns = st.recursive(
    st.lists(pieces, max_size=4).map("".join),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("|".join),
        st.tuples(inner, st.sampled_from(QUANTIFIERS)).map(lambda part: f"({part[0]}){part[1]}"),
        st.tuples(inner, inner).map("".join),
    ),
    max_leaves=4,
)
texts = st.text('abkKsS1 -"#~@&<éſK\n\t\v._', max_size=6)


@settings(max_examples=3000)
@given(patterns, st.sampled_from(("", "i", "m", "s", "is")), st.lists(texts, min_size=1, max_size=12))
def test_what_lucene_is_asked_is_what_re2_finds_or_more(pattern, flags, some):
    try:
        finds = compile_regex(pattern, flags, "message")
    except ConditionError:
        assume(False)
    tree = read(pattern, flags)
    assume(tree is not None)
    asked = re.compile(to_lucene(tree.tree), re.DOTALL)
    needed = required(tree.tree)

    for text in some:
        met = asked.fullmatch(text) is not None
        assert met >= finds(text)
        assert met == finds(text) or not tree.exact
        assert not finds(text) or needed is None or any(need in fold(text) for need in needed)


@pytest.mark.parametrize("pattern", [r"\pL", r"\Qa.\E", "[[:alpha:]]", "a(?i)b", "(?i:a)", r"a\z", r"\x{61}", "a{,2}", "(?i)é", r"(?i)\w"])
def test_what_python_may_read_otherwise_is_not_translated(pattern):
    assert read(pattern, "") is None


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("cmd.{0,5}(?:/c|/r).+clipboard", ("clipboard",)),
        ("(?i)INVOKE-s", ("invoke-",)),  # without the s, which ſ meets, too
        (r"(curl|wget)\s", ("curl", "wget")),
        ("a.b", None),
        ("(abc)?x", None),
        ("(abc){2,}", ("abc",)),
    ],
)
def test_a_text_that_must_be_there_is_known(pattern, texts):
    assert required(read(pattern, "").tree) == texts


@pytest.mark.parametrize(
    ("pattern", "bearable"), [("a{100}", True), ("a.{12}b", False), ("(a|b)*c", True), ("x{1000}", False), ("(.a){9}", True)]
)
def test_what_lucene_would_refuse_is_known_beforehand(pattern, bearable):
    assert (effort(read(pattern, "").tree, 50_000) < TOO_MUCH) is bearable


@given(st.lists(st.text('ab.*\\"#', max_size=5), min_size=1, max_size=30), texts)
def test_merged_texts_are_found_as_each_alone(some, text):
    together = [re.compile(expression, re.DOTALL) for expression, _ in merged(some)]

    assert any(each.fullmatch(text) for each in together) == any(one in text for one in some if one)


def test_texts_that_would_be_too_much_together_are_parted():
    periodic = ["a" * length for length in range(1, 65)]

    packs = [pack for _, pack in merged(periodic)]

    assert sorted(text for pack in packs for text in pack) == periodic
    assert len(packs) > 1
    assert all(steps(pack) <= 20_000 for pack in packs)
