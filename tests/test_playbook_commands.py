"""`soc respond` and `soc playbook` as they are called: by cron, by analysts, and killed by the kernel."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from playbook_kit import journalled, mail_server, open_case, said_in, web_server
from sqlalchemy import select

from soc.cli.main import cli
from soc.desk.database.schema import locks
from soc.desk.desk import open_desk
from soc.errors import UsageError

ROOT = Path(__file__).parents[1]
KILLS, CASES = 10, 8


def home_of(folder: Path, book: str, *, port: int = 25) -> Path:
    """A state folder whose only playbook for cases of category other/other is `book`."""
    home, root = folder / "home", folder / "site"
    (root / "playbooks").mkdir(parents=True)
    (root / "playbooks" / "book.yml").write_text(book)
    home.mkdir()
    (home / "soc.toml").write_text(f'content = ["{root}"]\n[mail]\nhost = "127.0.0.1"\nport = {port}\nsender = "soc@noc.example"\n')
    open_desk(f"sqlite:///{home / 'desk.db'}", create=True).close()
    return home


def soc(home: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--home", str(home), *words], env={"SUDO_USER": "alice"}, standalone_mode=False)


ASKS = """
id: asks
title: Asks
when: {categories: [other/other]}
steps:
  ask: {manual: "Is {{ case.title }} ours?", choices: {ours: close, not_ours: close}}
  close: {action: close, with: {verdict: benign_expected}, on_success: end}
  end: {end: done}
"""


def test_an_analyst_sees_the_question_answers_it_and_the_case_is_closed(tmp_path: Path) -> None:
    home = home_of(tmp_path, ASKS)
    desk = open_desk(f"sqlite:///{home / 'desk.db'}")
    case = open_case(desk, title="a call \x1b[31m", category="other/other")

    assert soc(home, "respond", "--output", "json").return_value == 0
    shown = soc(home, "case", "show", case, "--output", "table").stdout
    listed = [json.loads(line) for line in soc(home, "playbook", "list").stdout.splitlines()]
    assert f"--home {home} playbook answer {case} ask ours|not_ours" in shown
    assert "\x1b" not in shown
    assert {row["id"]: row["asking"] for row in listed}["asks"] == 1
    assert [step["kind"] for step in json.loads(soc(home, "playbook", "show", "asks").stdout)["steps"]] == ["manual", "action", "end"]

    assert soc(home, "playbook", "answer", case, "ask", "ours").return_value == 0
    with desk.read() as tx:
        assert tx.heads(ids=[case])[0].status == "closed"
    assert ("alice", "answer", {"run": 1, "step": "ask", "value": "ours"}) in said_in(desk, case)
    desk.close()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("playbook", "show", "nothing"), "there is no playbook 'nothing'"),
        (("playbook", "run", "2026-000009", "asks"), "there is no case 2026-000009"),
        (("playbook", "answer", "2026-000009", "ask", "yes"), "it asks nothing"),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_ones(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    assert says in str(soc(home_of(tmp_path, ASKS), *words).exception)


def test_a_case_that_was_closed_asks_nothing_and_its_run_is_abandoned_at_once(tmp_path: Path) -> None:
    home = home_of(tmp_path, ASKS)
    with closing(open_desk(f"sqlite:///{home / 'desk.db'}")) as desk:
        case = open_case(desk, category="other/other")
        soc(home, "respond")

        closed = soc(home, "case", "close", case, "--verdict", "false_positive", "--output", "json")

        assert closed.exit_code == 0, repr(closed.exception)
        assert json.loads(closed.stdout)["status"] == "closed"
        shown = json.loads(soc(home, "case", "show", case, "--output", "json").stdout)
        assert shown["questions"] == []
        assert shown["log"][-1]["said"] == "error: the case was closed  outcome: abandoned  playbook: asks  run: 1"
        assert [json.loads(line)["asking"] for line in soc(home, "playbook", "list").stdout.splitlines() if '"asks"' in line] == [0]
        assert "it asks nothing" in str(soc(home, "playbook", "answer", case, "ask", "ours").exception)
        assert soc(home, "case", "status", case, "in_progress").exit_code == 0
        assert json.loads(soc(home, "case", "show", case, "--output", "json").stdout)["questions"] == []


MAILS = """
id: tells
title: Tells
when: {categories: [other/other]}
steps:
  mail:
    action: notify_mail
    with: {to: [cert@uni.example], subject: A case, text: hello}
    on_success: ask
    on_failure: ask
  ask: {manual: "Called them?", on_completion: end}
  end: {end: done}
