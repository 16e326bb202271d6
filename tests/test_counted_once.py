"""What alerts have counted is counted once, whatever became of runs, rule sets, hits and the desk in between."""

import shutil

import pytest

from soc.desk.desk import open_desk
from soc.times import DAY
from tests.rule_kit import counted
from tests.test_detect_run import ADMIN_LOGIN, GUEST_LOGIN, MANY_TRIED, ROOT_LOGIN, World, damage, failed

ALONE = "0c1b3f7e-1111-4b1a-9a53-0d7f5b0c9f15"


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.rule()
    made.rule("alone", title="Root tried, by itself", id=ALONE)
    (tmp_path / "detections/rules/many.yml").write_text(counted("Many", MANY_TRIED, 2, within="1h"))
    yield made
    made.store.close()
    made.desk.close()


def counts(world):
    return {alert.rule_id: alert.extent.count for alert in world.alerts()}


def other(world, user):
    """Another rule set: one of its rules looks for another user."""
    world.rule("guest", title="Guest tried", id=GUEST_LOGIN, user=user)
    world.now += 1


def mended(world, number):
    """Damages the file of a batch; returns what mends it."""
    (segment,) = (world.folder / "store").rglob(f"b{number:010}-*.parquet")
    whole = segment.read_bytes()
    damage(world, number)
    return lambda: segment.write_bytes(whole)


def late(second=0, user="root"):
    return failed(second=second, user=user).replace("Oct 11", "Oct 14")


def test_a_batch_that_another_rule_set_has_searched_is_counted_once(world):
    other(world, "one")
    for second in range(3):
        world.ingest(failed(second=second))
    mend = mended(world, 2)
    world.detect()
    for user in ("two", "three"):  # each takes over from the one before, and none can read batch 2
        other(world, user)
        world.detect()
    mend()
    other(world, "two")
    world.detect()
    other(world, "one")  # takes over from "three", which has not seen it

    world.detect()

    assert counts(world) == {ALONE: 3, MANY_TRIED: 3}


def test_a_look_back_that_comes_after_another_takes_none_of_its_hits_away(world):
    many = world.folder / "detections/rules/many.yml"
    text = many.read_text()
    many.unlink()
    world.ingest(failed(user="admin"))
    world.now += 3 * DAY
    world.ingest(late(), late(user="admin"))
    world.detect()
    many.write_text(text)  # looks back a day
    world.rule("admin", title="Admin tried", id=ADMIN_LOGIN, user="admin")
    (world.folder / "detections/tuning").mkdir()
    (world.folder / "detections/tuning/t.yml").write_text(f"- {{id: {ADMIN_LOGIN}, lookback: 30d}}\n")
    mend = mended(world, 1)
    world.detect()  # cannot get past the first batch with the one, and looks at the second with the other
    mend()
    world.detect()
    world.ingest(late(second=1))

    world.detect()

    assert counts(world) == {ROOT_LOGIN: 1, ALONE: 2, ADMIN_LOGIN: 1, MANY_TRIED: 2}


def test_a_desk_that_was_put_back_counts_what_it_does_not_know_of(world):
    world.ingest(failed(second=0), failed(second=5))
    world.detect()
    world.desk.close()
    for path in world.folder.glob("desk.db*"):
        shutil.copy(path, world.folder / f"kept-{path.name}")
    world.desk = open_desk(f"sqlite:///{world.folder / 'desk.db'}")
    world.ingest(failed(second=3))
    world.detect()
    world.desk.close()
    for path in world.folder.glob("desk.db*"):
        path.unlink()
    for path in world.folder.glob("kept-*"):
        path.rename(world.folder / path.name.removeprefix("kept-"))
    world.desk = open_desk(f"sqlite:///{world.folder / 'desk.db'}")

    world.detect()

    assert counts(world) == {ALONE: 3, MANY_TRIED: 3}
