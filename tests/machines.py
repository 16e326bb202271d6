"""Machines that share a cluster and a desk: each a state folder of its own, with commands that run at the same time and can be killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kill_world import _timeless

from soc.cli.call.context import Soc
from soc.condition.tree import TRUE
from soc.desk.cases.words import STATUSES

CONFIG = """\
content = ["{site}"]
[store]
url = "{store}"
prefix = "{prefix}"
replicas = {replicas}
[desk]
url = "{desk}"
[ingest]
batch = {batch}
"""
BUSY, DONE, PARTLY = 3, 0, 4


class Machine:
    """One command at a time. `lost`: it was killed, and does not come back."""

    def __init__(self, home: Path, command: str) -> None:
        self.home, self.command, self.lost = home, command, False
        self._process: subprocess.Popen[bytes] | None = None
        self._said = home.with_suffix(".said")

    def start(self) -> None:
        call = [sys.executable, "-c", "from soc.cli.main import main; main()", "--home", str(self.home), self.command]
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(call, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)

    def lose(self) -> None:
        """As if its power had failed."""
        self.lost = True
        self.stop()

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ended(self) -> int | None:
        """The exit code of the last call: one that a machine among others may end with. None before the first."""
        if self._process is None:
            return None
        code = self._process.wait()
        assert self.lost or (code in (DONE, BUSY, PARTLY) and "Traceback" not in self.said), f"{self.command}: {code}: {self.said}"
        return code

    @property
    def said(self) -> str:
        return self._said.read_text()


def set_up(home: Path, **places: Any) -> Path:
    """A state folder that knows where everything is."""
    home.mkdir(parents=True)
    (home / "soc.toml").write_text(CONFIG.format(**{"batch": 1000, **places}))
    (home / "soc.toml").chmod(0o600)
    return home


@contextmanager
def opened(home: Path) -> Iterator[tuple[Any, Any]]:
    """The store and the desk that a state folder's configuration names."""
    call = Soc(home, None, ())
    try:
        yield call.store, call.desk
    finally:
        call.store.close()
        call.desk.close()


def progress(store: Any, desk: Any) -> tuple[int, int]:
    """How many batches with events are closed, and how many of them some rule set has seen."""
    rows = {row.number for row in store.batches() if row.events}
    with desk.read() as tx:
        spans = [span for known in tx.rulesets() for span in tx.covered(store.id, known)]
    return len(rows), sum(any(first <= number <= last for first, last in spans) for number in rows)


def outcome(home: Path) -> dict[str, Any]:
    """What is true in the end, without times and ids: events, alerts with their extents, cases with their alerts."""
    with opened(home) as (store, desk), desk.read() as tx:
        assert store.check(deep=True) == []
        assert store.unfinished() == []
        assert tx.verify_cases() == []
        found = {event["event.id"]: _timeless(event) for event in store.select(TRUE)}
        assert len(found) == store.count(TRUE) == sum(row.events for row in store.batches())
        alerts = {
            one.id: (one.extent.count, one.extent.first, one.extent.last, [_timeless(item.event) for item in one.extent.evidence])
            for one in tx.alerts()
        }
        cases = [case for head in tx.heads(statuses=STATUSES) if (case := tx.case(head.id)) and case.head.status != "closed"]
        grouped = sorted((case.head.title, case.head.severity, case.head.priority, sorted(case.alerts)) for case in cases)
        return {"events": found, "alerts": alerts, "cases": grouped}
