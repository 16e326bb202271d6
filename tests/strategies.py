"""Hypothesis strategies for conditions and events: hostile values over few fields, so that conditions are met often."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from soc.condition.tree import (
    ANY,
    ONE,
    And,
    Cidr,
    Compare,
    Contains,
    Ends,
    Equals,
    Exists,
    FieldRef,
    Keyword,
    Not,
    Or,
    Regex,
    Starts,
    TimePart,
    Wildcard,
)
from soc.fields import base_catalogue

CATALOGUE = base_catalogue()
KEYWORDS = ("user.name", "event.category", "labels.a", "labels.b.c", "message", "no.such.field")  # event.category is a list
ADDRESSES = ("source.ip", "related.ip")  # the second a list
WHOLE = ("source.port", "process.exit_code")
TRUTH = ("process.interactive",)
DATES = ("@timestamp", "event.start")
DOUBLES = ("event.risk_score",)

LETTERS = (
    "aAbBkK1_%.\\'\"*?/ \n\r\0\t"
    "\u212a\u0130\u0131\u00df\u1e9e\u03a3\u03c3\u03c2\u00e9\u00c9\u01c4\u01c5\u01c6\ua7cb\U00010400\U0001f600\u0660\ufffd"
)
WORDS = (
    *("", "a", "AB", "abk", "root", "Root", "22", "022", "22.0", "-1", "+5", "5.", "1e3", " 22", "true", "True", "nan", "inf", "null"),
    *("9007199254740992", "9007199254740993", "9007199254740993.5", "-9007199254740994.50", "+9007199254740994"),
)
IPS = ("192.0.2.1", "192.0.2.200", "198.51.100.7", "0.0.0.0", "255.255.255.255", "2001:db8::1", "2001:db8:0:1::", "::", "::1", "fe80::1")
IP_TEXTS = (
    *IPS,
    "2001:DB8::1",
    "2001:db8:0:0:0:0:0:1",
    "::ffff:192.0.2.1",
    "::FFFF:c000:201",
    "::192.0.2.1",
    "192.0.2.01",
    "192.0.2.1%x",
    "fe80::1%eth0",
    "1:2:3:4:5:6:192.0.2.1",
    "::1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7::8",
    "192.0.2.256",
    "::g",
    "1::2::3",
    "192.0.2",
    "::1\n",
)
NETWORKS = (
    "192.0.2.0/24",
    "192.0.2.1/32",
    "192.0.2.128/25",
    "0.0.0.0/0",
    "198.0.0.0/7",
    "::/0",
    "::1/128",
    "2001:db8::/32",
    "2001:db8::/63",
    "fe80::/10",
    "::ffff:0:0/96",
    "::ffff:192.0.2.0/120",
    "::/64",
    "2001:db8:0:1::/64",
    "2001:db8::1/128",
)
PATTERNS = (
    "a",
    "^a",
    "b$",
    "^$",
    ".",
    "^.$",
    "a.b",
    "(?i)AB",
    "(?s)a.",
    "(?m)^b",
    "[a-b]+k",
    r"\d",
    r"\bab",
    r"\x00",
    r"%|_",
    r"\\",
    "(a|B)*1",
    "[^a]",
    r"\p{Lu}",
    "",
    "'",
    "\0",
    "\n",
)
NUMBERS = (
    0,
    1,
    -1,
    5,
    22,
    22.0,
    21.5,
    -0.0,
    1e300,
    float("inf"),
    float("-inf"),
    float("nan"),
    1 << 62,
    (1 << 63) - 1,
    -(1 << 63),
    1 << 64,
    (1 << 53) + 1,
    -(1 << 53) - 2,
    10**400,
)
MOMENTS = (
    0,
    -1,
    1_700_000_000_000_000,
    1_704_067_199_999_999,
    1_704_067_200_000_000,
    253_402_300_799_999_999,
    253_402_300_800_000_000,
    -(1 << 60),
)


def _json_line(header: str, values: list[str], escaped: bool) -> str:
    """A line as sensors write it, with a key of the name of a value, a number and a truth value."""
    return header + json.dumps({"root": values, "a": {"b": 1.5, "AB": True}}, ensure_ascii=escaped)


texts = st.one_of(st.text(LETTERS, max_size=5), st.sampled_from(WORDS), st.sampled_from(IP_TEXTS))
headers = st.sampled_from(("", "Oct 11 x y: ", "no header "))
lines = st.one_of(texts, st.builds(_json_line, headers, st.lists(texts, max_size=3), st.booleans()))
longs = st.one_of(st.sampled_from((0, 1, -1, 5, 22, 80, (1 << 63) - 1, -(1 << 63), (1 << 53) + 1)), st.integers(-(1 << 63), (1 << 63) - 1))
doubles = st.one_of(st.sampled_from((0.0, -0.0, 5.0, 21.5, 22.0, 1e300, float("inf"), float("nan"), float(1 << 53))), st.floats())


def _maybe(values):
    return st.one_of(st.none(), values)


def _list(values):
    return st.lists(values, max_size=3)


events = st.fixed_dictionaries(
    {"event.dataset": st.just("law")},
    optional={
        "user.name": _maybe(texts),
        "event.category": _maybe(_list(texts)),
        "event.original": _maybe(lines),
        "message": _maybe(texts),
        "source.ip": _maybe(st.sampled_from(IPS)),
        "related.ip": _maybe(_list(st.sampled_from(IPS))),
        "source.port": _maybe(st.one_of(st.sampled_from((0, 22, 80)), longs)),
        "process.exit_code": _maybe(longs),
        "process.interactive": _maybe(st.booleans()),
        "event.risk_score": _maybe(doubles),
        "@timestamp": _maybe(st.one_of(st.sampled_from(MOMENTS), st.integers(-(10**15), 4 * 10**15))),
        "event.start": _maybe(st.sampled_from(MOMENTS)),
        "labels": st.dictionaries(st.sampled_from(("a", "b.c", "d'\"")), texts, max_size=3),
    },
)

cased = st.booleans()
wordy = st.sampled_from((*KEYWORDS, *ADDRESSES))
texty = st.sampled_from((*KEYWORDS, *ADDRESSES, *WHOLE, *TRUTH))  # fields that text leaves work on
any_field = st.sampled_from((*KEYWORDS, *ADDRESSES, *WHOLE, *DATES, *DOUBLES, *TRUTH))
parts = st.lists(st.one_of(st.just(ANY), st.just(ONE), st.text(LETTERS, max_size=2)), max_size=5).map(tuple)
flags = st.sampled_from(("", "i", "m", "s", "ims"))
relations = st.sampled_from(("equals", "contains", "starts", "ends"))
comparisons = st.sampled_from(("lt", "lte", "gt", "gte"))
numbers = st.one_of(st.sampled_from(NUMBERS), st.integers(-5, 100))

text_leaves = st.one_of(
    st.builds(Equals, wordy, st.one_of(texts, numbers, st.booleans()), cased),
    *(st.builds(kind, texty, texts, cased) for kind in (Contains, Starts, Ends)),
    st.builds(Wildcard, wordy, parts, cased),
    st.builds(Wildcard, texty, parts.map(lambda some: (*some, ONE)), cased),
    st.builds(Regex, texty, st.sampled_from(PATTERNS), flags),
)
typed_leaves = st.one_of(
    st.builds(Equals, st.sampled_from((*WHOLE, *DOUBLES)), st.one_of(numbers, st.sampled_from(("22", "22.0", "-1", "21.5")))),
    st.builds(Equals, st.sampled_from(TRUTH), st.one_of(st.booleans(), st.sampled_from(("TRUE", "false")))),
    st.builds(Equals, st.sampled_from(DATES), st.one_of(st.sampled_from(MOMENTS), st.sampled_from(("2023-11-14T22:13:20Z", "2024-01-01")))),
    st.builds(Compare, st.sampled_from((*KEYWORDS, *WHOLE, *DOUBLES)), comparisons, numbers),
    st.builds(Compare, st.sampled_from(DATES), comparisons, st.sampled_from((*MOMENTS, *NUMBERS))),
    st.builds(Cidr, st.sampled_from((*KEYWORDS, *ADDRESSES)), st.sampled_from(NETWORKS)),
    st.builds(Exists, any_field),
    st.builds(
        TimePart,
        st.sampled_from(DATES),
        st.sampled_from(("minute", "hour", "day", "week", "month", "year")),
        st.sampled_from(("eq", "lt", "lte", "gt", "gte")),
        st.sampled_from((0, 1, 12, 22, 31, 46, 52, 1970, 2023)),
    ),
    st.builds(FieldRef, texty, texty, relations, cased),
    st.builds(FieldRef, st.sampled_from((*WHOLE, *DOUBLES)), st.sampled_from((*WHOLE, *DOUBLES))),
    st.builds(FieldRef, st.sampled_from(DATES), st.sampled_from(DATES)),
)
keyword_leaves = st.builds(
    Keyword,
    st.one_of(
        *(st.builds(kind, st.just(""), texts, cased) for kind in (Contains, Starts, Ends, Equals)),
        st.builds(Wildcard, st.just(""), parts, cased),
        st.builds(Regex, st.just(""), st.sampled_from(PATTERNS), flags),
    ),
)
leaves = st.one_of(text_leaves, typed_leaves, keyword_leaves)
"""Leaves that bind without an error under CATALOGUE."""

trees = st.recursive(
    leaves,
    lambda nodes: st.one_of(
        st.builds(And, st.lists(nodes, max_size=4).map(tuple)),
        st.builds(Or, st.lists(nodes, max_size=4).map(tuple)),
        st.builds(Not, nodes),
    ),
    max_leaves=8,
)
