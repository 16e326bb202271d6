"""Playbooks: read, carried out, killed, and answered by people. Mail and web servers are real ones on loopback."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from desk_kit import T0, alert, fresh_desk, shipped_policy
from hypothesis import given, settings
from hypothesis import strategies as st
from playbook_kit import Moving, book_of, journalled, mail_server, open_case, responder_of, said_in, web_server

from soc.content import load_content
from soc.desk.desk import Desk
from soc.errors import DeskError, UsageError
from soc.fields import base_catalogue
from soc.respond.actions.action import Action, Argument, Done, Order, StepFailed, World
from soc.respond.actions.actions import ACTIONS
from soc.respond.actions.receivers import mail_fault
from soc.respond.playbooks.expression import parse_expression
from soc.respond.playbooks.load import load_playbooks
from soc.respond.playbooks.playbook import best
from soc.respond.playbooks.queries import query_faults
from soc.respond.playbooks.reader import read_playbook
from soc.respond.runs.run import Responder
from soc.respond.triaging.triage import triage
from soc.times import HOUR, MINUTE

MAIL = {"sender": "soc@noc.example", "host": "127.0.0.1"}
END = "  end: {end: done}\n"


def in_case(desk: Desk, *alerts: Any) -> list[str]:
    """Alerts put on the desk; the cases they lie in."""
    with desk.write() as tx:
        triage(tx, list(zip(alerts, tx.put_alerts(alerts, now=T0), strict=True)), shipped_policy(), now=T0)
        return [head.id for head in tx.heads()]


def notifying(url: str) -> str:
    return (
        "id: tell\ntitle: Tell\nwhen: {}\nsteps:\n"
        "  tell: {action: notify_mail, with: {to: [abuse@uni.example], subject: 'Case {{ case.id }}', text: 'It is {{ case.title }}'},"
        " retry: {max: 2, backoff: 1m}, on_success: hook}\n"
        f"  hook: {{action: notify_webhook, with: {{url: '{url}', text: hello}},"
        " retry: {max: 2, backoff: 1m}, on_success: end}\n" + END
    )


# --- reading -----------------------------------------------------------------------------------------------------------


def test_the_shipped_playbooks_are_whole_and_name_rules_fields_and_lists_that_are_there() -> None:
    content = load_content(())
    books, errors = content.playbooks, content.errors
    rules = {rule.id for rule in content.rules.rules.values()}
    lists = {step.arguments["list"] for book in books.values() for step in book.steps.values() if step.does == "look_up_list"}

    assert errors == []
    assert len(books) >= 6
    assert {id for book in books.values() for id in book.when.rules} <= rules
    assert all((content.roots[0] / "detections" / "lists" / f"{name}.txt").is_file() for name in lists)
    assert query_faults(books, content.catalogue) == []


def test_a_hunt_that_cannot_be_is_named_with_its_step(tmp_path: Path) -> None:
    book = book_of(HEAD + "  a: {action: hunt, with: {query: 'source.pi:1'}, on_success: b}\n" + HUNT_WHERE + END, tmp_path)

    faults = "\n".join(map(str, query_faults({"x": book}, base_catalogue())))

    assert "book.yml:5: the hunt 'a': " in faults
    assert "book.yml:6: the hunt 'b': there is no field 'nothing'" in faults


def test_a_hunt_whose_query_is_a_constant_is_checked_like_one_that_is_written_out(tmp_path: Path) -> None:
    step = "  a: {action: hunt, with: {query: $q}, on_success: end}\n"
    wrong, right = (
        book_of(HEAD.replace("steps:", f"variables: {{q: '{query}'}}\nsteps:") + step + END, tmp_path)
        for query in ("source.pi:1", "user.name:root")
    )

    assert "book.yml:6: the hunt 'a': " in "\n".join(map(str, query_faults({"x": wrong}, base_catalogue())))
    assert query_faults({"x": right}, base_catalogue()) == []


def test_each_shipped_playbook_leads_every_way_to_an_end_or_a_question() -> None:
    for book in load_content(()).playbooks.values():
        assert any(step.kind == "manual" for step in book.steps.values())
        assert {step.exits.get("success", "") for step in book.steps.values() if step.does == "close"} == {"end"}


HUNT_WHERE = "  b: {action: hunt, with: {where: {nothing: 1}}, on_success: end}\n"
HEAD = "id: x\ntitle: X\nwhen: {}\nsteps:\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("id: x\ntitle: X\nsteps: {}\n", "book.yml:1: a playbook without when"),
        (HEAD + "  a: {action: notify_male, on_success: end}\n" + END, "book.yml:5: there is no action 'notify_male'\n  did you mean"),
        (HEAD + "  a: {action: note, with: {test: hi}, on_success: end}\n" + END, "book.yml:5: unknown key 'test'\n  did you mean 'text'?"),
        (HEAD + "  a: {action: note, with: {text: hi}, on_success: fin}\n" + END, "leads to 'fin', which is no step\n  steps: a, end"),
        (HEAD + "  a: {action: note, with: {text: hi}}\n" + END, "the step 'a' leads nowhere"),
        (HEAD + "  a: {action: note, with: {text: '{{ hu'}, on_success: end}\n" + END, "the text is no template"),
        (HEAD + "  a: {action: note, with: {text: '{{ soures }}'}, on_success: end}\n" + END, "'soures'\n  did you mean 'sources'?"),
        (HEAD + "  a: {manual: q, choices: {yes: end}}\n" + END, "YAML reads yes and no as true and false"),
        (HEAD + "  a: {if: 'x.__class__()', on_true: end, on_false: end}\n" + END, "holds what a condition does not know"),
        (HEAD + "  a: {if: 'case ==', on_true: end, on_false: end}\n" + END, "is no condition"),
        (HEAD + "  a: {switch: x}\n" + END, "steps of kind 'switch' are not known to this version"),
        (HEAD + "  a: {if: 'true', on_true: b, on_false: end}\n  b: {if: 'true', on_true: a, on_false: end}\n" + END, "a -> b -> a"),
        (HEAD + "  a: {manual: q, on_completion: end}\n  b: {manual: q, on_completion: end}\n" + END, ":6: no way leads to the step 'b'"),
        (HEAD + "  a: {action: run, with: {command: [true]}, on_success: end}\n" + END, "has no full path"),
        (HEAD + "  a: {action: run, with: {command: [/bin/true]}, retry: {max: 1}, on_success: end}\n" + END, "not tried again"),
        (HEAD + "  a: {action: notify_mail, repeat: never, on_success: end}\n" + END, "notify_mail needs to"),
        (HEAD + "  a: {action: close, with: {verdict: true}, on_success: end}\n" + END, "is none of: true_positive_impact"),
        (HEAD + "  a: {action: note, with: {text: x}, on_completion: end, on_failure: end}\n" + END, "keep one way of saying it"),
        (HEAD + "  a: {action: hunt, with: {before: soon}, on_success: end}\n" + END, "'soon' is no duration"),
        (HEAD + "  a: {action: hunt, keep: {case: count}, on_success: end}\n" + END, "cannot be the name of a variable"),
        (HEAD + "  a: {action: run, with: {command: []}, on_success: end}\n" + END, "book.yml:5: command: expected a list of texts"),
        (HEAD + "  a: {action: hunt, keep: {a: [b]}, on_success: end}\n" + END, "book.yml:5: hunt gives no ['b']\n  known: "),
        (HEAD + "  a: {manual: q, choices: [[b]], on_completion: end}\n" + END, "book.yml:5: an answer is a word, not ['b']"),
        ("id: x\n: -", "no valid YAML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place_and_the_right_word(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "book.yml"
    path.write_text(text)

    book, errors = read_playbook(path)

    assert book is None
    assert fault in "\n".join(map(str, errors)).replace(f"{tmp_path}/", "")


WHOLE = """
id: x
title: X
when: {tags: [attack.t1046], level: low}
variables: {desk: "+00 0 000"}
steps:
  hunt:  {action: hunt, with: {where: {source.ip: $case.id}, before: 1h}, keep: {n: count}, timeout: 1m, retry: {max: 1}, on_success: run}
  run:   {action: run, repeat: keyed, with: {command: [/bin/true, $n]}, on_success: known}
  known: {if: "n != 0", on_true: ask, on_false: end}
  ask:   {manual: "Is it ours?", choices: {ours: which, foreign: end}}
  which: {manual: "Which?", choices: [this, that], keep: found, on_completion: end}
  end:   {end: done}