"""


def test_a_mail_that_failed_says_server_code_and_recipient_wherever_one_looks(tmp_path: Path) -> None:
    with mail_server(refusals=1, answer="554 no such user") as box:
        home = home_of(tmp_path, MAILS, port=box.port)
        with closing(open_desk(f"sqlite:///{home / 'desk.db'}")) as desk:
            case = open_case(desk, category="other/other")

            responded = soc(home, "respond")

        why = f"mail server 127.0.0.1:{box.port} refused the message to cert@uni.example: 554 no such user"
        assert f"not done: case {case}, playbook tells, step mail: {why}" in responded.stderr
        assert why in soc(home, "case", "show", case, "--output", "json").stdout
        assert f"case {case}, playbook tells, step mail: {why}" in json.loads(soc(home, "doctor", "--output", "json").stdout)["faults"]
        soc(home, "playbook", "answer", case, "ask", "yes")
        assert why not in soc(home, "doctor", "--output", "json").stdout


def test_the_doctor_sends_one_mail_and_says_who_took_it_or_why_not(tmp_path: Path) -> None:
    with mail_server(refusals=1, answer="451 later") as box:
        home = home_of(tmp_path, ASKS, port=box.port)

        first, second = (soc(home, "doctor", "--mail", "me@noc.example", "--output", "json") for _ in range(2))

        fault = f"mail: mail server 127.0.0.1:{box.port} refused the message to me@noc.example: 451 later"
        assert fault in json.loads(first.stdout)["faults"]
        assert second.stderr.startswith(f"mail server 127.0.0.1:{box.port} took a mail to me@noc.example\n")
        assert [(message["To"], message["X-SOC-Case"]) for message in box.messages] == [("me@noc.example", None)]
    assert "nobody is no mail address" in soc(home, "doctor", "--mail", "nobody", "--output", "json").stdout


def test_a_playbook_that_cannot_be_read_stops_no_other_and_is_named(tmp_path: Path) -> None:
    home = home_of(tmp_path, ASKS)
    (tmp_path / "site" / "playbooks" / "wrong.yml").write_text("id: wrong\n")
    desk = open_desk(f"sqlite:///{home / 'desk.db'}")
    open_case(desk, category="other/other")
    desk.close()

    result = soc(home, "respond")

    assert result.return_value == 4
    assert "wrong.yml:1: a playbook without title" in result.stderr
    assert "1 begun" in result.stderr


def test_an_answer_that_fits_several_runs_names_them_and_changes_nothing(tmp_path: Path) -> None:
    home = home_of(tmp_path, ASKS)
    desk = open_desk(f"sqlite:///{home / 'desk.db'}")
    case = open_case(desk, category="other/other")
    for _ in range(2):
        soc(home, "playbook", "run", case, "asks")

    refused = soc(home, "playbook", "answer", case, "ask", "ours").exception
    answered = soc(home, "playbook", "answer", case, "ask", "ours", "--run", "2")

    assert isinstance(refused, UsageError)
    assert str(refused) == f"several runs of case {case} ask 'ask': 1 (asks), 2 (asks)\n  say which with --run"
    assert answered.return_value == 0
    assert [body["run"] for _, action, body in said_in(desk, case) if action == "answer"] == [2]
    desk.close()


TELLS = """
id: tells
title: Tells
when: {{categories: [other/other]}}
steps:
  note: {{action: note, with: {{text: begun}}, on_success: mail}}
  mail:
    action: notify_mail
    with: {{to: [abuse@uni.example], subject: "{{{{ case.id }}}}", text: "{{{{ case.title }}}}"}}
    retry: {{max: 9, backoff: 1s}}
    on_success: hook
  hook: {{action: notify_webhook, with: {{url: "{url}", text: "{{{{ case.title }}}}"}}, retry: {{max: 9, backoff: 1s}}, on_success: once}}
  once: {{action: run, with: {{command: [/bin/sh, -c, "sleep 0.05; echo $SOC_KEY >> {once}"]}}, on_completion: again}}
  again: {{action: run, repeat: keyed, with: {{command: [/bin/sh, -c, "sleep 0.05; echo $SOC_KEY >> {again}"]}}, on_success: close}}
  close: {{action: close, with: {{verdict: benign_expected}}, on_success: end}}
  end: {{end: done}}
