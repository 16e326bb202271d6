"""What is wrong outside soc is said with place, repair and exit code, and never as a traceback."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from soc.cli.call.config import parse_size
from soc.document import parse_documents
from soc.errors import ContentError

SOC = [sys.executable, "-c", "from soc.cli.main import main; main()"]
RULE = """
title: Root tried
id: 5f0f2f0e-6a3b-4b1a-9a53-0d7f5b0c9f11
status: test
level: high
logsource: {product: linux, service: sshd}
detection:
    selection: {%s}
    condition: selection
"""
GOOD = "event.outcome: failure"
LINE = "<38>1 2026-11-20T10:14:01Z gw1 sshd 4721 - - Failed password for root from 203.0.113.7 port 52144 ssh2\n"


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site/detections/rules").mkdir(parents=True)
    (tmp_path / "auth.log").write_text(LINE)
    soc(tmp_path, "init", "--site", str(tmp_path / "site"))
    soc(tmp_path, "ingest", str(tmp_path / "auth.log"))
    return tmp_path


def soc(folder, *words):
    return subprocess.run([*SOC, "--home", str(folder / "home"), *words], capture_output=True, text=True, timeout=120)


def said(done, code, *texts):
    """The exit code, and every text in the message; no traceback."""
    assert "Traceback" not in done.stderr
    assert (done.returncode, [text for text in texts if text not in done.stderr]) == (code, []), done.stderr


@pytest.mark.parametrize(
    ("rule", "texts"),
    [
        ("title: [", ("r.yml:2", "no valid YAML")),
        (RULE % "user.nam: root", ("r.yml:8", "user.nam", "user.name")),
        (RULE % "event.outcome|contians: x", ("r.yml", "contians")),
        (RULE % "user.name|re: '(a'", ("r.yml", "(a")),
        (RULE % "user.name|expand: '%nobody%'", ("r.yml", "%nobody%", "lists/nobody.txt")),
        (RULE % "user.name|expand: '%n%-%n%-%n%-%n%-%n%'", ("r.yml:8", "%n% and %n%", "make more than 20,000 values together")),
        (
            RULE % f"user.name|windash: 'a{' -a' * 30}'",
            ("r.yml:7", "windash makes more than 20,000 values of 30 dashes", "split the value"),
        ),
    ],
)
def test_a_wrong_rule_is_named_with_place_and_repair_and_the_others_run(site, rule, texts):
    (site / "site/detections/rules/good.yml").write_text((RULE % GOOD).replace("0c9f11", "0c9f12").replace("Root tried", "Good"))
    (site / "site/detections/rules/r.yml").write_text(rule)
    (site / "site/detections/lists/n.txt").write_text("".join(f"{n}\n" for n in range(1000)))

    said(soc(site, "check"), 2, *texts)
    said(soc(site, "detect"), 4, *texts)
    titles = [json.loads(row)["title"] for row in soc(site, "alert", "list", "--output", "json").stdout.splitlines()]
    assert "Good" in titles


def test_an_id_that_stands_twice_is_refused(site):
    for name in ("a", "b"):
        (site / f"site/detections/rules/{name}.yml").write_text(RULE % GOOD)

    said(soc(site, "check"), 2, "5f0f2f0e-6a3b-4b1a-9a53-0d7f5b0c9f11", "a.yml", "b.yml")


def test_a_desk_of_a_newer_soc_is_left_alone(site):
    with sqlite3.connect(site / "home/desk.db") as desk:
        desk.execute("UPDATE meta SET value = '999' WHERE name LIKE '%version%' OR name LIKE '%schema%'")

    said(soc(site, "case", "list"), 3, "desk.db", "999")


def test_a_locked_desk_is_named(site):
    holder = sqlite3.connect(site / "home/desk.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        said(soc(site, "detect"), 3, "desk.db")
    finally:
        holder.close()


def test_a_store_that_another_writes_names_the_writer(site):
    from soc.content import load_content
    from soc.store.segments import open_store

    store = open_store(site / "home/store", load_content(()).catalogue)
    with store.writer():
        said(soc(site, "ingest", str(site / "auth.log")), 3, str(os.getpid()))
    store.close()


def test_a_damaged_segment_is_named_and_the_rest_is_searched(site):
    soc(site, "ingest", "--feed", "files", str(Path(__file__)))
    damaged = sorted((site / "home/store").rglob("*.parquet"))[0]
    damaged.write_bytes(damaged.read_bytes()[:100])

    said(soc(site, "doctor"), 4, "")
    assert damaged.name in soc(site, "doctor").stdout
    done = soc(site, "detect")
    assert "Traceback" not in done.stderr
    assert done.returncode in (3, 4), done.stderr
    assert damaged.name in done.stderr or "lost" in done.stderr


def test_without_a_store_or_a_desk_the_repair_is_named(tmp_path):
    for words in (["case", "list"], ["detect"], ["hunt", "events", "root"], ["status"]):
        said(soc(tmp_path, *words), 3, "soc init")


def test_wrong_words_name_the_right_ones(site):
    said(soc(site, "ingst"), 2, "ingest")
    said(soc(site, "parse", "--format", "opensssh", str(site / "auth.log")), 2, "openssh")
    said(soc(site, "hunt", "events", "user.nam:root"), 2, "user.name")
    said(soc(site, "hunt", "sql", "COPY events TO 'x.csv'"), 2, "SELECT")
    said(soc(site, "case", "status", "2026-000001", "closed"), 2, "2026-000001", "soc case list")
    said(soc(site, "--config", str(site / "none.toml"), "status"), 2, "none.toml")
    said(soc(site, "ingest", str(site / "none.log")), 4, "none.log")
    (site / "home/soc.toml").write_text("[retention]\ndayz = 3\n")
    said(soc(site, "status"), 2, "dayz", "days")


@pytest.mark.parametrize(
    ("wrong", "texts"),
    [
        ("content = 5", ("content is 5", 'content = ["')),
        ('content = "/srv/soc"', ("content is '/srv/soc'", 'content = ["')),
        ("content = [5]", ("content is [5]",)),
        ("[mail]\npassword_file = 5", ("mail.password_file is 5", "text in quotes")),
        ("[mail]\nport = '25'", ("mail.port is '25'", "whole number")),
        ("[mail]\ntls = 'yes'", ("mail.tls is 'yes'", '"starttls"')),
        ("[mail]\ntls = true", ("mail.tls is True", '"starttls"')),
        ("[mail]\ntimeout = 0", ("mail.timeout is 0", "more than 0")),
        ("[webhook]\ntimeout = -1", ("webhook.timeout is -1", "more than 0")),
        ("[desk]\nurl = 7", ("desk.url is 7",)),
        ("[retention]\nmax_disk = []", ("retention.max_disk is []",)),
        (f"[retention]\nmax_disk = {'9' * 5000}", ("no valid TOML",)),
    ],
)
def test_a_configuration_of_another_type_is_named_with_its_repair(tmp_path, wrong, texts):
    (tmp_path / "soc.toml").write_text(f"{wrong}\n")

    said(soc(tmp_path, "--config", str(tmp_path / "soc.toml"), "status"), 2, "soc.toml", *texts)


def test_the_doctor_says_that_the_password_of_mail_would_go_in_the_clear(site):
    (site / "password").touch(0o600)
    mail = f"[mail]\nhost = 'mail.example.org'\nuser = 'soc'\npassword_file = '{site / 'password'}'\n"
    (site / "home/soc.toml").write_text(mail)
    warned = soc(site, "doctor", "--output", "json")
    (site / "home/soc.toml").write_text(f"{mail}tls = 'starttls'\n")
    content = soc(site, "doctor", "--output", "json")

    said(warned, 4)
    assert "mail.example.org: the password of soc would go over the network in the clear" in str(json.loads(warned.stdout)["faults"])
    said(content, 0)


@pytest.mark.parametrize("size", ["9" * 400, "9" * 400 + " GB", "10000000 TB"])
def test_a_size_that_no_disk_has_is_named_with_its_repair(size):
    with pytest.raises(ContentError, match=r"soc\.toml: .* is no size\n  write for example 200 GB"):
        parse_size(size, Path("soc.toml"))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("!!bool x", "'x' is no bool"),
        ('!!int ""', "'' is no int"),
        ("!!int x", "'x' is no int"),
        ('!!float ""', "'' is no float"),
        ("!!timestamp x", "'x' is no timestamp"),
        ("2026-13-45", "'2026-13-45' is no timestamp"),
        ("[{deep: !!bool x}]", "'x' is no bool"),
        ("!!int [1]", "expected a scalar node"),
        ("!!bool &a {b: 1}", "expected a scalar node"),
    ],
)
def test_a_value_that_is_not_what_its_tag_says_is_named_with_its_line(value, said):
    with pytest.raises(ContentError, match=r"x\.yml:3: no valid YAML: ") as wrong:
        parse_documents(f"a: 1\nb:\n  c: {value}\n", Path("x.yml"))

    assert said in str(wrong.value)


@pytest.mark.parametrize("folder", ["", "playbooks", "parsers"])
def test_a_content_root_that_everybody_can_write_to_is_refused(site, folder):
    (site / "site" / folder).mkdir(exist_ok=True)
    (site / "site" / folder).chmod(0o777)

    said(soc(site, "check"), 2, str(site / "site" / folder), "chmod o-w")


@pytest.mark.parametrize("name", ["parsers/x.py", "playbooks/x.yml", "detections/lists/x.txt"])
@pytest.mark.parametrize("words", [("check",), ("run",), ("detect",), ("respond",), ("ingest", "auth.log"), ("parse", "auth.log")])
def test_a_file_of_a_content_root_that_everybody_can_write_to_is_refused_by_each_command(site, name, words):
    path = site / "site" / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    path.chmod(0o666)

    said(soc(site, *words[:1], *(str(site / word) for word in words[1:])), 2, str(path), "chmod o-w")


def test_a_configuration_that_everybody_can_write_to_is_refused(site):
    (site / "home/soc.toml").chmod(0o606)

    said(soc(site, "status"), 2, "soc.toml", "everybody can write to it", "chmod o-w")


def test_while_a_feed_is_wrong_no_file_is_begun_for_another(site):
    feed = site / "site/ingest/gateways.yml"
    feed.write_text(f"paths: [{site}/new.log]\nzone: [\n")
    (site / "new.log").write_text(LINE)
    said(soc(site, "ingest", str(site / "new.log")), 2, "gateways.yml", "--feed")
    feed.write_text(f"paths: [{site}/new.log]\n")

    said(soc(site, "ingest", str(site / "new.log")), 0)

    assert '"gateways"' in soc(site, "status", "--output", "json").stdout


def test_a_page_whose_bytes_were_changed_is_named_with_its_file(site):
    (segment,) = (site / "home/store").rglob("*.parquet")
    group = pq.read_metadata(segment).row_group(0)
    (column,) = [group.column(at) for at in range(group.num_columns) if group.column(at).path_in_schema == "event.outcome"]
    whole = bytearray(segment.read_bytes())
    whole[column.dictionary_page_offset + column.total_compressed_size - 1] ^= 0xFF  # the last byte of its last page
    segment.write_bytes(whole)

    said(soc(site, "detect"), 4, segment.name, "soc doctor --give-up")


HOSTILE = "\x1b[31mroot\x9b2J\u202e\u3164\xad\ufe0f\U000e0041gnp"
UNSEEN = {"\x1b", "\x9b", "\u202e", "\u3164", "\xad", "\ufe0f", "\U000e0041"}


def test_control_characters_of_a_log_reach_no_terminal_by_any_command(site):
    line = LINE.replace("root", f"invalid user {HOSTILE}").replace("gw1", "gw1")
    (site / "hostile.log").write_text(line * 8)
    rule = (RULE % GOOD).replace("Root tried", "Failure")
    (site / "site/detections/rules/good.yml").write_text(rule)
    soc(site, "ingest", str(site / "hostile.log"))
    said(soc(site, "detect"), 0)
    case = json.loads(soc(site, "case", "list", "--output", "json").stdout.splitlines()[0])["id"]
    alert = json.loads(soc(site, "alert", "list", "--output", "json").stdout.splitlines()[0])["id"]

    for words in (
        ["hunt", "events", "event.outcome:failure", "--since", "all"],
        ["hunt", "top", "user.name", "--since", "all"],
        ["hunt", "timeline", "event.outcome:failure", "--since", "all", "--by", "user.name"],
        ["hunt", "sql", 'SELECT "user.name" FROM events'],
        ["case", "show", case],
        ["case", "list"],
        ["alert", "show", alert],
        ["alert", "list"],
        ["try", str(site / "hostile.log")],
    ):
        for form in ("table", "json"):
            shown = soc(site, *words, "--output", form)
            assert shown.returncode == 0, shown.stderr
            assert not UNSEEN & {*shown.stdout, *shown.stderr}, words


@pytest.mark.parametrize(
    "statement",
    [
        'SELECT error("user.name") FROM events WHERE "user.name" LIKE \'%gnp\'',
        f"SELECT error('{HOSTILE}')",
        f'SELECT "{HOSTILE}" FROM events',
        f"SELEC {HOSTILE}",
    ],
)
def test_control_characters_in_an_error_reach_no_terminal(site, statement):
    (site / "hostile.log").write_text(LINE.replace("root", f"invalid user {HOSTILE}"))
    soc(site, "ingest", str(site / "hostile.log"))

    done = soc(site, "hunt", "sql", statement)

    said(done, 2, "\\x1b[31mroot\\x9b2J\\u202e\\u3164\\xad\\ufe0f\\U000e0041gnp")
    assert not UNSEEN & {*done.stdout, *done.stderr}


def test_control_characters_that_are_logged_reach_no_terminal(site):
    code = (
        "import logging, sys; from pathlib import Path; from soc.cli.call.context import Soc;"
        "Soc(Path(sys.argv[1]), None, ()).store.close();"
        "logging.getLogger('elsewhere').error('batch %d: %s', 1, sys.argv[2])"
    )

    done = subprocess.run([sys.executable, "-c", code, str(site / "home"), f"a\nb{HOSTILE}"], capture_output=True, text=True, timeout=60)

    assert done.stderr.endswith("batch 1: a\nb\\x1b[31mroot\\x9b2J\\u202e\\u3164\\xad\\ufe0f\\U000e0041gnp\n")


@pytest.mark.parametrize("word", [f"events{HOSTILE}", f"--{HOSTILE}"])
def test_control_characters_in_a_wrong_word_reach_no_terminal(tmp_path, word):
    done = soc(tmp_path, "hunt", word)

    said(done, 2, "Usage: ", "\\x1b[31mroot")
    assert not UNSEEN & {*done.stdout, *done.stderr}
