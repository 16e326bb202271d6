"""What each construct means: construct x document -> met or not, by the predicate and by a real server.

A row is a condition, the documents that meet it, and whether the query may be believed without asking the predicate again.
"""

from __future__ import annotations

import pytest

from soc.condition.dsl import to_dsl
from soc.condition.predicate import compile
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
    leaves,
)
from soc.times import parse_iso
from tests.strategies import CATALOGUE

LONG = "x" * 8190 + "YZ"  # one character too long for the index
DOCUMENTS = {
    "root": {"user.name": "root", "labels": {"k": "Root", "b.c": "\0"}, "message": "login of root"},
    "Root": {"user.name": "Root", "labels": {"k*": "root", "": "nobody"}, "message": "LOGIN OF ROOT", "event.original": "<38>sshd"},
    "empty": {"user.name": "", "event.original": ""},
    "null": {"user.name": None, "event.category": []},
    "line": {"user.name": "a\nb", "event.original": "A\nB"},
    "vt": {"user.name": "a\x0bb"},
    "signs": {"user.name": r"*?\"&<@#~.|"},
    "long": {"user.name": LONG},
    "dots": {"user.name": "\u0130\u03a3\u1e9e"},  # İ, final sigma, capital sharp s
    "garay": {"user.name": "\U00010d50x", "labels": {"k": "\U00010d50x"}},  # a letter of Unicode 16, which a new Java lowers
    "capital": {"user.name": "\ua7cb"},  # of Unicode 16, too; a new Java makes it the old letter of the next document
    "small": {"user.name": "\u0264"},
    "kelvin": {"user.name": "\u212a\u017f"},  # RE2 finds k and s in them, the server does not
    "number": {"user.name": "4624", "source.port": 22, "event.risk_score": 22.0},
    "zeros": {"user.name": "0022.50", "source.port": 80, "event.risk_score": -0.0},
    "zero": {"user.name": "1e3", "event.risk_score": 0.0},
    "json": {"event.original": r'{"a": "say \"Login\"", "log\u0069n": {"b": "r\u006fot"}, "sshd": 7}'},
    "behind": {"event.original": 'Oct 11 22:14:15 h sshd[1]: {"login": "a"}', "message": "root"},
    "infinite": {"event.risk_score": float("inf")},
    "nan": {"event.risk_score": float("nan")},
    "list": {"event.category": ["Network", "alpha"], "related.ip": ["192.0.2.1", "2001:db8::1"]},
    "longlist": {"event.category": [LONG, "alpha"]},
    "v4": {"source.ip": "192.0.2.1", "user.name": "192.0.2.1", "process.interactive": True},
    "v6": {"source.ip": "2001:db8::1", "user.name": "2001:DB8:0::1", "process.interactive": False},
    "mapped": {"user.name": "::ffff:192.0.2.9"},
    "zone": {"user.name": "192.0.2.7%eth0"},
    "compatible": {"source.ip": "::c000:201"},  # ::192.0.2.1, which is no IPv4 address,
    "2023": {"@timestamp": parse_iso("2023-12-31T23:59:59.999999Z"), "event.start": parse_iso("2023-12-31T23:59:59.999999Z")},
    "2024": {"@timestamp": parse_iso("2024-01-01T00:00:00Z"), "event.start": parse_iso("2024-01-01T00:00:00.000001Z")},
    "1601": {"@timestamp": parse_iso("1601-01-01T00:00:00Z")},
}
NAMED = [name for name, event in DOCUMENTS.items() if event.get("user.name") is not None]


def name(leaf, *args, **options):
    return leaf("user.name", *args, **options)


def others(*met):
    return [document for document in DOCUMENTS if document not in met]


