"""Routes: any bytes become exactly one event that the catalogue holds, and nothing of the line is lost."""

from __future__ import annotations

import random
from base64 import b64decode
from copy import deepcopy
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soc.errors import ParseError, UsageError
from soc.event import Event
from soc.fields import MAX_LABELS
from soc.parsing import ANY, Clock, Dataset, Parser, Record, Stream
from soc.parsing.envelope import read_header
from soc.parsing.outcome import BELIEVED
from soc.parsing.printed import Printer, nested
from soc.parsing.routes import Routes
from soc.times import DAY, MINUTE, iso, parse_iso
from tests.mutate import all_parsers, catalogue, mutated, sample_lines

RECEIVED = parse_iso("2027-01-01T00:00:00Z")
LINES = st.one_of(st.binary(max_size=200), st.randoms(use_true_random=False).map(mutated), st.sampled_from(sample_lines()))
FORMATS = [None, "syslog", *(parser.name for parser in all_parsers())]
ROUTES = {stated: Routes(all_parsers(), stated) for stated in FORMATS}
HEAD = "<38>Oct 11 22:14:15 gw1 "


def stream(received: int = RECEIVED) -> Stream:
    return Stream(Clock(received, UTC))


def toy(parse, name: str = "toy", **options) -> Parser:
    return Parser(name=name, parse=parse, supplies=[Dataset(f"{name}.log", [], {"user.name": ANY})], **options)


def read(line: str, *parsers: Parser, stated: str | None = None) -> Event:
    return Routes(parsers, stated).event(line.encode(), stream())


@given(st.lists(LINES, max_size=8), st.sampled_from(FORMATS))
def test_every_line_becomes_one_event_that_the_catalogue_holds_and_keeps_its_bytes(lines: list[bytes], stated: str | None):
    source = stream()

    events = [ROUTES[stated].event(line, source) for line in lines]

    for line, event in zip(lines, events, strict=True):
        assert catalogue().check(event) == []
        assert "parser_bug" not in event.get("tags", ()), event["error.message"]
        assert line == (b64decode(event["soc.raw"]) if "soc.raw" in event else event["event.original"].encode())
        assert {"@timestamp", "event.dataset", "event.kind", "event.original", "ecs.version"} <= event.keys()
        assert event["@timestamp"] <= RECEIVED + BELIEVED


@given(LINES)
def test_a_parser_changes_the_fields_of_a_record_only_to_return_them(line: bytes):
    text = line.decode(errors="replace")
    for parser in all_parsers():
        try:
            record = read_header(text, Clock(RECEIVED, UTC))
        except ParseError:
            return
        record = record or Record(text, {"message": text}, "", text, Clock(RECEIVED, UTC))
        before = deepcopy(record.fields)
        try:
            found = parser.parse(record)
        except ParseError:
            found = None
        assert found is record.fields or record.fields == before


@given(LINES, LINES)
def test_the_line_before_changes_nothing_where_no_header_line_came(before: bytes, line: bytes):
    source = stream()
    ROUTES[None].event(before, source)

    if not source.preamble:
        assert ROUTES[None].event(line, source) == ROUTES[None].event(line, stream())


@given(LINES, st.integers(-400, 400))
def test_a_time_is_not_believed_when_it_lies_more_than_five_minutes_after_receipt(line: bytes, days: int):
    received = RECEIVED + days * DAY

    event = ROUTES[None].event(line, stream(received))

    if "soc.claimed" in event:
        assert event["@timestamp"] == received
        assert event["soc.skew_ms"] == (event["soc.claimed"] - received) // 1000
        assert event["soc.claimed"] - received > 5 * MINUTE


@given(LINES, st.sampled_from(FORMATS))
def test_what_is_printed_is_json_whose_nested_form_says_the_same(line: bytes, stated: str | None):
    flat = Printer(catalogue(), all_parsers()).flat(ROUTES[stated].event(line, stream()))

    assert flat["@timestamp"] == iso(parse_iso(flat["@timestamp"]))
    assert dict(_flattened(nested(flat))) == flat


def _flattened(value: dict, prefix: str = ""):
    for name, item in value.items():
        if isinstance(item, dict):
            yield from _flattened(item, f"{prefix}{name}.")
        else:
            yield prefix + name, item


@pytest.mark.parametrize("line", ["", " ", "\t"])
def test_an_empty_line_is_a_state_event_of_its_format(line: str):
    event = read(line)

    assert (event["event.kind"], event["event.dataset"]) == ("state", "raw.meta")
    assert read(line, stated="syslog")["event.dataset"] == "syslog.meta"
    assert "tags" not in event


