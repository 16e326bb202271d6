"""Killed at any moment and run again until it is done, soc leaves what an undisturbed run leaves."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kill_world import START, Killed, Nursery, events, journalled, judged, lay_out, lay_out_playbook, questions, soc
from playbook_kit import Mailbox, Posts, mail_server, web_server

KILLS = {"ingest": 16, "detect": 16, "respond": 16, "retain": 12, "run": 8}  # of each command, its start-up apart
CONFIG = """\
content = ["{site}"]
[ingest]
batch = 1000
[retention]
days = 19000  # what is dated 1971 is older, what is dated 2026 is not
[[retention.keep]]
institutions = ["uni-b"]
datasets = ["openssh.*"]
days = 1
[mail]
host = "127.0.0.1"
port = {port}
sender = "soc@noc.example"
"""


@dataclass
class Receivers:
    """What reaches the world: mails, posts, and the lines that two programs write."""

    box: Mailbox
    posts: Posts
    once: Path
    again: Path

    def forget(self) -> None:
        """A new history begins."""
        for held in (self.box.messages, self.posts.keys, self.posts.bodies):
            held.clear()
        for path in (self.once, self.again):
            path.write_text("")

    def check(self, journal: dict[tuple[str, str], list[str]]) -> None:
        """`never` came at most once, `keyed` under one key and with the same words; done + unknown = started."""
        runs = {run for run, _ in journal}
        started = {step: sum("started" in journal[run, step] for run in runs) for step in ("mail", "hook", "once", "again")}
        for entries in journal.values():
            assert entries.count("started") == entries.count("done") + entries.count("unknown") <= 1
        mails = {(message["Message-ID"], message.as_bytes()) for message in self.box.messages}
        posts = {(key, repr(body)) for key, body in zip(self.posts.keys, self.posts.bodies, strict=True)}
        once, again = (Counter(path.read_text().split()) for path in (self.once, self.again))
        assert (
            started == {"mail": len(mails), "hook": len(posts), "once": len(runs), "again": len(again)} == dict.fromkeys(started, len(runs))
        )
        unknown = sum("unknown" in entries for entries in journal.values())
        assert max(once.values()) == 1
        assert len(runs) - unknown <= len(once) <= len(runs)


@dataclass
class Calm:
    """A site where soc was not disturbed: its state before and after each command, and how long each took."""

    folder: Path
    site: Path
    nursery: Nursery
    receivers: Receivers
    idle: dict[str, float] = field(default_factory=dict)  # seconds, with nothing to do
    full: dict[str, float] = field(default_factory=dict)

    def before(self, command: str) -> Path:
        return self.folder / f"before {command}"

    def after(self, command: str) -> Path:
        return self.folder / f"after {command}"

    def record(self, command: str, base: Path) -> Path:
        """Runs a command on a copy of a state, then once more, for nothing; returns the state after."""
        shutil.copytree(base, self.before(command))
        shutil.copytree(base, self.after(command))
        self.receivers.forget()
        self.full[command] = self.nursery.run(self.after(command), command).seconds
        self.idle[command] = self.nursery.run(self.after(command), command).seconds
        return self.after(command)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calm]:
    folder = tmp_path_factory.mktemp("calm")
    with mail_server() as box, web_server() as posts:
        site, receivers = lay_out(folder), Receivers(box, posts, folder / "once", folder / "again")
        lay_out_playbook(site, url=posts.url, once=receivers.once, again=receivers.again)
        fresh = folder / "fresh"
        fresh.mkdir()
        (fresh / "soc.toml").write_text(CONFIG.format(site=site, port=box.port))
        soc(fresh, "init")
        made = Calm(folder, site, Nursery(folder), receivers)
        made.record("run", fresh)
        made.record("retain", made.record("respond", made.record("detect", made.record("ingest", fresh))))
        yield made
        made.nursery.close()


def disturbed(calm: Calm, command: str, home: Path, chance: random.Random) -> list[Killed]:
    """Runs a command that is killed until one run is faster than its killer; returns where the others were."""
    found: list[Killed] = []
    start = calm.idle[command] / 4
    while died := (last := calm.nursery.run(home, command, kill_after=start + chance.random() ** 2 * calm.full[command])).died:
        found.append(died)
    if not found:  # the machine has become faster
        calm.full[command] = (calm.full[command] + last.seconds) / 2
    for case, step in questions(home):  # a program of which nobody knows whether it ran
        soc(home, "playbook", "answer", case, step, "sent")
        soc(home, "respond")
    return found


def told(home: Path, site: Path) -> dict[str, Any]:
    """What the desk says, but for the step whose end may not be known."""
    found = judged(home, site)
    for key, (*head, log) in found["cases"].items():
        found["cases"][key] = (*head, [entry for entry in log if entry[2].get("step") != "once"])
    return found


def everything(home: Path, site: Path) -> tuple[Any, ...]:
    return events(home, site), told(home, site)


def table(command: str, found: Counter[Killed]) -> str:
    rows = [f"soc {command}: killed {found.total()} times"]
    return "\n".join(rows + [f"  {count:4}  {at.phase:10}  {at.place}" for at, count in sorted(found.items())])


def met(found: Counter[Killed]) -> int:
    """How many kills met the work itself."""
    return sum(count for at, count in found.items() if at.phase != START)


@pytest.mark.kill
@pytest.mark.parametrize(
    ("command", "compare"), [("ingest", events), ("detect", told), ("respond", told), ("retain", everything), ("run", everything)]
)
def test_after_kills_at_random_moments_the_state_is_that_of_an_undisturbed_run(
    calm: Calm, tmp_path: Path, record_property: Callable[[str, object], None], command: str, compare: Callable[[Path, Path], Any]
) -> None:
    chance, found, wanted = random.Random(command), Counter[Killed](), compare(calm.after(command), calm.site)
    while met(found) < KILLS[command]:
        assert found.total() < 10 * KILLS[command], table(command, found)
        home = tmp_path / f"{found.total()}"
        shutil.copytree(calm.before(command), home)
        calm.receivers.forget()

        deaths = disturbed(calm, command, home, chance)

        assert compare(home, calm.site) == wanted
        if command in ("respond", "run"):
            calm.receivers.check(journalled(home))
        shutil.rmtree(home)
        found.update(deaths)
    record_property("table", table(command, found))