MEETS = [
    # whole values, beginnings and ends
    (name(Equals, "ROOT"), ["root", "Root"], True),
    (name(Equals, "Root", cased=True), ["Root"], True),
    (name(Equals, ""), ["empty"], True),
    (Not(name(Equals, "ROOT")), others("root", "Root"), True),
    (Or((name(Equals, "root"), name(Equals, "4624"), name(Equals, "Root", cased=True))), ["root", "Root", "number"], True),
    (Not(Or((name(Equals, "root"), name(Equals, 4624)))), others("root", "Root", "number"), True),
    (name(Equals, LONG.lower()), ["long"], True),
    (Not(name(Equals, LONG)), others("long"), True),
    (name(Equals, "\u0130\u03a3\u1e9e"), ["dots"], True),
    (name(Equals, "i\u03c3\u00df"), ["dots"], True),
    (name(Equals, "i\u03c2\u00df"), [], True),
    (name(Equals, "\U00010d50X"), ["garay"], True),
    (name(Contains, "\U00010d50"), ["garay"], True),
    (name(Contains, "\U00010d70"), [], True),
    (Not(name(Contains, "\U00010d70")), others(), True),
    (name(Contains, "\u0264"), ["small"], True),
    (Not(name(Contains, "\u0264")), others("small"), True),
    (name(Contains, "\ua7cb"), ["capital"], True),
    (Not(name(Contains, "\ua7cb")), others("capital"), True),
    (name(Starts, "RO"), ["root", "Root"], True),
    (name(Starts, "Ro", cased=True), ["Root"], True),
    (name(Ends, "OT"), ["root", "Root"], True),
    (name(Ends, "yz"), ["long"], True),
    (Not(name(Ends, "yz")), others("long"), True),
    (name(Contains, "oo"), ["root", "Root"], True),
    (name(Contains, '\\"&<@#~.|'), ["signs"], True),
    (name(Contains, "*?"), ["signs"], True),
    (name(Contains, "x" * 300), ["long"], False),
    (Not(name(Contains, "x" * 300)), others("long"), False),
    # one of several texts
    (Or((name(Contains, "OO"), name(Contains, "62"), name(Contains, "\\n"))), ["root", "Root", "number"], True),
    (Or((name(Contains, "a\n"), name(Contains, '"&<@'), name(Contains, "\u03c3"))), ["line", "signs", "dots"], True),
    (Or((name(Contains, "oo", cased=True), name(Contains, "RO", cased=True), name(Contains, "46"))), ["root", "Root", "number"], True),
    (Or((name(Contains, "RO", cased=True), name(Contains, "Roo", cased=True))), ["Root"], True),
    (Not(Or((name(Contains, "oo"), name(Contains, "x"), name(Contains, "*?")))), others("root", "Root", "long", "garay", "signs"), True),
    (Or((Contains("source.ip", "92.0"), Contains("source.ip", "DB8::"))), ["v4", "v6"], True),
    (Or((Contains("labels.k", "OO"), Contains("labels.k", "x"))), ["root", "garay"], False),
    # wildcards
    (name(Wildcard, ("r", ONE, ONE, "T")), ["root", "Root"], True),
    (name(Wildcard, ("a", ONE, "B")), ["line", "vt"], True),
    (name(Wildcard, (ONE, "x")), ["garay"], True),
    (name(Wildcard, ("a", ANY, "b")), ["line", "vt"], True),
    (name(Wildcard, (ANY, "o", *(ONE,) * 12)), [], False),
    (name(Wildcard, (ANY, "o", *(ONE,) * 2)), ["root", "Root"], True),
    # regexes: found anywhere, with case
    (name(Regex, "oo"), ["root", "Root"], True),
    (name(Regex, "^r.*t$"), ["root"], True),
    (name(Regex, "^r|^R"), ["root", "Root"], True),
    (name(Regex, "^(r|R)o{2}t$"), ["root", "Root"], True),
    (name(Regex, "(?i)^ROOT$"), ["root", "Root"], True),
    (name(Regex, "ks", "i"), ["kelvin"], True),
    (name(Regex, "[k][s]", "i"), ["kelvin"], True),
    (name(Regex, "^[^k]+s$", "i"), [], True),
    (name(Regex, "a.b"), ["vt"], True),
    (name(Regex, "a.b", "s"), ["line", "vt"], True),
    (name(Regex, r"a\sb"), ["line"], True),
    (name(Regex, r"a\Sb"), ["vt"], True),
    (name(Regex, "a[^x]b"), ["line", "vt"], True),
    (name(Regex, "^b$", "m"), ["line"], False),
    (Not(name(Regex, "^b$", "m")), others("line"), False),
    (name(Regex, r"\broot\b"), ["root"], False),
    (name(Regex, r'\*\?\\"&<@#~\.\|'), ["signs"], True),
    (name(Regex, r"^\d+$"), ["number"], True),
    (name(Regex, r"^\w+$"), ["root", "Root", "long", "number", "zero"], True),
    (name(Regex, r"\pL{5}"), ["long"], False),
    (name(Regex, r"(r|R)oo.{300}"), [], False),
    (name(Regex, "o.{12}$"), [], False),
    (name(Regex, "YZ$"), ["long"], True),
    (name(Regex, ""), NAMED, True),
    (name(Regex, "^$"), ["empty"], True),
    # missing, null, empty list
    (name(Exists), NAMED, True),
    (Not(name(Exists)), others(*NAMED), True),
    (Exists("no.such.field"), [], True),
    (Not(Exists("no.such.field")), others(), True),
    (Not(Contains("no.such.field", "a")), others(), True),
    (And(()), others(), True),
    (Or(()), [], True),
    # lists: another value may meet each item; not means that none does
    (And((Starts("event.category", "net"), Ends("event.category", "PHA"))), ["list"], True),
    (Not(Equals("event.category", "ALPHA")), others("list", "longlist"), True),
    (Contains("event.category", "xyz"), ["longlist"], True),
    (Not(Contains("event.category", "xyz")), others("longlist"), True),
    # numbers
    (name(Equals, 4624), ["number"], True),
    (name(Compare, "gt", 22.4), ["number", "zeros"], False),
    (Not(name(Compare, "gt", 22.4)), others("number", "zeros"), False),
    (Equals("source.port", "22"), ["number"], True),
    (Or((Equals("source.port", 22), Equals("source.port", 80))), ["number", "zeros"], True),
    (Compare("source.port", "gte", 22.5), ["zeros"], True),
    (Starts("source.port", "2"), ["number"], False),
    (Not(Starts("source.port", "2")), others("number"), False),
    (Equals("event.risk_score", 0), ["zeros", "zero"], True),
    (Compare("event.risk_score", "lt", 0), [], True),
    (Compare("event.risk_score", "gte", 0), ["number", "zeros", "zero", "infinite"], True),
    (Compare("event.risk_score", "gt", 0), ["number", "infinite"], True),
    (Compare("event.risk_score", "lt", float("inf")), ["number", "zeros", "zero"], True),
    (Not(Compare("event.risk_score", "lte", float("inf"))), others("number", "zeros", "zero", "infinite"), True),
    (Equals("event.risk_score", float("inf")), ["infinite"], True),
    (Equals("process.interactive", "TRUE"), ["v4"], True),
    (Contains("process.interactive", "als"), ["v6"], True),
    (Regex("process.interactive", "e$"), ["v4", "v6"], True),
    # addresses
    (Equals("source.ip", "2001:DB8:0:0::1"), ["v6"], True),
    (Starts("source.ip", "192.0."), ["v4"], True),
    (Regex("source.ip", r"^192\.0"), ["v4"], True),
    (Contains("source.ip", "DB8", cased=True), [], True),
    (Cidr("source.ip", "192.0.2.0/24"), ["v4"], True),
    (Cidr("source.ip", "2001:db8::/32"), ["v6"], True),
    (Cidr("source.ip", "::/0"), ["v6", "compatible"], True),
    (Not(Cidr("source.ip", "::/0")), others("v6", "compatible"), True),
    (Cidr("related.ip", "::/0"), ["list"], True),
    (Cidr("source.ip", "::ffff:0:0/96"), ["v4"], True),
    (name(Cidr, "192.0.2.0/24"), ["v4", "mapped", "zone"], False),
    (Not(name(Cidr, "192.0.2.0/24")), others("v4", "mapped", "zone"), False),
    (name(Cidr, "2001:db8::/32"), ["v6"], False),
    # dates
    (Compare("@timestamp", "gte", parse_iso("2024-01-01T00:00:00Z")), ["2024"], True),
    (Compare("event.start", "gt", parse_iso("2024-01-01T00:00:00Z")), ["2024"], True),
    (Compare("@timestamp", "lt", parse_iso("2024-01-01T00:00:00Z")), ["2023", "1601"], True),
    (Compare("event.start", "lte", parse_iso("2023-12-31T23:59:59.999998Z")), [], True),
    (Equals("@timestamp", "2024-01-01"), ["2024"], True),
    (Equals("@timestamp", "1601-01-01"), ["1601"], True),
    (Not(Equals("@timestamp", "1601-01-01")), others("1601"), True),
    (TimePart("@timestamp", "year", "eq", 2023), ["2023"], True),
    (TimePart("@timestamp", "year", "lt", 2024), ["2023", "1601"], True),
    (TimePart("@timestamp", "year", "gte", 10000), [], True),
    (TimePart("@timestamp", "hour", "eq", 23), ["2023"], False),
    (Not(TimePart("@timestamp", "hour", "eq", 23)), others("2023"), False),
    # other fields of the event
    (FieldRef("@timestamp", "event.start"), ["2023"], False),
    (Not(FieldRef("@timestamp", "event.start")), others("2023"), False),
    # labels
    (Equals("labels.k", "ROOT"), ["root"], True),
    (Equals("labels.k", "root", cased=True), [], True),
    (Starts("labels.k", "ro"), ["root"], True),
    (Contains("labels.k", "OO"), ["root"], False),
    (Not(Contains("labels.k", "OO")), others("root"), False),
    (Regex("labels.k", "^Ro"), ["root"], False),
    (Contains("labels.k", "\U00010d50X"), ["garay"], False),
    (Exists("labels.k*"), ["Root"], True),
    (Exists("labels.k"), ["root", "garay"], True),
    (Equals("labels.b.c", "\0"), ["root"], True),
    (Equals("labels.b", "c"), [], True),
    (Equals("labels.b.c\0", ""), [], True),
    (Equals("labels.", "nobody"), ["Root"], True),
    (Wildcard("labels.k", ("r", ONE, ANY)), ["root"], False),
    # keywords: the line, or the message where there is no line; the values of a line that is JSON, and the message
    (Keyword(Contains("", "login")), ["root", "json"], True),
    (Keyword(Contains("", '"login"')), ["json"], True),
    (Keyword(Contains("", "SSHD")), ["Root", "behind"], True),
    (Keyword(Starts("", "root")), ["json", "behind"], True),
    (Keyword(Regex("", "^[r]oot$")), ["json", "behind"], True),
    (Keyword(Equals("", "7")), ["json"], True),
    (Not(Keyword(Contains("", "login"))), others("root", "json"), True),
    (Not(Keyword(Contains("", "sshd"))), others("Root", "behind"), True),
    (And((Keyword(Contains("", "login")), Keyword(Contains("", "root")))), ["root", "json"], True),
    (Or((Keyword(Contains("", "login")), Keyword(Contains("", "sshd")))), ["root", "Root", "json", "behind"], True),
    (Keyword(Equals("", "")), ["empty"], True),
    (Keyword(Contains("", "")), ["root", "Root", "empty", "line", "json", "behind"], True),
    (Keyword(Wildcard("", ("a", ONE, "b"))), ["line"], True),
]


