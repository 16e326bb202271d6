"""The hunt language: what a query means, what is said about a wrong one, and that it can be written back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soc.condition.tree import ANY, ONE, TRUE, And, Cidr, Compare, Contains, Equals, Exists, Keyword, Not, Or, Regex, Starts, Wildcard
from soc.errors import UsageError
from soc.fields import base_catalogue
from soc.hunt.language import parse_query
from soc.hunt.printing import query_text
from soc.times import parse_iso

CATALOGUE = base_catalogue()

PIECES = (
    *(
        "user.name:",
        "labels.a\\ b:",
        "source.ip:",
        "source.port:",
        "@timestamp:",
        "event.category:",
        "process.interactive:",
        "event.risk_score:",
    ),
    *(
        " ",
        " AND ",
        " or ",
        " NOT ",
        "(",
        ")",
        "(a OR b)",
        "[10 TO 20]",
        "{1 to *}",
        "[2026-10-11 TO 2026-10-12]",
        "2026-10-11T22:14:15.5Z",
        "2026-10-11",
    ),
    *(
        ">=10",
        "<-1.5",
        ">2026-10-11",
        "<=2026-10-11",
        "192.0.2.7",
        "192.0.2.0/24",
        "fe80::1",
        "true",
        "FALSE",
        "*",
        "?",
        "a*b?",
        '"a b"',
        '"\\"\\\\"',
        '~"a|b"',
    ),
    *("\\", "\\*", "\\ ", '"', ":", "root", "Ω", "\n", "\t", "\x00", "-", "~", "TO", "é*", "C:\\Temp\\\\*", "\u2028"),
)
queries = st.one_of(st.lists(st.sampled_from(PIECES), max_size=10).map("".join), st.text(max_size=30))


@settings(max_examples=1500, deadline=None)
@given(queries)
def test_every_query_is_a_condition_that_can_be_written_back_or_a_usage_error_with_a_caret(query):
    try:
        tree = parse_query(query, CATALOGUE)
    except UsageError as error:
        what, shown, caret = str(error).split("\n")
        assert what
        assert len(shown) == len(query) + 2
        assert caret.endswith("^")
        assert len(caret) <= len(shown) + 1
    else:
        assert parse_query(query_text(tree, CATALOGUE), CATALOGUE) == tree


def keyword(text):
    return Keyword(Contains("", text))


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("", TRUE),
        ("*", TRUE),
        ("user.name:root", Equals("user.name", "root")),
        ('user.name:"a*b"', Equals("user.name", "a*b")),
        ("user.name:a*b?c", Wildcard("user.name", ("a", ANY, "b", ONE, "c"))),
        (r"file.path:C:\Temp\\*", Starts("file.path", "C:\\Temp\\")),
        ("event.outcome:*", Exists("event.outcome")),
        ("source.ip:198.51.100.0/24", Cidr("source.ip", "198.51.100.0/24")),
        ("source.ip:2001:db8::/32", Cidr("source.ip", "2001:db8::/32")),
        ("source.port:22", Equals("source.port", 22)),
        ("source.port:>=1024", Compare("source.port", "gte", 1024)),
        ("source.port:[20 TO 25}", And((Compare("source.port", "gte", 20), Compare("source.port", "lt", 25)))),
        ("source.port:{20 TO *]", Compare("source.port", "gt", 20)),
        ("@timestamp:>=2026-10-11T22:14:15Z", Compare("@timestamp", "gte", parse_iso("2026-10-11T22:14:15Z"))),
        ("@timestamp:<=2026-10-11", Compare("@timestamp", "lt", parse_iso("2026-10-12T00:00:00Z"))),
        ('message:~"(?i)a\\d"', Regex("message", "(?i)a\\d")),
        ("root 192.0.2.7 fe80::1", And((keyword("root"), keyword("192.0.2.7"), keyword("fe80::1")))),
        ("fail*root", Keyword(Wildcard("", (ANY, "fail", ANY, "root", ANY)))),
        ("a OR b c", Or((keyword("a"), And((keyword("b"), keyword("c")))))),
        ("not a or b", Or((Not(keyword("a")), keyword("b")))),
        ("(a OR b) NOT c", And((Or((keyword("a"), keyword("b"))), Not(keyword("c"))))),
        ("user.name:(a OR NOT b)", Or((Equals("user.name", "a"), Not(Equals("user.name", "b"))))),
        ("labels.x:>5", Compare("labels.x", "gt", 5)),
        (r"labels.a\ b\:c:d", Equals("labels.a b:c", "d")),
        ('"or"', keyword("or")),
        ("uid=0 a>b", And((keyword("uid=0"), keyword("a>b")))),
        ('"user.name=root"', keyword("user.name=root")),
        (r"user.name\=root", keyword("user.name=root")),
    ],
)
def test_a_query_means_this(query, tree):
    assert parse_query(query, CATALOGUE) == tree


@pytest.mark.parametrize(
    ("query", "column", "says"),
    [
        ("root AND src.ip:192.0.2.1", 9, "there is no field 'src.ip'; did you mean source.ip"),
        ("source.ip:300.1.1.1", 10, "is no address"),
        ("source.ip:192.0.2.0/33", 10, "is no network"),
        ("source.port:ssh", 12, "a number in decimal digits"),
        ("@timestamp:>yesterday", 12, "a time such as 2026-10-11"),
        ("(a OR b", 0, "has no end"),
        ("a OR b)", 6, "')' without '('"),
        ("a OR", 4, "a value is missing"),
        ("a AND OR b", 6, "an operator where a condition should stand"),
        ('user.name:"root', 10, "the quote that begins here has no end"),
        ("source.port:[1 2]", 15, "a range is written [10 TO 20]"),
        ('message:~"(?=a)"', 8, "RE2 refuses"),
        ("(" * 1000, 60, "nested"),
        ("labels:x", 7, "labels.KEY"),
        ("root user.name=root", 5, "write user.name:…; to look for the text, put it into quotes"),
        ("source.port>=1024", 0, "write source.port:>=…"),
        ("source.port==22", 0, "write source.port:…"),
        ('(message="x")', 1, "write message:…"),
        ("user.name!=root", 0, "write NOT user.name:…"),
        ("labels.a=b", 0, "write labels.a:…"),
    ],
)
def test_a_wrong_query_is_pointed_at(query, column, says):
    with pytest.raises(UsageError) as error:
        parse_query(query, CATALOGUE)

    what, _, caret = str(error.value).split("\n")
    assert says in what
    assert caret.index("^") == column + 2