"""


@pytest.mark.kill
def test_killed_at_random_moments_each_case_is_led_to_its_close_and_receivers_see_what_the_law_allows(
    tmp_path: Path, record_property
) -> None:  # type: ignore[no-untyped-def]
    once, again = tmp_path / "once", tmp_path / "again"
    chance = random.Random(11)
    with mail_server() as box, web_server() as posts:
        home = home_of(tmp_path, TELLS.format(url=posts.url, once=once, again=again), port=box.port)
        desk = open_desk(f"sqlite:///{home / 'desk.db'}")
        cases = [open_case(desk, title=f"call {number}", category="other/other") for number in range(CASES)]
        sites = [killed_while_responding(home, desk, chance.uniform(0.0, 0.3)) for _ in range(KILLS)]
        while any(state != "closed" for state in states(desk)):
            assert respond(home).wait(60) == 0
            answer_sent(home, desk, cases)
        time.sleep(0.2)  # a program whose soc was killed still writes its line

    journal = journalled(desk)
    keys = [line.split() for line in (once.read_text(), again.read_text())]
    for (_, step), entries in journal.items():
        if step in ("mail", "hook", "once", "again"):
            assert entries.count("started") == entries.count("done") + entries.count("unknown") == 1
    assert max(Counter(keys[0]).values()) == 1
    unknown = sum("unknown" in entries for (_, step), entries in journal.items() if step == "once")
    assert CASES - unknown <= len(keys[0]) <= CASES
    assert {len(set(box.keys)), len(set(posts.keys)), len(set(keys[1]))} == {CASES}
    assert len({tuple(log(desk, case)) for case in cases}) == 1
    table = ", ".join(f"{site}: {count}" for site, count in sorted(Counter(sites).items()))
    record_property("table", f"kills of respond by the step under way: {table}; steps of unknown end: {unknown}")
    desk.close()


def respond(home: Path) -> subprocess.Popen[bytes]:
    code = "from soc.cli.main import main; main()"
    command = [sys.executable, "-c", code, "--home", str(home), "respond", "--output", "json"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def killed_while_responding(home: Path, desk, after: float) -> str:  # type: ignore[no-untyped-def]
    """Kills one respond, `after` seconds past the moment it took its lock; the step that was under way, or what else."""
    with respond(home) as process:
        while process.poll() is None and not locked_by(desk, process.pid):
            time.sleep(0.005)
        time.sleep(after)
        process.kill()
    under_way = [step for (_, step), entries in journalled(desk).items() if entries[-1] == "started"]
    return under_way[0] if under_way else "between steps"


def locked_by(desk, pid: int) -> bool:  # type: ignore[no-untyped-def]
    with desk.read() as tx:
        return tx.connection.execute(select(locks.c.pid)).scalar() == pid


def states(desk) -> list[str]:  # type: ignore[no-untyped-def]
    with desk.read() as tx:
        return [head.status for head in tx.heads(statuses=("new", "closed", "assigned", "in_progress"))]


def answer_sent(home: Path, desk, cases: list[str]) -> None:  # type: ignore[no-untyped-def]
    for case in cases:
        with desk.read() as tx:
            found = tx.case(case)
        for asked in found.questions if found else ():
            soc(home, "playbook", "answer", case, asked["step"], "sent")


def log(desk, case: str) -> list[str]:  # type: ignore[no-untyped-def]
    """What the log says, without ids and the question and answer of a step whose end was unknown, and without titles."""
    left_out = ("question", "answer", "opened")
    said = [(action, body) for _, action, body in said_in(desk, case) if action not in left_out]
    return [f"{action} {body}" for action, body in said if body.get("step") != "once"]
