"""A site whose soc is killed: its logs, its content, what is true of its state, and where a process was when it died."""

from __future__ import annotations

import json
import os
import random
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from soc.condition.tree import TRUE
from soc.content import load_content
from soc.desk.cases.words import STATUSES
from soc.desk.desk import Desk, open_desk
from soc.event import Event
from soc.store.segments import open_store
from tests.rule_kit import counted

FRAME = re.compile(r'File "(?P<path>[^"]+)", line \d+ in (?P<name>\S+)')
PHASES = {  # what stands in the stack -> the phase that was going on
    "intake/jobs.py:ingest_jobs": "ingest",
    "runs/run.py:run": "detection",
    "runs/run.py:respond": "respond",
    "upkeep/retain.py:upkeep": "compaction",
}
START = "start-up"

FAILED = "<38>1 {at} {host} sshd 4721 - - Failed password for {user} from {source} port 52144 ssh2"
ACCEPTED = "<38>1 {at} {host} sshd 4721 - - Accepted password for {user} from {source} port 52144 ssh2"
DOWN = "<28>1 {at} sw{number}.example.org portd 17 - - port 7: link down"
RULE = """\
title: {title}
id: {id}
status: test
level: {level}
logsource: {{product: linux, service: {service}}}
detection:
    selection: {selection}
    condition: selection
"""
MANY = counted("Many failures from one address", "0a1e1f3e-5a55-4a0c-9d5e-6a7b8c9d0e01", 5, within="10m", level="critical")
TELLS = """\
id: tells
title: Tells everybody
when: {{categories: [other/undetermined]}}
steps:
  trail: {{action: hunt, with: {{query: "user.name:root", title: Trail}}, keep: {{found: count}}, on_completion: mail}}
  mail:
    action: notify_mail
    with: {{to: [abuse@uni.example], subject: "{{{{ case.id }}}}", text: "{{{{ case.title }}}}, {{{{ found }}}} events"}}
    on_success: hook
  hook: {{action: notify_webhook, with: {{url: "{url}", text: "{{{{ case.title }}}}"}}, on_success: once}}
  once: {{action: run, with: {{command: [/bin/sh, -c, "echo $SOC_KEY >> {once}"]}}, on_completion: again}}
  again: {{action: run, repeat: keyed, with: {{command: [/bin/sh, -c, "echo $SOC_KEY >> {again}"]}}, on_success: set}}
  set: {{action: set, with: {{severity: high}}, on_success: end}}
  end: {{end: done}}
"""
STORM = 1_150  # keys of one rule: more than a site looks at one by one, and more than a batch holds


class Killed(NamedTuple):
    """Where a process was when it was killed: the phase, and the innermost function of soc."""

    phase: str
    place: str


def lay_out(folder: Path) -> Path:
    """Logs of two institutions and the content root that reads them. Seeded: the same bytes each time."""
    site, chance = folder / "site", random.Random(7)
    for institution in ("uni-a", "uni-b"):
        (folder / institution).mkdir(parents=True)
        _write(site / f"ingest/{institution}.yml", f"paths: [{folder / institution}]\ninstitution: {institution}\n")
        for number in range(6):
            _write(folder / institution / f"{number}.log", "".join(f"{line}\n" for line in _lines(chance, institution, number)))
    names = (("uni-a", "192.0.2.0/25"), ("uni-b", "192.0.2.128/25"))
    _write(site / "ingest/institutions.yml", "".join(f"- {{id: {id}, name: {id}, networks: [{net}]}}\n" for id, net in names))
    root = dict(title="Root tried", id="5f0f2f0e-6a3b-4b1a-9a53-0d7f5b0c9f11", level="medium", service="sshd")
    down = dict(title="Link down", id="7d8f2f0e-6a3b-4b1a-9a53-0d7f5b0c9f12", level="low", service="syslog")
    _write(site / "detections/rules/root.yml", RULE.format(**root, selection="{event.outcome: failure, user.name: root}"))
    _write(site / "detections/rules/down.yml", RULE.format(**down, selection="{message|contains: link down}"))
    _write(site / "detections/rules/many.yml", MANY)
    return site


def lay_out_playbook(site: Path, *, url: str, once: Path, again: Path) -> None:
    """The one playbook of the site: it asks the store, tells mail, web and two programs, and changes the case."""
    _write(site / "playbooks/tells.yml", TELLS.format(url=url, once=once, again=again))