"""
STRANGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.dates() | st.text(st.sampled_from("a$[]{}: "), max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2) | st.integers(0, 9), inner, max_size=2),
    max_leaves=3,
)


def places(value: Any, *before: Any) -> list[tuple[Any, ...]]:
    """The path of every node."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [before, *(place for key, held in inside for place in places(held, *before, key))]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(places(yaml.safe_load(WHOLE))[1:]), STRANGE)
def test_whatever_stands_anywhere_in_a_playbook_is_read_or_refused_with_its_place(place: tuple[Any, ...], strange: Any) -> None:
    value = yaml.safe_load(WHOLE)
    node = value
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = strange
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.yml"
        path.write_text(yaml.safe_dump(value, sort_keys=False))

        book, errors = read_playbook(path)

    assert (book is None) == bool(errors)
    assert all("book.yml" in str(error) for error in errors)


def test_a_later_root_replaces_by_id_or_by_file_and_one_id_twice_is_wrong(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder, name, id in ((first, "one", "x"), (first, "two", "y"), (second, "two", "z"), (second, "three", "x"), (second, "four", "x")):
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.yml").write_text(f"id: {id}\ntitle: {name}\nwhen: {{}}\nsteps: {{end: {{end: done}}}}\n")

    books, errors = load_playbooks([first, second, tmp_path / "none"])

    assert {id: book.title for id, book in books.items()} == {"x": "four", "z": "two"}
    assert ["stands in four.yml too" in str(error) for error in errors] == [True]


# --- conditions --------------------------------------------------------------------------------------------------------

VALUES = {"a": 1, "b": 2, "none": None, "word": "ssh", "words": ["ssh", "sudo"], "case": {"severity": "high"}}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a < b and not a == b", True),
        ("1 <= a <= b", True),
        ("none > 1 or none == null", True),
        ("none > 1", False),
        ("word in words and 'su' not in words", True),
        ("case.severity in ['high', 'critical']", True),
        ("case.nothing.at_all == null", True),
        ("a == true", True),
        ("b == -2", False),
    ],
)
def test_a_condition_means_what_it_says(text: str, holds: bool) -> None:
    assert parse_expression(text).holds(VALUES) is holds


