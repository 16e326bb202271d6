"""`soc alert`, `soc case`, `soc exception` as an analyst types them."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from desk_kit import T0, Files, Server, alert, shipped_policy
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, make_url, text

from soc.cli.cases.exception import escaped
from soc.cli.cases.pick import parse_query, split_words
from soc.cli.main import cli
from soc.condition.predicate import compile as predicate
from soc.desk.cases.case import Head
from soc.desk.database.place import place_of
from soc.desk.desk import open_desk
from soc.detect.language.sigma import selection_of
from soc.detect.ruleset.exception import load_exceptions
from soc.errors import DeskError, UsageError
from soc.fields import base_catalogue
from soc.respond.triaging.triage import triage

HOSTILE = "\x1b]0;owned\x9b31m\x07\x1b[2J\u202e=cmd|'/c calc'!A0"
FORMS = ("table", "json", "csv")


pytestmark = pytest.mark.usefixtures("desk_engine")


@pytest.fixture
def url(tmp_path: Path, desk_engine: Files | Server) -> str:
    """Where the desk lies that the state folder's configuration names."""
    if isinstance(desk_engine, Files):
        return f"sqlite:///{tmp_path / 'desk.db'}"
    place = desk_engine.empty()
    (tmp_path / "soc.toml").write_text(f"[desk]\nurl = {json.dumps(place)}\n")
    (tmp_path / "soc.toml").chmod(0o600)
    return place


@pytest.fixture
def home(tmp_path: Path, url: str) -> Path:
    """A state folder with three alerts in two cases."""
    alerts = [
        alert("a1", event={"user.name": HOSTILE, "event.original": HOSTILE}),
        alert("b1", level="critical", at=T0 + 1),
        alert("b2", institution="example-hospital", key={"user.name": HOSTILE}, rule="sudo", level="low", at=T0 + 2),
    ]
    desk = open_desk(url, create=True)
    with desk.write() as tx:
        triage(tx, list(zip(alerts, tx.put_alerts(alerts, now=T0), strict=True)), shipped_policy(), now=T0)
    desk.close()
    return tmp_path


def soc(home: Path, *words: str, actor: str = "alice") -> Result:
    return CliRunner().invoke(cli, ["--home", str(home), *words], env={"SUDO_USER": actor})


def rows(home: Path, *words: str) -> list[dict[str, object]]:
    result = soc(home, *words)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return [json.loads(line) for line in result.stdout.splitlines()]


def refused(home: Path, *words: str) -> str:
    result = soc(home, *words)
    assert isinstance(result.exception, UsageError), result.output
    return str(result.exception)


def test_the_queue_shows_open_cases_the_most_urgent_first(home):
    assert [(row["id"], row["priority"], row["institution"], row["alerts"]) for row in rows(home, "case", "list")] == [
        ("2026-000001", 1, "example-university", 2),
        ("2026-000002", 4, "example-hospital", 1),
    ]
    assert [row["id"] for row in rows(home, "case", "list", "--query", "institution:*hospital -status:closed title")] == ["2026-000002"]
    assert [row["id"] for row in rows(home, "case", "list", "--rule", "sudo", "--status", "all")] == ["2026-000002"]
    assert [row["id"] for row in rows(home, "case", "list", "--limit", "1")] == ["2026-000001"]


def test_a_change_is_logged_with_actor_and_time_and_the_words_come_in_any_order(home):
    rows(home, "case", "assign", "2026-000001", "2026-000002")
    rows(home, "case", "status", "in_progress", "2026-000001", "--note", "begun")
    rows(home, "case", "note", "2026-000001", "called them")
    (closed,) = rows(home, "case", "close", "--query", "institution:example-hospital", "--verdict", "benign_expected")

    (shown,) = rows(home, "case", "show", "2026-000001")
    assert (closed["status"], closed["verdict"], closed["owner"]) == ("closed", "benign_expected", "alice")
    assert [(entry["actor"], entry["action"]) for entry in shown["log"]][-4:] == [
        ("alice", "assign"),
        ("alice", "status"),
        ("alice", "note"),
        ("alice", "note"),
    ]
    assert all(entry["at"] > "2026-10-11" for entry in shown["log"])
    assert [row["id"] for row in rows(home, "case", "list", "--mine")] == ["2026-000001"]


