"""A writer killed at any moment: what it acknowledged is there once, what it left behind is swept."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from soc.condition.tree import TRUE, Equals
from soc.fields import base_catalogue
from soc.store.segments import open_store
from soc.times import MINUTE
from tests.store.dying_writer import SIZE

ROUNDS = 10
ROOT = Path(__file__).parents[2]


def started(path, round_, pace):
    command = [sys.executable, "-m", "tests.store.dying_writer", str(path), str(round_), str(pace)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def acknowledged_until_killed(path, round_, after):
    """The batches that a writer said were closed before it was killed, `after` seconds past its first one."""
    with started(path, round_, 7 * MINUTE) as writer:
        lines = [writer.stdout.readline()]
        threading.Timer(after, writer.kill).start()
        lines += [line for line in writer.stdout if line.endswith("\n")]
    return [tuple(map(int, line.split())) for line in lines]


@pytest.mark.kill
def test_each_acknowledged_batch_is_there_once_after_a_kill(tmp_path):
    path, chance = tmp_path / "store", random.Random(7)
    open_store(path, base_catalogue(), create=True).close()
    acknowledged = []

    for round_ in range(ROUNDS):
        acknowledged += acknowledged_until_killed(path, round_, chance.uniform(0.05, 0.6))
        check(path, acknowledged)

    assert {len(set(acknowledged)), len({number for number, _, _ in acknowledged})} == {len(acknowledged)}


def check(path, acknowledged):
    store = open_store(path, base_catalogue())
    rows = store.batches()
    assert store.check(deep=True) == []
    assert {number for number, _, _ in acknowledged} <= {row.number for row in rows}
    assert len(rows) - len(acknowledged) <= ROUNDS  # closed, but killed before it could say so
    assert {row.events for row in rows} == {SIZE}

    stored = store.sql('SELECT count(*), count(DISTINCT "event.id"), count(DISTINCT "soc.batch") FROM events', limit=1)[1]
    assert stored == [(len(rows) * SIZE, len(rows) * SIZE, len(rows))]
    for number, round_, count in acknowledged[-3:]:
        assert store.count(Equals("soc.batch", number)) == SIZE
        assert min(int(e["event.id"][2:]) for e in store.select(Equals("soc.batch", number))) == round_ * 1_000_000 + count * SIZE
    assert sum(state.position for state in store.sources()) == len(rows) * SIZE
    assert store.count(TRUE) == len(rows) * SIZE

    with store.writer():
        named = dict(store._manifest.rows("SELECT name, deleted_at FROM segments"))
        found = {file.name for file in (path / "segments").iterdir()}
        assert found <= named.keys()  # what the dead one had begun to write is swept
        assert {name for name, deleted_at in named.items() if deleted_at is None} <= found
    store.close()


def test_a_reader_beside_a_writer_sees_whole_batches_and_never_fewer(tmp_path):
    path = tmp_path / "store"
    store = open_store(path, base_catalogue(), create=True)

    with started(path, 0, 0) as writer:
        writer.stdout.readline()
        counts = [store.count(TRUE) for _ in range(15)]
        writer.kill()

    assert counts == sorted(counts)
    assert {count % SIZE for count in counts} == {0}
    assert counts[-1] > counts[0] > 0
    store.close()