def test_values_of_two_kinds_cannot_be_compared_by_size() -> None:
    with pytest.raises(UsageError, match="not supported"):
        parse_expression("a < word").holds(VALUES)


@given(st.text(max_size=40))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        parse_expression(text).holds(VALUES)
    except UsageError as refusal:
        assert str(refusal)


# --- which playbook ----------------------------------------------------------------------------------------------------


def test_a_case_gets_the_playbook_of_its_worst_alert_and_the_generic_one_when_none_fits() -> None:
    books = load_content(()).playbooks
    scan = alert("a", tags=("attack.t1595.002",), level="medium")
    exploit = alert("b", tags=("attack.t1190",), level="high")

    assert best(books, "high", "other/other", [scan, exploit]).id == "web-exploit"  # type: ignore[union-attr]
    assert best(books, "medium", "other/other", [scan]).id == "port-scan"  # type: ignore[union-attr]
    assert best(books, "low", "other/other", []).id == "generic"  # type: ignore[union-attr]
    assert best({}, "low", "other/other", []) is None


# --- carried out -------------------------------------------------------------------------------------------------------


def test_a_case_is_led_to_its_close_and_a_person_answers(tmp_path: Path) -> None:
    text = (
        "id: lead\ntitle: Lead\nwhen: {}\nvariables: {bound: 5}\nsteps:\n"
        "  whose: {action: look_up_institution, keep: {known: known, contact: contact}, on_completion: which}\n"
        "  which: {if: known or case.priority > bound, on_true: end, on_false: ask}\n"
        "  ask: {manual: 'Is {{ case.title }} ours?', choices: {ours: own, not ours: end}, keep: answer}\n"
        "  own: {action: assign, with: {owner: $answer}, on_success: close}\n"
        "  close: {action: close, with: {verdict: benign_expected, note: 'They say: {{ answer }}'}, on_success: end}\n" + END
    )
    with fresh_desk() as desk:
        case = open_case(desk)
        here = responder_of(desk, book_of(text, tmp_path), now=Moving())

        first, again = here.respond(), here.respond()
        with pytest.raises(UsageError, match="answers: ours, not ours"):
            here.answer(case, "ask", "perhaps", actor="alice")
        with pytest.raises(UsageError, match="it asks: ask"):
            here.answer(case, "own", "ours", actor="alice")
        here.answer(case, "ask", "ours", actor="alice")
        last = here.respond()

        assert (first.begun, first.asking, again.begun, again.asking, last.ended) == (1, 1, 0, 1, 1)
        with desk.read() as tx:
            found = tx.case(case)
        assert found is not None
        assert (found.head.status, found.head.verdict, found.head.owner, found.questions) == ("closed", "benign_expected", "ours", ())
        assert found.notes[-1][1:] == ("playbook lead", "They say: ours")
        assert ("alice", "answer", {"run": 1, "step": "ask", "value": "ours"}) in said_in(desk, case)