@pytest.fixture(scope="module")
def index(server, make_index):
    with make_index(CATALOGUE, list(DOCUMENTS.values())) as made:
        yield made


@pytest.fixture(scope="module")
def found(index):
    """For each row the documents that the server finds."""
    names = list(DOCUMENTS)
    queries = [to_dsl(tree, CATALOGUE) for tree, *_ in MEETS]
    return [{names[row] for row in rows} for rows in index.found(queries)]


@pytest.mark.parametrize(("tree", "met", "exact"), MEETS, ids=lambda part: repr(part)[:60])
def test_the_predicate_says_what_a_construct_means(tree, met, exact):
    meets = compile(tree, CATALOGUE)

    assert [document for document, event in DOCUMENTS.items() if meets(event)] == sorted(met, key=list(DOCUMENTS).index)
    assert to_dsl(tree, CATALOGUE).exact is exact


@pytest.mark.parametrize("row", range(len(MEETS)), ids=lambda row: repr(MEETS[row][0])[:60])
def test_the_server_finds_all_of_them_and_no_others_but_those_the_index_is_unsure_of(row, found, index):
    tree, met, exact = MEETS[row]
    unsure = {name for name, document in zip(DOCUMENTS, index.documents, strict=True) if "soc.coarse" in document}
    if any(isinstance(leaf, Keyword) for leaf in leaves(tree)):
        unsure |= {"json", "behind"}

    assert set(met) <= found[row], to_dsl(tree, CATALOGUE).body
    if exact:
        assert found[row] - unsure == set(met) - unsure, to_dsl(tree, CATALOGUE).body