def test_wrong_words_are_answered_with_the_right_ones(home):
    assert "it can become: triaged, assigned, in_progress, closed" in refused(home, "case", "status", "2026-000001", "waiting")
    assert "there are: new, triaged" in refused(home, "case", "status", "2026-000001", "sleeping")
    assert "needs a verdict" in refused(home, "case", "status", "2026-000001", "closed")
    assert "which cases?" in refused(home, "case", "note", "text")
    assert "ids or filters, not both" in refused(home, "case", "assign", "2026-000001", "--mine")
    assert "no case meets the filters" in refused(home, "case", "assign", "--query", "title:nothing")
    assert "there is no case 2026-000009" in refused(home, "case", "show", "2026-000009")
    assert "cases have no field 'nonsense'" in refused(home, "case", "list", "--query", "nonsense:1")
    assert "close the quotation" in refused(home, "case", "list", "--query", "'x")
    assert "several alerts begin with b: b1, b2" in refused(home, "alert", "show", "b")
    assert "there is no alert z" in refused(home, "alert", "show", "z")
    assert "'yesterday' is no time" in refused(home, "alert", "list", "--since", "yesterday")


def test_a_case_can_be_opened_by_hand(home):
    (opened,) = rows(
        home, "case", "open", "--title", "Telephone call", "--institution", "unknown", "--priority", "2", "--note", "they called"
    )

    (shown,) = rows(home, "case", "show", str(opened["id"]))
    assert (shown["title"], shown["priority"], shown["notes"][0]["text"], shown["log_fault"]) == ("Telephone call", 2, "they called", None)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A content root with two institutions and priorities of its own."""
    for folder in ("ingest", "detections"):
        (tmp_path / "site" / folder).mkdir(parents=True)
    hospital = "{id: example-hospital, class: hospital, networks: [192.0.2.0/27]}"
    (tmp_path / "site/ingest/institutions.yml").write_text(f"- {hospital}\n- {{id: example-university, networks: [198.51.100.0/24]}}\n")
    return tmp_path / "site"


@pytest.mark.parametrize(
    ("institution", "words", "priority"),
    [
        ("example-university", ("--severity", "high"), 2),
        ("example-university", (), 3),
        ("example-hospital", (), 2),
        ("example-hospital", ("--severity", "high"), 1),
        ("example-hospital", ("--severity", "high", "--priority", "4"), 4),
        ("unknown", ("--severity", "low"), 4),
    ],
)
def test_a_case_opened_by_hand_has_the_priority_of_the_table_unless_one_is_stated(home, site, institution, words, priority):
    (opened,) = rows(home, "--content", str(site), "case", "open", "--title", "Call", "--institution", institution, *words)

    assert opened["priority"] == priority


@pytest.mark.parametrize(
    ("institution", "title", "said"),
    [
        (
            "example-hospitl",
            "Call",
            "there is no institution 'example-hospitl'\n  there are: example-hospital, example-university, unknown",
        ),
        ("example-hospital", " ", "the title is empty"),
    ],
)
def test_a_case_of_nobody_or_without_a_title_is_refused(home, site, institution, title, said):
    assert said in refused(home, "--content", str(site), "case", "open", "--title", title, "--institution", institution)


def test_a_case_shows_the_events_of_its_alerts_in_order(home):
    (shown,) = rows(home, "case", "show", "2026-000001")

    assert [event["event.id"] for event in shown["timeline"]] == ["event-a1", "event-b1"]
    assert {(one["kind"], one["value"]) for one in shown["observables"]} >= {("ip", "203.0.113.7")}


def test_a_note_of_several_lines_is_one_row_of_the_table(home):
    rows(home, "case", "note", "2026-000001", "called them\nnobody there")

    shown = soc(home, "case", "show", "2026-000001", "--output", "table").stdout

    assert "called them nobody there" in " ".join(shown.split())
    assert "\\x0a" not in shown


def test_alerts_are_listed_newest_first_and_shown_with_all_fields(home):
    assert [row["id"] for row in rows(home, "alert", "list", "--since", "2026-10-01")] == ["b2", "b1", "a1"]
    (shown,) = rows(home, "alert", "show", "a")
    assert (shown["case"], shown["count"], shown["events"][0]["event.original"]) == ("2026-000001", 10, HOSTILE)


@pytest.mark.parametrize("words", [("case", "show", "2026-000001"), ("alert", "list"), ("alert", "show", "b2")], ids=" ".join)
@pytest.mark.parametrize("form", FORMS)
def test_no_moment_is_printed_as_a_number(home, words, form):
    shown = soc(home, *words, "--output", form).stdout

    assert "2026-10-11T22:00:00.000Z"[:10] in shown
    assert not re.search(r"\b17\d{14}\b", shown)


def test_alerts_of_all_time_are_those_without_a_since(home):
    assert rows(home, "alert", "list", "--since", "all") == rows(home, "alert", "list")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("words", [("alert", "list", "--level", "high"), ("case", "list", "--query", "nobody")], ids=" ".join)
def test_a_list_of_nothing_is_a_word_on_stderr_and_no_header(home, words, form):
    result = soc(home, *words, "--output", form)

    assert (result.stdout, result.stderr[:3]) == ("", "no ")


def test_a_case_that_is_taken_from_somebody_tells_both(home):
    rows(home, "case", "assign", "2026-000001", "bob")

    taking = soc(home, "case", "assign", "2026-000001", "alice")
    told = soc(home, "case", "list", actor="bob")

    assert taking.stderr == "case 2026-000001 was bob's, who is told with the next soc case list\n"
    assert re.fullmatch(r"case 2026-000001 was yours until [-0-9 :]{16}; alice took it\n", told.stderr)
    assert soc(home, "case", "list").stderr == ""
    shown = soc(home, "case", "show", "2026-000001", "--output", "json").stdout
    assert "from: bob  owner: alice" in shown
    rows(home, "case", "assign", "2026-000001", "bob")
    assert soc(home, "case", "list", actor="bob").stderr == ""


def test_what_a_step_kept_is_said_in_words(home, url):
    with open_desk(url).write() as tx:
        tx.record("2026-000001", "step", {"step": "look", "kept": {"contact": "soc@north.example", "known": True}}, actor="test", now=T0)

    shown = " ".join(soc(home, "case", "show", "2026-000001", "--output", "table").stdout.split())

    assert "kept: contact: soc@north.example, known: true" in shown


@pytest.mark.parametrize(
    "words", [("case", "list"), ("case", "show", "2026-000001"), ("alert", "list"), ("alert", "show", "b2")], ids=" ".join
)
def test_what_a_log_says_never_controls_the_terminal_or_a_spreadsheet(home, words):
    for form in FORMS:
        result = soc(home, *words, "--output", form)

        assert result.exit_code == 0, result.output
        assert not {character for character in result.stdout if character in "\x1b\x07\x9b\u202e\r\t"}
        if form == "csv":
            assert not [
                cell for row in [*csv.reader(io.StringIO(result.stdout))][1:] for cell in row if cell.startswith(("=", "+", "-", "@"))
            ]


@pytest.mark.parametrize("words", [("list",), ("note", "2026-000001", "looked at it")], ids=" ".join)
def test_the_queue_needs_neither_arrow_nor_duckdb_nor_pysigma_nor_a_cluster(home, words):
    code = "import sys; from soc.cli.main import cli; cli(['--home', sys.argv[1], 'case', *sys.argv[2:]], standalone_mode=False);"
    heavy = ("pyarrow", "duckdb", "sigma", "numpy", "rich", "elasticsearch", "soc.cli.cases.published")
    code += f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code, str(home), *words], capture_output=True, text=True, check=True)

    assert done.stderr == "[]\n"


def test_a_desk_that_is_missing_ends_with_code_3_and_the_repair(tmp_path, url):
    command = [str(Path(sys.executable).with_name("soc")), "--home", str(tmp_path), "case", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"soc: {place_of(make_url(url))}: ")
    assert done.stderr.endswith(" no desk\n  make one with: soc init\n")


def test_an_exception_from_an_alert_is_content_that_hides_it_and_nothing_else(home, tmp_path):
    site = tmp_path / "site"
    (site / "detections").mkdir(parents=True)
    with_site = ("--content", str(site))
    done = CliRunner().invoke(
        cli, ["--home", str(home), *with_site, "exception", "add", "--from-alert", "b2", "--reason", "audit", "--expires", "30d"]
    )
    assert done.exit_code == 0, repr(done.exception)

    (found,), errors = load_exceptions([site / "detections" / "exceptions"], base_catalogue())
    assert errors == []
    assert (found.rules, found.institutions, found.reason) == ({"sudo"}, {"example-hospital"}, "audit")
    hides = predicate(found.condition, base_catalogue())
    assert hides({"user.name": HOSTILE})
    assert not hides({"user.name": "bob"})
    (listed,) = rows(home, *with_site, "exception", "list")
    assert (listed["state"], listed["hidden"]) == ("in force", 0)


def test_an_exception_needs_a_reason_an_end_a_key_and_a_place(home, tmp_path):
    add = ("exception", "add", "--from-alert", "b2", "--expires")
    assert "no content root of your own" in refused(home, *add, "30d", "--reason", "x")
    assert "is past" in refused(home, *add, "2020-01-01", "--reason", "x")
    assert "the reason is empty" in refused(home, *add, "30d", "--reason", " ")


SHOW, NOTE = ("case", "show", "2026-000001"), ("case", "note", "2026-000001", "text")


@pytest.mark.parametrize(
    ("damage", "value", "words", "place"),
    [
        ("alerts SET key = :value WHERE id = 'a1'", b"[", ("alert", "list"), "table alerts, row a1"),
        ("alerts SET key = :value WHERE id = 'a1'", b"[1]", SHOW, "table alerts, row a1"),
        ("alerts SET key = :value WHERE id = 'a1'", b"x", ("respond",), "table alerts, row a1"),
        ("alerts SET tags = :value WHERE id = 'a1'", b"x", ("alert", "show", "a1"), "table alerts, row a1"),
        ("alerts SET tags = :value WHERE id = 'a1'", b"{}", ("alert", "list"), "table alerts, row a1"),
        ("alerts SET detail = :value WHERE id = 'a1'", b"[]", ("alert", "list"), "table alerts, row a1"),
        ("alerts SET cell_end = :value WHERE id = 'a1'", 1 << 62, ("alert", "list"), "table alerts, row a1"),
        ("evidence SET body = :value", b"[[1]]", ("alert", "show", "a1"), "table evidence, row of alert a1"),
        ("evidence SET body = :value", b'[["x", "y", {}]]', SHOW, "table evidence, row of alert "),
        ("cases SET pinned = :value WHERE id = '2026-000001'", b"\xff", NOTE, "table cases, row 2026-000001"),
        ("cases SET opened_at = :value WHERE id = '2026-000001'", 1 << 62, ("case", "list"), "table cases, row 2026-000001"),
        ("case_log SET payload = :value WHERE seq = 1", b"[1]", SHOW, "table case_log, row 2026-000001 1"),
        ("case_log SET payload = :value WHERE seq = 2", b"{}", SHOW, "table case_log, row 2026-000001 2"),
        ("case_log SET payload = :value WHERE seq = 1", b'{"a":1}', SHOW, "table case_log, row 2026-000001 1"),
        ("meta SET value = :value", "x", ("case", "list"), "table meta, row version"),
    ],
)
def test_a_damaged_row_of_the_desk_is_named_with_its_repair(home, url, damage, value, words, place):
    change(url, f"UPDATE {damage}", value=value)

    result = soc(home, *words)

    assert isinstance(result.exception, DeskError), repr(result.exception)
    assert f"{place}" in str(result.exception)
    assert "backup" in str(result.exception)


def change(url: str, statement: str, **values: object) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement), values)
    engine.dispose()


def test_the_doctor_names_every_damaged_row_of_alerts_and_cases(home, url):
    change(url, "UPDATE alerts SET key = :value WHERE id = 'a1'", value=b"x")
    change(url, "DELETE FROM extents WHERE alert = 'b1'")
    change(url, "INSERT INTO counted VALUES ('a1', 'rule@hash store', :value, '')", value=b"{}")
    change(url, "UPDATE cases SET pinned = :value WHERE id = '2026-000001'", value=b"\xff")
    change(url, "UPDATE case_log SET at = :value WHERE \"case\" = '2026-000002' AND seq = 1", value=1 << 62)

    faults = "\n".join(json.loads(soc(home, "doctor", "--deep", "--output", "json").stdout)["faults"])

    for place in (
        "table alerts, row a1",
        "table counted, row a1: is damaged",
        "alert b1: ",
        "table cases, row 2026-000001",
        "table case_log, row 2026-000002 1",
    ):
        assert f"desk: {place}" in faults


@settings(max_examples=50, deadline=None)
@given(st.text(st.sampled_from("ab*?\\. |%"), min_size=1, max_size=6), st.text(st.sampled_from("ab*?\\. |%"), min_size=1, max_size=6))
def test_an_escaped_value_means_itself_and_no_other(value, other):
    hides = predicate(selection_of({"user.name": escaped(value)}, base_catalogue()), base_catalogue())

    assert hides({"user.name": value})
    assert hides({"user.name": other}) == (value == other)


@given(st.lists(st.sampled_from(["2026-000001", "2027-123456"])), st.text(min_size=1, max_size=9))
def test_case_ids_are_told_from_the_other_word_wherever_it_stands(ids, word):
    for place in range(len(ids) + 1):
        assert split_words([*ids[:place], word, *ids[place:]], "x") == (ids, word)


@given(st.text(max_size=20))
def test_any_query_has_a_meaning_or_is_refused(text):
    head = Head("2026-000001", title="SSH brute force")
    try:
        tests = parse_query(text)
    except UsageError:
        return
    assert all(isinstance(test(head), bool) for test in tests)