def test_what_is_told_is_told_once_under_a_key_that_stays(tmp_path: Path) -> None:
    with fresh_desk() as desk, mail_server() as box, web_server() as posts:
        case = open_case(desk, title="Call \x1b[31m\nBcc: all@uni.example")
        here = responder_of(desk, book_of(notifying(posts.url), tmp_path), now=Moving(), mail=MAIL | {"port": box.port})

        outcomes = [here.respond() for _ in range(3)]

        assert [outcome.ended for outcome in outcomes] == [1, 0, 0]
        message = box.messages[0]
        assert (len(box.messages), len(posts.keys)) == (1, 1)
        assert (message["To"], message["Subject"], message["Bcc"]) == ("abuse@uni.example", f"Case {case}", None)
        assert message.get_payload(decode=True) == b"It is Call \\x1b[31m\nBcc: all@uni.example\n"
        assert box.keys[0] != f"<{posts.keys[0]}@noc.example>"
        assert posts.bodies[0]["text"] == "hello"


def test_what_a_receiver_puts_off_is_tried_again_under_the_same_key(tmp_path: Path) -> None:
    with fresh_desk() as desk, mail_server(refusals=2, keeps=True) as box, web_server(503) as posts:
        open_case(desk)
        clock = Moving()
        here = responder_of(desk, book_of(notifying(posts.url), tmp_path), now=clock, mail=MAIL | {"port": box.port})

        outcomes = []
        for _ in range(5):
            outcomes.append(here.respond())
            clock.moment += 10 * MINUTE

        assert [outcome.retrying for outcome in outcomes] == [1, 1, 1, 0, 0]
        assert (len(box.keys), len(set(box.keys)), len(posts.keys), len(set(posts.keys))) == (3, 1, 2, 1)
        assert {message["Date"] for message in box.messages} == {box.messages[0]["Date"]}


