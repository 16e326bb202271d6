"""What alerts have counted: a deep look holds it against the alerts, and what was altered is not counted on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from desk_kit import T0, alert, counted_by, fresh_desk
from sqlalchemy import text

from soc.text import canonical_json

pytestmark = pytest.mark.usefixtures("desk_engine")
GOOD = counted_by(alert("a1"))


@pytest.fixture
def desk():
    with fresh_desk() as made:
        with made.write() as tx:
            tx.put_alerts([alert("a1"), alert("a2")], now=T0)
            tx.keep_counted({"a1": GOOD, "a2": counted_by(alert("a2"))})
        yield made


def faults(desk):
    with desk.read() as tx:
        return tx.verify_counts()


def test_what_soc_itself_has_counted_is_sound(desk):
    assert faults(desk) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"count": 11}, "its count is 11 where the newest extent of the alert says 10"),
        ({"first": T0 + 1}, f"its first is {T0 + 1} where the newest extent of the alert says {T0}"),
        ({"last": T0}, f"its last is {T0} where"),
        ({"evidence": ((T0, "another"),)}, "its evidence is another where the newest extent of the alert says event-a1"),
        ({"by": "another-rule@hash store"}, "its by is another-rule@hash store where the alert is of ssh-brute-force"),
        ({"spans": ((T0, T0 + 1), (T0, T0 + 2))}, "is damaged: its spans do not ascend"),
    ],
)
def test_what_contradicts_the_alert_is_named(desk, values, said):
    with desk.write() as tx:
        tx.keep_counted({"a1": replace(GOOD, **values)})

    (fault,) = faults(desk)

    assert fault.startswith(f"table counted, row a1: {said}")


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"{}", b"[]", b"[1,2,3,[],[[1]]]", b'["1",2,3,[],[]]', b'[1,2,3,[["id",4]],[]]', b"[1,2,3,[],[[1,null]]]"]
)
def test_a_row_that_cannot_be_read_is_named_and_the_others_are_read(desk, body):
    with desk.write() as tx:
        tx.connection.execute(text("UPDATE counted SET body = :body WHERE alert = 'a1'"), {"body": body})

    (fault,) = faults(desk)

    assert fault.startswith("table counted, row a1: is damaged")


def test_what_another_hand_has_altered_is_not_counted_on(desk):
    body = canonical_json([3, GOOD.first, GOOD.last, GOOD.evidence, GOOD.spans])
    with desk.write() as tx:
        tx.connection.execute(text("UPDATE counted SET body = :body WHERE alert = 'a1'"), {"body": body})

    with desk.read() as tx:
        found = tx.counted(["a1", "a2", "a3"])

    assert found == {"a1": None, "a2": counted_by(alert("a2"))}