def test_what_nobody_understands_is_an_ordinary_event_with_a_tag():
    raw, headed = read("no format at all"), read(HEAD + "thing[1]: text", toy(lambda record: None, programs={"other"}))

    assert (raw["event.dataset"], raw["event.kind"], raw["tags"]) == ("raw", "event", ["unrecognised"])
    assert (headed["event.dataset"], headed["event.kind"], headed["tags"]) == ("syslog", "event", ["unrecognised"])
    assert headed["process.name"] == "thing"


def test_a_line_of_a_known_program_stays_with_its_service_though_its_text_is_unknown():
    certain = toy(lambda record: None, programs={"thing"})
    choosy = toy(lambda record: None, programs={"thing"}, marks=["IN="])

    assert read(HEAD + "thing[1]: text", certain)["event.dataset"] == "toy.log"
    assert read(HEAD + "thing[1]: text", choosy)["event.dataset"] == "syslog"


def test_a_mark_finds_the_parser_where_the_program_does_not():
    marked = toy(lambda record: {"user.name": record.message}, marks=["%ASA-"])

    assert read(HEAD + "fw[1]: %ASA-1: x", marked)["user.name"] == "%ASA-1: x"
    assert read("<166>Oct 11 2026 22:14:15 fw1 : %ASA-1: x", marked)["user.name"] == "%ASA-1: x"


def test_a_stated_format_that_fails_says_what_was_expected():
    cut = "<38>Oct 11 22:1"
    reason = "no RFC 3164 header; expected '<PRI>Mmm dd hh:mm:ss host tag: text'"

    for stated, dataset in (("syslog", "syslog"), ("toy", "toy.log")):
        event = read(cut, toy(lambda record: None), stated=stated)
        assert (event["event.kind"], event["error.message"], event["event.dataset"]) == ("pipeline_error", reason, dataset)
    assert read(cut)["event.kind"] == "event"


def test_a_parse_error_keeps_the_line_and_what_its_header_says():
    def broken(record: Record) -> Event:
        raise ParseError("no packet")

    event = read(HEAD + "thing[1]: text", toy(broken, programs={"thing"}))

    assert (event["event.kind"], event["error.message"], event["host.name"]) == ("pipeline_error", "no packet", "gw1")


def test_a_bug_in_a_parser_stops_nothing_and_does_not_hide(caplog):
    routes = Routes(
        [toy(lambda record: {}[record.message], programs={"thing"}), toy(lambda record: None, "odd", envelope="none", recognises=len)]
    )
    hostile = Routes([toy(lambda record: None, "odd", envelope="none", recognises=lambda line: line.no_such)])

    events = [routes.event((HEAD + "thing[1]: text").encode(), stream()) for _ in range(3)]

    assert [event["tags"] for event in events] == [["parser_bug"]] * 3
    assert events[0]["error.message"] == "bug in parser toy: KeyError: 'text'"
    assert hostile.event(b"x", stream())["event.dataset"] == "raw"
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]  # once a parser


def test_a_message_alone_is_read_when_its_format_is_stated():
    parser = toy(lambda record: {"user.name": "root"} if record.message.startswith("root ") else None)

    assert read("root came", parser, stated="toy")["user.name"] == "root"
    assert read("root came", parser)["event.dataset"] == "raw"


def test_a_format_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(UsageError, match=r"'opensssh' is not in parsers/; known: syslog, toy"):
        Routes([toy(lambda record: None)], "opensssh")


@pytest.mark.parametrize("parser", [parser for parser in all_parsers() if parser.recognises], ids=lambda parser: parser.name)
def test_a_format_without_a_header_is_read_behind_one_also_when_it_is_stated(parser: Parser):
    lines = [line for line in sample_lines() if parser.recognises and parser.recognises(line.decode())]
    headed = [b"<13>Oct 11 22:14:15 sensor1 ids[77]: " + line for line in lines]

    read = [ROUTES[parser.name].event(line, stream()) for line in headed]

    assert read == [ROUTES[None].event(line, stream()) for line in headed]
    assert any(event["event.kind"] != "pipeline_error" for event in read)


def test_a_stated_format_that_fails_behind_a_header_keeps_what_the_header_says_and_fails_alone_as_before():
    head, cut = b"<13>Oct 11 22:14:15 sensor1 ids[77]: ", b'{"timestamp":"2026-10-11T22:14:15.123456+0000","event_type":"dns","src'

    headed, alone = (ROUTES["suricata"].event(line, stream()) for line in (head + cut, cut))

    assert headed["host.name"] == "sensor1"
    assert headed["error.message"] == alone["error.message"] == "no valid EVE JSON: unexpected end of data at column 71"
    assert ROUTES["suricata"].event(b"no JSON", stream())["error.message"].startswith("no valid EVE JSON: ")