def test_a_refusal_for_good_ends_the_run_and_says_why(tmp_path: Path) -> None:
    with fresh_desk() as desk, mail_server(refusals=9, answer="554 no") as box:
        case = open_case(desk)
        here = responder_of(desk, book_of(notifying("http://127.0.0.1:9/"), tmp_path), now=Moving(), mail=MAIL | {"port": box.port})

        outcome = here.respond()

        refusal = f"mail server 127.0.0.1:{box.port} refused the message to abuse@uni.example: 554 no"
        assert list(outcome.failed.values()) == list(outcome.undone.values()) == [refusal]
        assert box.refusals == 8
        assert said_in(desk, case)[-1][1:] == (
            "playbook_ended",
            {"run": 1, "playbook": "tell", "outcome": "failed", "error": refusal},
        )


CREDENTIALS = {"user": "soc", "password_file": "/nowhere/password"}


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"host": "mail.example.org"}, "mail server mail.example.org: the password of soc would go over the network in the clear"),
        ({"host": "192.0.2.25", "tls": False}, 'write tls = "starttls"'),
        ({"host": "2001:db8::25"}, "in the clear"),
        ({"host": "localhost.example.org"}, "in the clear"),
        ({"host": "127.0.0.1", "password_file": ""}, "has a user and no password_file"),
    ],
)
def test_a_password_of_mail_leaves_this_machine_over_tls_alone(tmp_path: Path, more: dict[str, Any], fault: str) -> None:
    with fresh_desk() as desk:
        case = open_case(desk)
        here = responder_of(desk, book_of(notifying("http://127.0.0.1:9/"), tmp_path), now=Moving(), mail=MAIL | CREDENTIALS | more)

        outcome = here.respond()

        assert [fault in reason for reason in outcome.failed.values()] == [True]
        assert fault in str(said_in(desk, case)[-1])


@pytest.mark.parametrize("more", [{"host": "localhost"}, {"host": "::1"}, {"host": "mail.example.org", "tls": "starttls"}, {"user": ""}])
def test_a_password_of_mail_may_go_to_this_machine_or_over_tls(more: dict[str, Any]) -> None:
    assert mail_fault({"host": "mail.example.org", **CREDENTIALS, **more}) == ""


def test_a_server_that_offers_no_tls_gets_no_password(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("staple\n")
    mail = MAIL | {"user": "soc", "password_file": str(secret), "tls": "starttls"}
    with fresh_desk() as desk, mail_server() as box:
        open_case(desk)
        here = responder_of(desk, book_of(notifying("http://127.0.0.1:9/"), tmp_path), now=Moving(), mail=mail | {"port": box.port})

        outcome = here.respond()

        assert (box.messages, outcome.retrying) == ([], 1)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("ftp://hooks.example.org/", "'ftp://hooks.example.org/' is no web address"),
        ("hooks.example.org", "'hooks.example.org' is no web address"),
        ("http://soc:staple@hooks.example.org/x", "a password would go to hooks.example.org over the network in the clear"),
        ("ftp://soc:staple@hooks.example.org/x", "what was written is no web address"),
        ("http://soc:staple@[/", "what was written is no web address"),
    ],
)
def test_a_web_address_that_cannot_be_posted_to_is_refused_with_the_playbook(tmp_path: Path, url: str, fault: str) -> None:
    path = tmp_path / "book.yml"
    path.write_text(notifying(url))

    faults = "\n".join(map(str, read_playbook(path)[1]))

    assert f"book.yml:6: url: {fault}" in faults
    assert "staple" not in faults


def test_a_password_in_a_web_address_stands_in_no_log(tmp_path: Path) -> None:
    with fresh_desk() as desk, web_server(404) as posts:
        case = open_case(desk)
        text = notifying(posts.url.replace("//", "//soc:staple@"))
        body = "id: x\ntitle: X\nwhen: {}\nsteps:\n" + text[text.index("  hook:") :]

        responder_of(desk, book_of(body, tmp_path), now=Moving()).respond()

        assert f"webhook {posts.url}: HTTP status 404" in str(said_in(desk, case))
        assert "staple" not in str(said_in(desk, case))


