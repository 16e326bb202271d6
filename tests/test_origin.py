"""What comes from a log is never a program, an address or a query: neither in a playbook that is checked nor in one that runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from desk_kit import alert, fresh_desk
from hypothesis import given
from hypothesis import strategies as st
from playbook_kit import Moving, book_of, mail_server, open_case, responder_of, said_in, web_server

from soc.respond.actions.action import StepFailed
from soc.respond.actions.actions import ACTIONS
from soc.respond.playbooks.arguments import resolve
from soc.respond.playbooks.command import Word, command_fault
from soc.respond.playbooks.expression import look_up
from soc.respond.playbooks.facts import facts, is_fact_of_logs
from soc.respond.playbooks.origin import LogText, from_log, is_from_log, marked, plain
from soc.respond.playbooks.reader import read_playbook

HEAD = "id: x\ntitle: X\nwhen: {}\nvariables: {words: [a, b], program: /bin/true, own: 'user.name:root', box: a@uni.example}\nsteps:\n"
KEPT = (
    "  find: {action: look_up_list, with: {list: l, values: $users}, keep: {found: found, listed: listed}, on_completion: ran}\n"
    "  ran: {action: run, with: {command: [/bin/true]}, keep: {out: output}, on_completion: whose}\n"
    "  whose: {action: look_up_institution, keep: {contact: contact}, on_completion: asked}\n"
    "  asked: {manual: Which?, keep: answer, on_completion: last}\n"
)
END = "  end: {end: done}\n"
LOGS = ("sources", "destinations", "users", "hosts", "domains", "zones", "alerts", "alerts.title", "case", "case.title", "found", "out")
TAKERS = {  # action with what else it needs -> the argument that takes nothing of a log
    "notify_mail": ("to", {"subject": "s", "text": "t"}),
    "notify_webhook": ("url", {"text": "t"}),
    "hunt": ("query", {}),
    "look_up_list": ("list", {"values": "$users"}),
    "look_up_institution": ("institution", {}),
    "run": ("command", {}),
}


def faults(folder: Path, action: str, **arguments: Any) -> str:
    """What is wrong with a playbook in which a step is given these arguments."""
    path = folder / "book.yml"
    last = f"  last: {{action: {action}, with: {json.dumps(arguments)}, on_completion: end}}\n"
    path.write_text(HEAD + KEPT + last + END)
    return "\n".join(map(str, read_playbook(path)[1]))


@pytest.mark.parametrize("name", LOGS)
@pytest.mark.parametrize("action", TAKERS)
def test_a_variable_that_comes_from_a_log_is_refused_when_the_playbook_is_checked(tmp_path: Path, action: str, name: str) -> None:
    argument, more = TAKERS[action]

    said = faults(tmp_path, action, **more, **{argument: [f"${name}"] if argument in ("to", "command") else f"${name}"})

    assert "book.yml:10: " in said
    assert ("the program is a variable" if action == "run" else f"${name} comes from a log, and what does is never") in said


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("notify_mail", {"to": ["$contact", "$box", "$answer", "a@b.example"], "subject": "{{ case.title }}", "text": "{{ out }}"}),
        ("notify_mail", {"to": "$contact", "subject": "s", "text": "t"}),
        ("notify_webhook", {"url": "$answer", "text": "{{ sources }}", "fields": {"who": "$users"}}),
        ("hunt", {"query": "$own", "where": {"source.ip": "$sources"}, "title": "{{ users }}"}),
        ("look_up_list", {"list": "l", "values": "$domains"}),
        ("look_up_institution", {"institution": "$case.institution"}),
        ("run", {"command": ["/usr/bin/whois", "$sources", "$case.title"]}),
        ("run", {"command": ["/bin/sh", "-c", 'echo "$1"', "x", "$users"]}),
        ("set", {"category": "$answer"}),
    ],
)
def test_what_people_and_the_site_have_written_is_taken_and_texts_tell_of_logs(
    tmp_path: Path, action: str, arguments: dict[str, Any]
) -> None:
    assert faults(tmp_path, action, **arguments) == ""


@pytest.mark.parametrize("command", ["$words", "$sources", ["$program", "x"], ["$$/bin/true"], ["true"], {"a": "b"}, "/bin/true", [], 5])
def test_a_command_is_a_list_whose_first_word_is_written_out(tmp_path: Path, command: Any) -> None:
    assert "book.yml:10: command: " in faults(tmp_path, "run", command=command)


@pytest.mark.parametrize("action", TAKERS)
def test_a_value_that_knows_it_comes_from_a_log_is_refused_when_the_step_begins(action: str) -> None:
    argument, more = TAKERS[action]
    stated = {**more, argument: ["/bin/sh", "-c", "$x"] if action == "run" else "$x"}
    values = {"users": [], "x": "plain"}

    assert resolve(ACTIONS[action], stated, values)[argument] is not None
    with pytest.raises(StepFailed, match=f"^{argument}: ") as refused:
        resolve(ACTIONS[action], stated, marked(values, ["x"]))

    assert refused.value.final


def test_what_a_step_kept_of_a_log_is_known_as_that_when_the_playbook_was_changed_meanwhile(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("a@uni.example\n")
    before = "  find: {action: look_up_list, with: {list: names, values: [a@uni.example]}, keep: {to: found}, on_completion: ask}\n"
    after = "  find: {action: look_up_institution, keep: {to: contact}, on_completion: ask}\n"
    rest = (
        "  ask: {manual: Go on?, on_completion: tell}\n"
        "  tell: {action: notify_mail, with: {to: [$to], subject: s, text: t}, on_success: end}\n"
    )
    head = "id: x\ntitle: X\nwhen: {}\nsteps:\n"
    path = tmp_path / "book.yml"
    path.write_text(head + before + rest + END)
    assert "$to comes from a log" in "\n".join(map(str, read_playbook(path)[1]))
    with fresh_desk() as desk, mail_server() as box:
        case = open_case(desk)
        mail = {"sender": "soc@noc.example", "host": "127.0.0.1", "port": box.port}
        asking = book_of(head + before + "  ask: {manual: Go on?, on_completion: end}\n" + END, tmp_path)
        responder_of(desk, asking, now=Moving(), lists={"names": names}, mail=mail).respond()
        here = responder_of(desk, book_of(head + after + rest + END, tmp_path), now=Moving(), lists={"names": names}, mail=mail)
        here.answer(case, "ask", "yes", actor="alice")

        outcome = here.respond()

        assert (box.messages, outcome.ended) == ([], 1)
        assert "to: $to comes from a log" in str(said_in(desk, case)[-1])


def test_a_web_address_that_a_person_gave_is_posted_to_and_one_of_a_log_is_not(tmp_path: Path) -> None:
    text = (
        "id: x\ntitle: X\nwhen: {}\nsteps:\n  ask: {manual: Where?, keep: url, on_completion: post}\n"
        "  post: {action: notify_webhook, with: {url: $url, text: '{{ case.title }}'}, on_success: end}\n"
    )
    with fresh_desk() as desk, web_server() as posts:
        case = open_case(desk, title=posts.url)
        here = responder_of(desk, book_of(text + END, tmp_path), now=Moving())
        here.respond()
        here.answer(case, "ask", posts.url, actor="alice")

        assert (here.respond().ended, posts.bodies[0]["text"]) == (1, posts.url)


# --- programs that read programs ---------------------------------------------------------------------------------------

LOG = Word("x", True)


@pytest.mark.parametrize(
    ("written", "fine"),
    [
        ("/opt/block $", True),
        ("/opt/block --address $ $", True),
        ("/bin/sh -c $", False),
        ("/bin/bash -lc $", False),
        ("/bin/sh $", False),
        ("/bin/sh -c code x $", True),
        ("/bin/sh /opt/x.sh $", True),
        ("/usr/bin/python3.11 -c $", False),
        ("/usr/bin/python3 /opt/x.py --name $", True),
        ("/usr/bin/perl -e $", False),
        ("/usr/bin/env $", False),
        ("/usr/bin/env A=1 /opt/block $", True),
        ("/usr/bin/sudo -u root /opt/block $", True),
        ("/usr/bin/sudo /bin/sh -c $", False),
        ("/usr/bin/sudo $ /opt/block", False),
        ("/usr/bin/timeout 5 /usr/bin/env /bin/dash -c $", False),
        ("/bin/busybox sh -c $", False),
        ("/usr/bin/ssh host.example $", False),
        ("/usr/bin/psql -d desk -c $", False),
        ("/usr/bin/psql -d desk -c code", True),
        ("/usr/bin/awk $ /dev/null", False),
        ("$ x", False),
    ],
)
def test_no_word_of_a_log_stands_where_a_program_is_read(written: str, fine: bool) -> None:
    words = written.split()

    assert (command_fault([LOG if word == "$" else Word(word, False) for word in words]) == "") is fine
    assert (command_fault([Word(None, True) if word == "$" else Word(word, False) for word in words]) == "") is fine


@given(st.text(max_size=6))
def test_a_value_of_a_log_never_becomes_an_option(text: str) -> None:
    try:
        words = resolve(ACTIONS["run"], {"command": ["/opt/block", "$x"]}, {"x": [LogText(text)]})["command"]
    except StepFailed:
        assert text.startswith("-")
    else:
        assert not str(words[1]).startswith("-")


# --- what knows where it comes from -------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=3), one, max_size=3),
)


@given(VALUES)
def test_a_value_of_a_log_is_equal_to_itself_and_knows_it_until_it_is_made_plain(value: Any) -> None:
    known = from_log(value)

    assert known == value == plain(known)
    assert not is_from_log(plain(known))
    assert is_from_log(known) == any(type(text) is str for text in _texts(value))


def _texts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [text for held in value.values() for text in _texts(held)]
    return [text for held in value for text in _texts(held)] if isinstance(value, list) else [value]


def test_what_a_check_takes_for_ones_own_holds_nothing_of_a_log() -> None:
    with fresh_desk() as desk:
        open_case(desk)
        with desk.read() as tx:
            known = facts(tx.heads()[0], [alert("a")])
    paths = [path for name, held in known.items() for path in (name, *(f"{name}.{part}" for part in held if isinstance(held, dict)))]

    assert {path for path in paths if is_from_log(look_up(path, known))} <= {path for path in paths if is_fact_of_logs(path)}
    assert {path for path in paths if not is_fact_of_logs(path)} >= {"case.id", "case.institution", "case.tlp", "case.owner"}