def _lines(chance: random.Random, institution: str, number: int) -> Iterator[str]:
    """A few hours: mostly ordinary, some guessing of passwords, in the middle a storm at one institution; some of it long past."""
    for at in range(1_200):
        stamp = f"{'1971' if at % 10 == 0 else '2026'}-10-11T{8 + number:02d}:{at // 20:02d}:{at % 20 * 3:02d}Z"
        host, source = f"gw{at % 3}.example.org", f"203.0.113.{chance.randint(1, 12)}"
        if institution == "uni-b" and number in (2, 3):
            stamp = f"2026-10-11T10:{at // 20:02d}:{at % 20 * 3:02d}Z"
            yield DOWN.format(at=stamp, number=(at * 7 + number * 600) % STORM)
        elif chance.random() < 0.06:
            yield FAILED.format(at=stamp, host=host, user="root", source=source)
        else:
            yield ACCEPTED.format(at=stamp, host=host, user=f"user{chance.randint(1, 30)}", source=f"198.51.100.{chance.randint(1, 250)}")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def soc(home: Path, *arguments: str, codes: Sequence[int] = (0,)) -> str:
    """Runs soc to its end; what it says on stderr."""
    call = [sys.executable, "-c", "from soc.cli.main import main; main()", "--home", str(home), *arguments]
    ended = subprocess.run(call, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode in codes, ended.stderr
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.stderr


class Run(NamedTuple):
    """A run of soc: where it was when it was killed, or None; how many seconds it lived."""

    died: Killed | None
    seconds: float


class Nursery:
    """Starts runs of soc as children of one process that has imported everything, so that what is killed is work, not imports."""

    def __init__(self, folder: Path) -> None:
        self._said, self._trace = folder / "said", folder / "trace"
        call = [sys.executable, str(Path(__file__).with_name("kill_nursery.py"))]
        self._process = subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, home: Path, *arguments: str, kill_after: float | None = None) -> Run:
        """Runs soc, and kills it when it lives so many seconds; else it must end well."""
        assert self._process.stdin and self._process.stdout
        self._trace.write_text("")
        begun = time.perf_counter()
        order = {"said": str(self._said), "trace": str(self._trace), "arguments": ["--home", str(home), *arguments]}
        print(json.dumps(order), file=self._process.stdin, flush=True)
        child = int(self._process.stdout.readline())
        ended = select.select([self._process.stdout], [], [], kill_after)[0]
        if not ended:
            self._kill(child)
        code = int(self._process.stdout.readline())
        seconds = time.perf_counter() - begun
        if code == 0:
            return Run(None, seconds)
        asked = () if ended else (-signal.SIGKILL, -signal.SIGUSR2, -signal.SIGSEGV)  # faulthandler may meet a frame that is half made
        assert code in asked, f"exit code {code}: {self._said.read_text()}"
        return Run(_place(self._trace.read_text()), seconds)

    def _kill(self, child: int) -> None:
        """Kills it, after a moment in which it writes down where it is; that may come too late."""
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(child, signal.SIGUSR2)
            until = time.perf_counter() + 0.02
            while time.perf_counter() < until and "in serve\n" not in self._trace.read_text():  # the outermost frame but one
                pass
            os.kill(child, signal.SIGKILL)

    def close(self) -> None:
        """No more runs."""
        self._process.communicate()


def _place(trace: str) -> Killed:
    """From a stack, innermost frame first."""
    found = [(Path(m["path"]), m["name"]) for m in FRAME.finditer(trace)]
    own = [f"{path.parts[-2]}/{path.name}:{name}" for path, name in found if "soc" in path.parts and "site-packages" not in path.parts]
    loading = any(place.startswith("soc/content.py:") for place in own)
    phase = START if loading else next((PHASES[place] for place in own if place in PHASES), START)
    return Killed(phase, own[0] if own else "imports")


@contextmanager
def opened(home: Path, site: Path) -> Iterator[tuple[Any, Desk]]:
    """The store and the desk of a state folder."""
    store, desk = open_store(home / "store", load_content((site,)).catalogue), open_desk(f"sqlite:///{home / 'desk.db'}")
    try:
        yield store, desk
    finally:
        store.close()
        desk.close()


def events(home: Path, site: Path) -> dict[str, Event]:
    """All events by id, without number and time of their batch; the store has no fault."""
    with opened(home, site) as (store, _):
        assert store.check(deep=True) == []
        found = {event["event.id"]: _timeless(event) for event in store.select(TRUE)}
        assert len(found) == store.count(TRUE) == sum(row.events for row in store.batches())
        return found


def judged(home: Path, site: Path) -> dict[str, Any]:
    """What the desk says without times and ids: alerts with their extents, each case with its alerts and log, what was left out."""
    with opened(home, site) as (store, desk), desk.read() as tx:
        assert tx.verify_cases() == []
        assert tx.held_locks() == []
        alerts = {alert.id: alert for alert in tx.alerts()}
        heads = tx.heads(statuses=STATUSES)
        keys = {head.id: head.key for head in heads}
        extents = {
            id: (one.extent.count, one.extent.first, one.extent.last, [_timeless(item.event) for item in one.extent.evidence])
            for id, one in alerts.items()
        }
        cases = {}
        for head in heads:
            case = tx.case(head.id)
            assert case is not None
            log = [(entry.actor, entry.action, _nameless(entry.said, keys)) for entry in case.log]
            cases[head.key] = (head.title, head.status, head.severity, head.priority, sorted(case.alerts), log)
        swallowed = sorted((row.kind, row.rule, row.institution, row.count) for row in tx.swallowed())
        return {"alerts": extents, "cases": cases, "swallowed": swallowed, "hits": store.statistics()["hits"]}


def _timeless(event: Event) -> Event:
    return {name: value for name, value in event.items() if name not in ("soc.batch", "event.ingested")}


def _nameless(value: Any, keys: dict[str, str]) -> Any:
    """What a log entry says, with the key of a case for its number."""
    if isinstance(value, dict):
        return {name: _nameless(item, keys) for name, item in value.items()}
    return keys.get(value, value) if isinstance(value, str) else value


def questions(home: Path) -> list[tuple[str, str]]:
    """Case and step of what playbooks ask."""
    with _desk(home) as desk, desk.read() as tx:
        cases = [tx.case(head.id) for head in tx.heads()]
        return [(case.head.id, asked["step"]) for case in cases if case for asked in case.questions]


def journalled(home: Path) -> dict[tuple[str, str], list[str]]:
    """(run, step) of playbooks -> the actions in its journal, in order."""
    found: dict[tuple[str, str], list[str]] = {}
    with _desk(home) as desk, desk.read() as tx:
        for run in tx.playbook_runs():
            for entry in tx.journal(run.id):
                found.setdefault((f"{run.case} {run.number}", entry.step), []).append(entry.action)
    return found


@contextmanager
def _desk(home: Path) -> Iterator[Desk]:
    desk = open_desk(f"sqlite:///{home / 'desk.db'}")
    try:
        yield desk
    finally:
        desk.close()