def table(in_force: tuple[str, ...], line: str) -> tuple[str, ...] | None:
    return (line,) if line.startswith("#fields") else in_force if line.startswith("#") else None


TABLE = toy(
    lambda record: {"labels": dict(zip(record.preamble[0].split()[1:], record.message.split(), strict=False))} if record.preamble else None,
    "table",
    envelope="none",
    preamble=table,
)


def test_header_lines_are_state_events_and_stay_in_force_for_what_follows_also_after_a_resume():
    routes, source = Routes([TABLE]), stream()

    header = routes.event(b"#fields user host", source)
    row = routes.event(b"root gw1", source)
    resumed = routes.event(b"root gw1", Stream(source.clock, source.preamble))

    assert (header["event.kind"], header["event.dataset"]) == ("state", "table.meta")
    assert row["labels"] == {"user": "root", "host": "gw1"}
    assert resumed == row


def test_labels_beyond_the_limit_are_counted():
    parser = toy(lambda record: {"labels": {str(number): "x" for number in range(MAX_LABELS + 3)}}, programs={"thing"})

    event = read(HEAD + "thing[1]: text", parser)

    assert (len(event["labels"]), event["soc.labels_dropped"]) == (MAX_LABELS, 3)


NESTED = "[" * 900 + "7" + "]" * 900


@pytest.mark.parametrize(
    ("stated", "line"),
    [
        ("suricata", '{"timestamp":"2026-10-11T22:14:15.123456+0000","event_type":"anomaly","odd":%s}'),
        ("suricata", '{"timestamp":"2026-10-11T22:14:15.123456+0000","event_type":"http","http":{"a":{"b":[0,%s]}}}'),
        ("zeek", '{"_path":"odd","ts":1791756855.1,"uid":"C1","odd":%s}'),
    ],
)
def test_json_nested_deeper_than_can_be_written_is_cut(stated: str, line: str):
    event = ROUTES[stated].event((line % NESTED).encode(), stream())

    assert [("…" in label, "7" in label) for label in event["labels"].values()] == [(True, False)]


def written_by_zeek(text: str) -> str:
    """As Zeek's ASCII writer escapes it: backslashes doubled, other bytes than printable ASCII as \\xNN."""
    return "".join("\\\\" if byte == 0x5C else chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in text.encode())


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\\x41"), min_size=1))
def test_what_zeek_writes_in_a_table_is_read_back(text: str):
    header = ("#separator \\x09", "#fields\tts\tuid\todd", "#types\ttime\tstring\tstring", "#path\todd")
    source = Stream(Clock(RECEIVED, UTC), header)

    event = ROUTES["zeek"].event(f"1791756855.1\tC1\t{written_by_zeek(text)}".encode(), source)

    assert text in ("-", "(empty)") or event["labels"] == {"odd": text}


def test_a_long_name_is_not_repeated_whole_for_each_value_in_it():
    inside = ",".join(f'"{number}":1' for number in range(100))
    line = f'{{"timestamp":"2026-10-11T22:14:15.123456+0000","event_type":"anomaly","{"k" * 100_000}":{{{inside}}}}}'

    labels = ROUTES["suricata"].event(line.encode(), stream())["labels"]

    assert len(labels) == 100
    assert sum(map(len, labels)) < len(line)


def test_a_dns_answer_of_many_addresses_has_each_once_in_order():
    addresses = [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(40_000)]
    rows = ",".join(f'{{"rdata":"{address}"}}' for address in (*addresses, addresses[0]))
    line = f'{{"timestamp":"2026-10-11T22:14:15.123456+0000","event_type":"dns","dns":{{"type":"answer","answers":[{rows}]}}}}'

    assert ROUTES["suricata"].event(line.encode(), stream())["dns.resolved_ip"] == addresses


HUGE = [
    *(" ", "a", "<1>", " from 192.0.2.1 port 1", '[a b="', "x=y ", " ; USER=", " : ", '"', "\\", "{", '{"a":', "1 "),
    *("(", " by (uid=0)", "Oct 11 22:14:15 "),
]


@pytest.mark.parametrize("piece", HUGE)
def test_a_line_of_a_megabyte_is_read_in_a_moment_and_kept_whole(piece: str):
    text = piece * ((1 << 20) // len(piece))
    heads = ["", HEAD, *(line.decode().rpartition(" ")[0] + " " for line in random.Random(piece).sample(sample_lines(), 6))]

    for head in heads:
        event = ROUTES[None].event((head + text).encode(), stream())
        assert event["event.original"] == head + text
