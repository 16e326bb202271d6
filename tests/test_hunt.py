"""Hunts over a real store, as an analyst calls them."""

from __future__ import annotations

import csv
import io
import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from soc.cli.call.when import as_of, later, moment
from soc.cli.main import cli
from soc.condition.tree import TRUE
from soc.errors import UsageError
from soc.fields import base_catalogue
from soc.hunt.drawing import draw
from soc.hunt.hunts import OTHERS, Timeline, timeline
from soc.model import ALWAYS, Window
from soc.store.segments import open_store
from soc.times import DAY, HOUR, MINUTE, parse_iso

NOW = parse_iso("2026-10-11T12:00:00Z")
CATALOGUE = base_catalogue()
EVENTS = [
    {
        "@timestamp": NOW - i * 10 * MINUTE,
        "event.id": f"id{i:03}",
        "event.dataset": ("openssh.auth", "iptables.packet")[i % 2],
        "event.original": f"line {i} from 198.51.100.{i % 5}",
        "event.category": ["network", "host"],
        "source.ip": f"198.51.100.{i % 5}",
        "user.name": "evil\x1b[2J\u202ename",
        "labels": {"a b": "=x"},
    }
    for i in range(200)
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    store = open_store(home / "store", CATALOGUE, create=True)
    with store.writer() as writer:
        writer.add(writer.begin(), EVENTS, (), now=NOW)
    store.close()
    return home


def soc(home, *args):
    return CliRunner().invoke(cli, ["--home", str(home), "hunt", *args])


def rows(result):
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_events_are_found_newest_first(home):
    found = rows(soc(home, "events", "source.ip:198.51.100.0/31 line", "--since", "all", "--limit", "5"))

    assert [event["event.id"] for event in found] == ["id000", "id001", "id005", "id006", "id010"]
    assert found[0]["labels.a b"] == "=x"
    assert found[0]["@timestamp"].endswith("Z")


RULES = """\
title: Line thirteen
id: 6c0a5b0e-52a1-4f0e-9d5c-0f6f6f2f1c11
name: line_thirteen
status: test
logsource: {product: linux}
detection:
  selection: {event.original|contains: 'LINE 13 '}
  other: {source.ip|cidr: 198.51.100.0/24}
  condition: selection and other
---
title: Many
id: 6c0a5b0e-52a1-4f0e-9d5c-0f6f6f2f1c12
status: test
correlation: {type: event_count, rules: [line_thirteen], group-by: [source.ip], timespan: 5m, condition: {gte: 5}}
---
title: Line
id: 6c0a5b0e-52a1-4f0e-9d5c-0f6f6f2f1c13
name: any_line
status: test
logsource: {product: linux}
detection: {selection: {event.original|startswith: 'line '}, condition: selection}
---
title: Twice an hour
id: 6c0a5b0e-52a1-4f0e-9d5c-0f6f6f2f1c14
status: test
correlation: {type: event_count, rules: [any_line], group-by: [source.ip], timespan: 1h, condition: {gte: 2}}
---
title: Seldom
id: 6c0a5b0e-52a1-4f0e-9d5c-0f6f6f2f1c15
status: test
correlation: {type: event_count, rules: [any_line], group-by: [source.ip], timespan: 1h, condition: {lt: 5}}
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    path = tmp_path_factory.mktemp("rules") / "line.yml"
    path.write_text(RULES, encoding="utf-8")
    return str(path)


MANY = "6c0a5b0e-52a1-4f0e-9d5c-0f6f6f2f1c12"
EACH_HOUR = "6c0a5b0e-52a1-4f0e-9d5c-0f6f6f2f1c14"
SELDOM = "6c0a5b0e-52a1-4f0e-9d5c-0f6f6f2f1c15"


def test_a_sigma_rule_is_a_hunt(home, rules):
    found = rows(soc(home, "rule", "line_thirteen", "--since", "all", "--rules", rules))

    assert [event["event.id"] for event in found] == ["id013"]


def test_a_correlation_is_a_hunt_for_the_groups_that_fulfil_it(home, rules):
    """Every address has a line each fifty minutes: two in an hour, never five in five minutes."""
    found = rows(soc(home, "rule", EACH_HOUR, "--since", "2026-10-11", "--limit", "3", "--rules", rules))
    oldest = soc(home, "rule", EACH_HOUR, "--since", "2026-10-11", "--limit", "1", "--oldest", "--rules", rules)
    none = soc(home, "rule", MANY, "--since", "all", "--rules", rules)

    assert [(row["last"], row["source.ip"], row["events"], row["evidence"]) for row in found] == [
        ("2026-10-11T12:00:00.000Z", "198.51.100.0", 2, ["id005", "id000"]),
        ("2026-10-11T11:50:00.000Z", "198.51.100.1", 3, ["id011", "id006", "id001"]),
        ("2026-10-11T11:40:00.000Z", "198.51.100.2", 2, ["id007", "id002"]),
    ]
    assert found[0]["institution"] == "unknown"
    assert rows(oldest)[0]["last"] == "2026-10-11T00:50:00.000Z"
    assert "1 of 57 groups, the oldest" in oldest.stderr
    assert (rows(none), "no group fulfils it since all" in none.stderr) == ([], True)


def test_a_correlation_that_cannot_be_hunted_with_says_why(home, rules):
    seldom = str(soc(home, "rule", SELDOM, "--rules", rules).exception)

    assert "event_count with lt 5 needs sealed windows" in seldom
    assert "hunt with the rules that it counts: 6c0a5b0e" in seldom
    assert "--fields names fields of events" in str(soc(home, "rule", MANY, "--fields", "user.name", "--rules", rules).exception)


def test_indices_of_others_lie_on_a_cluster(home):
    assert "--index names indices of a cluster" in str(soc(home, "events", "--index", "filebeat-*").exception)


def test_since_cuts_off_what_is_older(home):
    assert len(rows(soc(home, "events", "--since", "2026-10-11T10:30:00Z", "--limit", "1000"))) == 10
    assert len(rows(soc(home, "events", "--since", "2026-10-11T10:30:00Z", "--until", "2026-10-11T12:00:00Z"))) == 9
    assert "no event matches" in soc(home, "events", "nothing-like-this").stderr


def test_what_was_left_out_is_said(home):
    assert "3 of 200 events" in soc(home, "events", "--since", "all", "--limit", "3").stderr


@pytest.mark.parametrize("command", [("events", "--fields", "user.name"), ("top", "user.name"), ("timeline", "--by", "user.name")])
def test_no_control_character_of_a_log_reaches_the_terminal(home, command):
    shown = soc(home, *command, "--since", "all", "--output", "table").stdout

    assert "evil" in shown
    assert not {"\x1b", "\u202e"} & set(shown)


@pytest.mark.parametrize("form", ["table", "csv", "json"])
@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (("sql", 'SELECT 1 AS "[/x]"'), "[/x]"),
        (("sql", 'SELECT 1 AS "[bold]x"'), "[bold]x"),
        (("sql", 'SELECT 1 AS "\x1b[31mx\u202e"'), "[31mx"),
        (("events", "--fields", "labels.[/x]", "--since", "all", "--limit", "1"), "labels.[/x]"),
    ],
)
def test_the_name_of_a_column_is_shown_as_it_is_and_steers_nothing(home, command, shown, form):
    result = soc(home, *command, "--output", form)

    assert result.exit_code == 0, repr(result.exception)
    assert shown in result.stdout or (form == "json" and command[0] == "events")  # no event has the field
    assert not {"\x1b", "\u202e"} & set(result.stdout)


@pytest.mark.parametrize("form", ["table", "csv", "json"])
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("INTERVAL '1 day 2 hours'", "1 day 02:00:00"),
        ("TIMESTAMP '2026-10-11 12:00:01' - TIMESTAMP '2026-10-11 10:30:00'", "01:30:01"),
        ("[INTERVAL '-90 minutes']", "['-01:30:00']"),
        ("'a\\xAA'::BLOB", "a\\xAA"),
        ("2::VARIANT", "2"),
        ("'x'::VARIANT", "x"),
        ("union_value(k := 5)", "5"),
    ],
)
def test_every_kind_of_value_is_printed_as_a_person_reads_it(home, value, shown, form):
    found = soc(home, "sql", f"SELECT {value} AS v", "--output", form)

    assert found.exit_code == 0, repr(found.exception)
    printed = json.loads(found.stdout)["v"] if form == "json" else found.stdout.splitlines()[1].strip()
    assert printed in (shown, f"'{shown}")  # a spreadsheet's apostrophe


def test_a_struct_and_a_truth_are_printed_without_python(home):
    found = soc(home, "sql", "SELECT {'a': 1, 'b': [true, NULL]} AS v", "--output", "table")

    assert found.stdout.splitlines()[1].strip() == "a: 1, b: true,"


@pytest.mark.parametrize("form", ["table", "csv", "json"])
@pytest.mark.parametrize("command", [("events", "nobody"), ("top", "user.name", "nobody"), ("sql", "SELECT 1 AS x WHERE false")])
def test_an_empty_answer_prints_no_header(home, command, form):
    assert soc(home, *command, "--output", form).stdout == ""


@pytest.mark.parametrize("statement", ["SELECT st_point(1, 2)", "SELECT * FROM read_xlsx('a.xlsx')", "SELECT to_days('a')"])
def test_no_advice_is_repeated_that_a_hunt_may_not_follow(home, statement):
    said = str(soc(home, "sql", statement).exception)

    assert "Error" in said
    assert not [word for word in ("INSTALL", "LOAD", "SET ", "installing", "duckdb.org") if word in said]


def test_a_value_that_becomes_the_name_of_a_column_becomes_no_formula(home):
    shown = soc(home, "sql", 'SELECT 1 AS "=1+1", 2 AS "@timestamp"', "--output", "csv").stdout

    assert shown.splitlines()[0] == "'=1+1,@timestamp"


def test_no_value_of_a_log_becomes_a_formula(home):
    lines = list(csv.DictReader(io.StringIO(soc(home, "events", "--since", "all", "--output", "csv").stdout)))

    assert {line["labels.a b"] for line in lines} == {"'=x"}


def test_top_counts_each_value(home):
    found = rows(soc(home, "top", "source.ip", "event.dataset:openssh*", "--since", "all", "--limit", "2"))

    assert found == [{"value": "198.51.100.0", "events": 20}, {"value": "198.51.100.1", "events": 20}]


def test_sql_answers_a_select_and_nothing_else(home):
    assert rows(soc(home, "sql", "SELECT count(*) AS n, count(*) AS n FROM events WHERE \"source.ip\" LIKE '%.1'")) == [
        {"n": 40, "n_1": 40}
    ]
    assert isinstance(soc(home, "sql", "DROP VIEW events").exception, UsageError)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("DATE '2026-10-11'", "2026-10-11"),
        ("DATE '20000-01-01'", "20000-01-01"),
        ("DATE '0044-03-15 (BC)'", "0044-03-15 (BC)"),
        ("[DATE '20000-01-01']", "[20000-01-01]"),
        ("TIMESTAMP 'infinity'", "infinity"),
        ("TIMESTAMP_NS '2026-10-11 00:00:00.123456789'", "2026-10-11 00:00:00.123456789"),
        ("TIMETZ '10:00:00+02'", "10:00:00+02"),
        ("9223372036854775807::HUGEINT", 9223372036854775807),
        ("170141183460469231731687303715884105727", "170141183460469231731687303715884105727"),
        ("-170141183460469231731687303715884105727", "-170141183460469231731687303715884105727"),
        ("340282366920938463463374607431768211455::UHUGEINT", "340282366920938463463374607431768211455"),
        ("99999999999999999999999999999999999999999999::BIGNUM", "99999999999999999999999999999999999999999999"),
    ],
)
def test_sql_shows_what_json_and_python_have_no_value_for_as_text(home, value, shown):
    statement = f"SELECT {value} AS a, 1 AS b, 2 AS b"

    assert rows(soc(home, "sql", statement)) == [{"a": shown, "b": 1, "b_1": 2}]
    assert str(shown) in soc(home, "sql", statement, "--output", "table").stdout


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELECT 'a'::INT", "LINE 1: SELECT 'a'::INT\n                  ^^^^^"),
        ("SELECT 1,\n  'a'::INT", "LINE 2:   'a'::INT\n             ^^^^^"),
        ("\n\n SELECT 'a'::INT", "LINE 3: SELECT 'a'::INT\n                  ^^^^^"),
        ("SELECT 1," + "\n" * 7 + "  'a'::INT;", "LINE 8:   'a'::INT\n             ^^^^^"),
        (f"SELECT {'1, ' * 99}'a'::INT", "LINE 1: ..., 1, 1, 1, 1, "),
        ("SELECT 'b\n\nLINE 9: c\n ^'::INT", "LINE 4:  ^'::INT"),
        ("SELEC 1", "LINE 1: SELEC 1\n        ^^^^^"),
    ],
)
def test_an_error_of_sql_names_the_persons_own_line(home, statement, said):
    assert said in str(soc(home, "sql", statement).exception)


@pytest.mark.parametrize("since", ["99999999d", "9" * 400 + "d", "9" * 400, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_that_no_calendar_has_is_refused(since):
    with pytest.raises(UsageError, match="no time"):
        moment(since, NOW)
    with pytest.raises(UsageError, match="no time"):
        later(since, NOW)
    with pytest.raises(UsageError, match="no time"):
        as_of("9999-12-31", NOW)


def test_a_wrong_field_is_named_with_the_right_one(home):
    assert "did you mean source.ip" in str(soc(home, "top", "source.ips").exception)
    assert "did you mean source.ip" in str(soc(home, "events", "source.ips:1").exception)


def test_a_timeline_is_written_as_rows_that_sum_up_to_all_events(home):
    found = rows(soc(home, "timeline", "--since", "all", "--by", "event.category"))

    assert sum(row["events"] for row in found if row["event.category"] == "host") == 200


@pytest.mark.parametrize("window", [ALWAYS, Window(NOW - 3 * DAY, NOW + 1), Window(NOW - 50 * MINUTE, ALWAYS.until)])
@pytest.mark.parametrize("spans", [10, 41, 200])
def test_each_event_of_the_window_lies_in_one_span(home, window, spans):
    store = open_store(home / "store", CATALOGUE)

    drawn = timeline(store, TRUE, window, CATALOGUE, by="source.ip", spans=spans, most=3)

    assert len(drawn.starts) <= spans
    assert sum(map(sum, drawn.rows.values())) == sum(1 for event in EVENTS if window.since <= event["@timestamp"] < window.until)
    assert list(drawn.rows)[-1] == OTHERS
    store.close()


@given(
    st.dictionaries(st.text(max_size=40), st.lists(st.integers(0, 10**9), min_size=24, max_size=24), min_size=1),
    st.sampled_from((MINUTE // 2, HOUR, 7 * DAY)),
)
def test_a_drawing_has_a_block_per_span_and_hides_no_event(counts, width):
    drawn = draw(Timeline([i * width for i in range(24)], width, counts))

    for line, row in zip(drawn, counts.values(), strict=False):
        assert [block == " " for block in line[29:53]] == [count == 0 for count in row]
        assert line[53:].strip() == f"{sum(row):,}"


# --- every rule ------------------------------------------------------------------------------------------------------

ONE_ADDRESS = "0c1b3f7e-2222-4b1a-9a53-0d7f5b0c9f20"
LONE = f"""\
title: One address
id: {ONE_ADDRESS}
status: test
level: low
logsource: {{product: linux, service: sshd}}
detection:
    selection: {{source.ip: 198.51.100.1}}
    condition: selection
"""


def test_every_rule_is_counted_over_the_datasets_that_it_sees(home, tmp_path):
    (tmp_path / "one.yml").write_text(LONE)
    asked = ("rules", "--since", "all", "--rules", str(tmp_path), "--output", "json")

    found, everything = rows(soc(home, *asked)), rows(soc(home, *asked, "--all"))

    sshd = [event for event in EVENTS if event["event.dataset"] == "openssh.auth" and event["source.ip"] == "198.51.100.1"]
    row = {"rule": ONE_ADDRESS, "title": "One address", "level": "low", "events": len(sshd), "ms": None}
    assert [one for one in found if one["rule"] == ONE_ADDRESS] == [row]
    assert all(one["events"] for one in found)
    assert [one for one in everything if one["events"]] == found
    assert len(everything) > len(found)


def test_a_rule_that_no_event_of_the_time_meets_is_not_shown(home, tmp_path):
    (tmp_path / "one.yml").write_text(LONE)

    result = soc(home, "rules", "--since", "2027-01-01", "--rules", str(tmp_path))

    assert rows(result) == []
    assert "rules asked, 0 of them met by events" in result.stderr
