"""Zeek's records without their log's name: the columns that a record has say which log it is from, or nothing does."""

from __future__ import annotations

from datetime import UTC
from itertools import product

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from soc.parsing import Clock, Stream
from soc.parsing.routes import Routes
from tests.mutate import all_parsers

PARSERS = all_parsers()
ZEEK = next(parser for parser in PARSERS if parser.name == "zeek")
LOGS = ZEEK.parse.__globals__["log_of"].__globals__["LOGS"]
log_of = ZEEK.parse.__globals__["log_of"]
BY_NAME = {f"{log.name}{number}": log for number, log in enumerate(LOGS)}
SHIPPED = "host message path source tags @timestamp @version agent log input _write_ts".split()
PARTS = {
    "id": ["id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p"],
    "certificate": ["certificate.version", "certificate.subject"],
    "seen": ["seen.indicator", "seen.where"],
    "times": ["times.modified"],
}
ADDRESS = {"id.orig_h": "192.0.2.4", "id.orig_p": 58559, "id.resp_h": "198.51.100.4", "id.resp_p": 4444}
RECORD = {"ts": 1791756855.132979, "uid": "CCworw1fI2gPWTcRR2", **ADDRESS}
IDENTITY = {"ts", "uid", "id"}


@st.composite
def records(draw):
    """A log and the keys of a record that it may write: what it must have, and any of the rest; records in it as Zeek spells them."""
    log = draw(st.sampled_from(LOGS))
    optional = draw(st.sets(st.sampled_from(sorted(log.known)))) - log.needed
    columns = draw(st.permutations(sorted(log.needed | optional)))
    return log, [part for column in columns for part in (PARTS.get(column, [column]) if "uid" in columns else [column])]


@given(records())
def test_no_record_of_a_log_is_taken_for_one_of_another(record):
    log, keys = record

    assert log_of(keys) in (log.name, None)


def test_of_no_pair_of_logs_the_record_most_like_the_other_is_taken_for_it():
    for log, other in product(LOGS, repeat=2):
        for shared in (log.known & other.known, log.known & other.needed):
            assert log_of(sorted(log.needed | shared)) in (log.name, None)


@given(records(), st.lists(st.sampled_from(SHIPPED), unique=True))
def test_what_shippers_add_makes_it_no_record_of_another_log(record, added):
    log, keys = record

    assert log_of([*keys, *added]) in (log.name, None)


@given(records())
def test_a_record_of_a_connection_may_have_a_key_that_no_log_has(record):
    _, keys = record
    assume("uid" in keys)

    extended = log_of([*keys, "site_zone"])

    own = {key.partition(".")[0] for key in keys} - {*SHIPPED, *IDENTITY}
    assert extended == (log_of(keys) if len(own) > 1 else None)


@pytest.mark.parametrize("log", [pytest.param(log, id=name) for name, log in BY_NAME.items() if not log.shy])
def test_a_record_with_all_columns_of_its_log_is_known(log):
    assert log_of(sorted(log.known)) == log.name


@pytest.mark.parametrize("log", [pytest.param(log, id=name) for name, log in BY_NAME.items() if log.shy])
def test_columns_that_others_have_too_are_no_record_of_zeek(log):
    assert log_of(sorted(log.known)) is None


@pytest.mark.parametrize(
    "keys",
    [
        "ts uid id.orig_h id.orig_p id.resp_h id.resp_p",  # of any log
        "ts uid id.orig_h id.orig_p id.resp_h id.resp_p success",  # kerberos, ntlm or postgresql
        "ts uid id.orig_h id.orig_p id.resp_h id.resp_p username",  # ntlm or radius
        "ts uid id.orig_h id.orig_p id.resp_h id.resp_p trans_depth method uri status_code user_agent",  # http or sip
        "ts uid id.orig_h id.orig_p id.resp_h id.resp_p established initiations responses",  # a package's
        "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto is_orig function_code",
        "ts src dst proto action",
        "ts name notice level",
        "ts host message",
        "ts",
        "",
    ],
)
def test_what_is_said_of_several_logs_or_of_none_is_said_of_none(keys: str):
    assert log_of(keys.split()) is None


def read(line: str, preamble: tuple[str, ...] = (), stated: str | None = "zeek"):
    return Routes(PARSERS, stated).event(line.encode(), Stream(Clock(1791756900_000000, UTC), preamble))


def test_a_record_whose_log_nobody_can_name_has_the_general_dataset_and_no_name():
    event = read(orjson.dumps(RECORD | {"success": True}).decode())

    assert (event["event.dataset"], event.get("zeek.log"), event["labels"]) == ("zeek.other", None, {"success": "true"})


@pytest.mark.parametrize("stated", ["zeek", None])
def test_an_object_that_is_no_record_of_zeek_is_none(stated: str | None):
    event = read('{"ts":1791756855.1,"src":"192.0.2.4","dst":"198.51.100.4","proto":"tcp","action":"deny"}', stated=stated)

    assert event["event.dataset"] == ("zeek.other" if stated else "raw")
    assert event.get("error.message") == ("no line of Zeek" if stated else None)


@given(records())
def test_a_table_without_its_path_is_known_by_its_columns(record):
    _, keys = record
    assume("ts" in keys)
    header = ("#separator \\x09", "#fields\t" + "\t".join(keys))

    event = read("\t".join("1791756855.1" if key == "ts" else "-" for key in keys), header)

    assert event.get("zeek.log") == log_of(keys)