def nested(depth):
    tree = Equals("user.name", "root")
    for _ in range(depth):
        tree = And((Or((tree, Equals("user.name", "a"))), Not(Not(Exists("user.name")))))
    return tree


TOO_MUCH = {
    "values": Or(tuple(Equals("user.name", f"{number}") for number in range(70_000))),
    "patterns, one of them": Or((*(Contains("user.name", f"{number:04d}oot") for number in range(500)), Contains("user.name", "46"))),
    "patterns, all of them": And((*(Contains("user.name", "4624"[: 1 + number % 4]) for number in range(2000)),)),
    "pairs of patterns": Or(tuple(And((Contains("user.name", "46"), Ends("user.name", f"{number:02d}"))) for number in range(2000))),
    "beginnings": Or(tuple(Starts("user.name", f"{number:04d}") for number in range(9000))),
    "bounds": Or(tuple(Compare("source.port", "gt", number) for number in range(9000))),
    "fields": And(tuple(Not(Exists(f"no.field.{number}")) for number in range(9000))),
    "depth": Not(Not(And((nested(60), Equals("user.name", "root"))))),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_what_is_too_much_for_a_server_is_asked_more_widely(what, index):
    meets, query = compile(TOO_MUCH[what], CATALOGUE), to_dsl(TOO_MUCH[what], CATALOGUE)

    [found] = index.found([query])

    met = {row for row, event in enumerate(DOCUMENTS.values()) if meets(event)}
    assert met
    assert met <= found
    assert what == "values" or len(repr(query.body)) < 60_000
    assert query.exact is (what == "values")