def test_alerts_from_a_look_back_wake_nobody_until_a_person_asks(tmp_path: Path) -> None:
    from dataclasses import replace

    with fresh_desk() as desk, mail_server() as box, web_server() as posts:
        [case] = in_case(desk, replace(alert(), run_type="backfill"))
        here = responder_of(desk, book_of(notifying(posts.url), tmp_path), now=Moving(), mail=MAIL | {"port": box.port})

        assert (here.respond().ended, box.keys, posts.keys) == (1, [], [])

        here.begin(case, "tell", actor="alice")
        assert (here.respond().ended, len(box.keys), len(posts.keys)) == (1, 1, 1)


def test_a_program_gets_its_arguments_as_they_are_and_no_options_from_a_log(tmp_path: Path) -> None:
    text = (
        "id: run\ntitle: Run\nwhen: {}\nsteps:\n"
        f"  run: {{action: run, with: {{command: ['{sys.executable}', -c, 'import sys; print(sys.argv[1:])', '$case.title', '; true']}},"
        " keep: {out: output}, on_success: say, on_failure: end}\n"
        "  say: {action: note, with: {text: '{{ out }}'}, on_success: end}\n" + END
    )
    with fresh_desk() as desk:
        plain, option = open_case(desk, title="$(id) a b"), open_case(desk, title="--help")

        responder_of(desk, book_of(text, tmp_path), now=Moving()).respond()

        assert [said["text"] for _, action, said in said_in(desk, plain) if action == "note"] == ["['$(id) a b', '; true']"]
        failed = [said for _, action, said in said_in(desk, option) if action == "step"]
        assert failed[0]["outcome"] == "failure"
        assert "begins with a dash" in failed[0]["error"]


def test_a_program_that_does_not_end_is_ended_and_a_person_asked_whether_it_worked(tmp_path: Path) -> None:
    text = (
        "id: run\ntitle: Run\nwhen: {}\nsteps:\n"
        "  run: {action: run, with: {command: [/bin/sh, -c, 'sleep 60 & sleep 60']}, timeout: 1s, on_success: end, on_failure: other}\n"
        "  other: {action: note, with: {text: by hand}, on_success: end}\n" + END
    )
    with fresh_desk() as desk:
        case = open_case(desk)
        here = responder_of(desk, book_of(text, tmp_path), now=Moving())

        assert here.respond().asking == 1
        here.answer(case, "run", "not_sent", actor="alice")
        assert here.respond().ended == 1

        assert journalled(desk)[1, "run"] == ["started", "unknown", "answered"]
        assert "by hand" in str(said_in(desk, case))


def test_a_case_that_somebody_closes_takes_its_question_back(tmp_path: Path) -> None:
    with fresh_desk() as desk:
        case = open_case(desk)
        here = responder_of(desk, book_of(HEAD + "  a: {manual: Well?, on_completion: end}\n" + END, tmp_path), now=Moving())
        here.respond()
        with desk.write() as tx:
            tx.close_cases([case], "duplicate", actor="alice", now=T0)

        outcome = here.respond()

        with desk.read() as tx:
            found = tx.case(case)
        assert (outcome.ended, outcome.asking, found.questions if found else None) == (1, 0, ())


def test_runs_of_a_case_are_bounded(tmp_path: Path) -> None:
    with fresh_desk() as desk:
        case = open_case(desk)
        here = responder_of(desk, book_of(HEAD + END, tmp_path), now=Moving())

        with pytest.raises(UsageError, match="has had 20 runs"):
            for _ in range(21):
                here.begin(case, "x", actor="alice")


def test_a_journal_that_cannot_be_is_not_believed(tmp_path: Path) -> None:
    with fresh_desk() as desk:
        case = open_case(desk)
        here = responder_of(desk, book_of(HEAD + END, tmp_path), now=Moving())
        run = here.begin(case, "x", actor="alice")
        with desk.write() as tx:
            tx.write_journal(run.id, "end", "answered", {}, now=T0)

        with pytest.raises(DeskError, match="'answered' cannot follow 'ready'"):
            here.respond()


# --- killed ------------------------------------------------------------------------------------------------------------


class Crash(BaseException):
    """The machine dies here."""


