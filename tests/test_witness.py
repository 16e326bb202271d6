"""Witnesses: events made from a condition's own tree."""

from hypothesis import given, settings

from soc.condition.predicate import compile
from soc.condition.tree import (
    ANY,
    ONE,
    TRUE,
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
from soc.condition.witness import witnesses
from tests import strategies as some

HARD = And(
    (
        Starts("process.command_line", "C:\\"),
        Contains("process.command_line", " -enc "),
        Contains("process.command_line", "Bypass"),
        Ends("process.command_line", ".ps1"),
        Wildcard("process.command_line", (ANY, "Power", ONE, "hell", ANY, "Exec", ANY)),
        Regex("process.command_line", r"(?i)[a-z]{4}\d+\s(foo|bar)"),
        Or((Equals("user.name", "Root"), And((Exists("user.name"), Not(Contains("user.name", "svc")))))),
        Cidr("source.ip", "198.51.100.128/25"),
        Not(Cidr("source.ip", "198.51.100.128/31")),
        Compare("source.port", "gte", 1024),
        Not(Equals("source.port", 1024)),
        Equals("event.category", "network"),
        Equals("event.category", "intrusion_detection"),
        TimePart("@timestamp", "hour", "lt", 6),
        TimePart("@timestamp", "week", "eq", 33),
        FieldRef("host.name", "host.id"),
        Keyword(Contains("", "failed")),
        Not(Or((Exists("labels.a"), Contains("message", "test")))),
    )
)


@settings(max_examples=60, deadline=None)
@given(some.trees)
def test_witnesses_fire_and_misses_do_not(tree):
    fires = compile(tree, some.CATALOGUE)
    found = witnesses(tree, some.CATALOGUE)

    assert all(fires(event) for event in found.fires)
    assert not any(fires(event) for event in found.misses)
    assert found == witnesses(tree, some.CATALOGUE)


def test_a_condition_with_every_kind_of_leaf_has_witnesses():
    found = witnesses(HARD, some.CATALOGUE)

    assert found.fires
    assert len(found.misses) >= 10
    assert all(some.CATALOGUE.check({k: v for k, v in event.items() if k != "labels"}) == [] for event in found.fires)


def test_a_witness_is_also_given_with_the_case_of_its_letters_flipped():
    found = witnesses(And((Contains("message", "Mimikatz"), Equals("user.name", "bob", cased=True))), some.CATALOGUE)

    assert {"message": "Mimikatz", "user.name": "bob"} in found.fires
    assert {"message": "mIMIKATZ", "user.name": "bob"} in found.fires


def test_each_conjunct_has_a_near_miss():
    tree = And((Contains("message", "abc"), Equals("user.name", "bob"), Not(Equals("source.port", 22))))

    missed = {(event.get("message"), event.get("user.name"), event.get("source.port")) for event in witnesses(tree, some.CATALOGUE).misses}

    assert any("abc" not in message and user == "bob" and port != 22 for message, user, port in missed)
    assert any(message == "abc" and user not in (None, "bob") and port != 22 for message, user, port in missed)
    assert ("abc", "bob", 22) in missed


def test_a_contradiction_has_no_witness():
    assert not witnesses(And((Equals("user.name", "a"), Equals("user.name", "b"))), some.CATALOGUE).fires
    assert not witnesses(Not(TRUE), some.CATALOGUE).fires