class Fate:
    """Dies at the given looks at the clock or at a receiver, counted from the last death."""

    def __init__(self, deaths: list[int]) -> None:
        self.deaths, self.clock, self.looks, self.got = list(deaths), Moving(), 0, []

    def look(self) -> None:
        self.looks += 1
        if self.deaths and self.looks > self.deaths[0]:
            self.deaths.pop(0)
            self.looks = 0
            raise Crash

    def now(self) -> int:
        self.look()
        return self.clock()

    def receive(self, _world: World, order: Order) -> Done:
        self.look()
        self.got.append((order.step, order.key, order.arguments["text"]))
        self.look()
        if order.arguments["text"] == "fails":
            raise StepFailed("as asked", unsure=True)
        return Done({})

    def actions(self) -> dict[str, Action]:
        takes = {"text": Argument("text", needed=True)}
        mine = {
            f"tell_{repeat}": Action(f"tell_{repeat}", "", repeat, takes, outside=self.receive) for repeat in ("safe", "keyed", "never")
        }
        return {**ACTIONS, **mine}


def until_done(here: Responder, fate: Fate) -> None:
    for _ in range(60):
        try:
            outcome = here.respond()
        except Crash:
            continue
        if not outcome.retrying:
            return
        fate.clock.moment += HOUR
    raise AssertionError("it does not come to an end")


STEPS = st.lists(
    st.sampled_from(["tell_safe", "tell_keyed", "tell_never", "note", "fails_keyed", "fails_never", "set"]), min_size=1, max_size=5
)


def written(steps: list[str]) -> str:
    lines = []
    for at, step in enumerate(steps):
        name, to = f"s{at}", f"s{at + 1}" if at + 1 < len(steps) else "end"
        kind, text = (step.replace("fails", "tell"), "fails") if step.startswith("fails") else (step, f"text {at}")
        arguments = "{severity: high}" if step == "set" else f"{{text: '{text}'}}"
        retry = ", retry: {max: 2, backoff: 1m}" if kind == "tell_keyed" else ""
        lines.append(f"  {name}: {{action: {kind}, with: {arguments}{retry}, on_completion: {to}}}\n")
    return "id: law\ntitle: Law\nwhen: {}\nsteps:\n" + "".join(lines) + END


@settings(max_examples=40)
@given(STEPS, st.lists(st.integers(0, 12), max_size=6))
def test_whenever_it_dies_never_is_once_keyed_has_one_key_and_the_log_is_that_of_an_undisturbed_run(
    steps: list[str], deaths: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder, fresh_desk() as calm, fresh_desk() as hit:
        logs = []
        for desk, fate in ((calm, Fate([])), (hit, Fate(deaths))):
            case = open_case(desk)
            book = book_of(written(steps), Path(folder), fate.actions())
            here = responder_of(desk, book, now=fate.now, actions=fate.actions())
            until_done(here, fate)
            fate.deaths = []
            while asked := asked_of(desk, case):
                here.answer(case, asked[0], "sent", actor="alice")
                until_done(here, fate)
            logs.append(said_in(desk, case))
            check_laws(desk, fate, steps)

        if not any(step.endswith("never") for step in steps):
            assert logs[0] == logs[1]


def asked_of(desk: Desk, case: str) -> list[str]:
    """The steps that ask."""
    with desk.read() as tx:
        found = tx.case(case)
    return [asked["step"] for asked in found.questions] if found else []


def check_laws(desk: Desk, fate: Fate, steps: list[str]) -> None:
    journal = journalled(desk)
    for at, step in enumerate(steps):
        got = [key for name, key, _ in fate.got if name == f"s{at}"]
        entries = journal[1, f"s{at}"]
        assert entries.count("started") == entries.count("done") + entries.count("unknown") == 1
        assert len(set(got)) <= 1
        if step.endswith("never"):
            assert len(got) <= 1
            assert "unknown" in entries or len(got) == 1
        elif step.startswith(("tell", "fails")):
            assert len(got) >= 1
