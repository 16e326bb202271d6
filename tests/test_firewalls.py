"""Laws of the firewalls' formats that single samples cannot state."""

from __future__ import annotations

import importlib
import re
from datetime import UTC
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soc.fields import canonical_ip
from soc.parsing import Clock, Stream
from soc.parsing.routes import Routes
from soc.parsing.samples import AS_OF, load_samples
from tests.mutate import PARSERS, all_parsers, catalogue

SHARED = Path(__file__).parents[1].parent / "shared" / "samples"
ROUTES = Routes(all_parsers())
PACKET = all_parsers()[0].parse.__module__.rpartition(".")[0]
netfilter = importlib.import_module(f"{PACKET}._netfilter")
cisco = importlib.import_module(f"{PACKET}.cisco_asa")

WORDINGS = (Path(__file__).parent / "cisco_wordings.txt").read_text("utf-8").splitlines()
CISCO = load_samples(PARSERS / "cisco_asa.yml")[0]
ADDRESSES = st.ip_addresses(v=4).map(str)
PORTS = st.integers(0, 65535)
NAMES = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=60)


def event(line: str):
    return ROUTES.event(line.encode(), Stream(Clock(AS_OF, UTC)))


@st.composite
def packets(draw) -> str:
    mac = draw(st.sampled_from(["", "MAC= ", "MAC=00:00:5e:00:53:23:00:00:5e:00:53:42:08:00 ", "MAC=00:00:5e:00:53:23:45 "]))
    head = (
        f"IN={draw(st.sampled_from(['', 'eth0']))} OUT={draw(st.sampled_from(['', 'br-lan']))} {mac}"
        f"SRC={draw(ADDRESSES)} DST={draw(ADDRESSES)} LEN={draw(st.integers(20, 65535))} TOS=0x{draw(st.integers(0, 255)):02X} PREC=0x00 "
        f"TTL={draw(st.integers(0, 255))} ID={draw(PORTS)} {draw(st.sampled_from(['', 'DF ', 'MF ']))}"
    )
    ports = f"SPT={draw(PORTS)} DPT={draw(st.integers(0, 70000))} "
    flags = " ".join(draw(st.lists(st.sampled_from(["SYN", "ACK", "FIN", "RST", "PSH", "URG", "CWR", "ECE"]), unique=True)))
    tail = draw(
        st.sampled_from([f"PROTO=TCP {ports}WINDOW=64240 RES=0x00 {flags} URGP=0 ".replace("  ", " "), f"PROTO=UDP {ports}LEN=56 "])
    )
    return head + tail + draw(st.sampled_from(["", "MARK=0x1 "]))


@given(packets())
def test_the_quick_reading_of_a_packet_says_what_the_thorough_one_says(text):
    quick = netfilter.usual(text)

    assert quick is None or quick == netfilter.any_packet(text)


def test_the_quick_reading_is_taken():
    text = "IN=eth0 OUT= SRC=203.0.113.7 DST=192.0.2.10 LEN=60 TOS=0x00 PREC=0x00 TTL=52 ID=1 PROTO=UDP SPT=1 DPT=53 LEN=40 "

    assert netfilter.usual(text)["destination.port"] == 53


@given(NAMES, packets())
def test_no_prefix_changes_what_the_kernel_says_of_a_packet(prefix, text):
    plain, prefixed = (event(f"Oct 11 22:14:15 fw1 kernel: {before}{text}") for before in ("", f"{prefix} "))

    ours = ("event.original", "message", "rule.name", "rule.id", "rule.ruleset", "event.action", "event.type")
    assert {k: v for k, v in prefixed.items() if k not in ours} == {k: v for k, v in plain.items() if k not in ours}


@given(st.text(st.sampled_from("0123456789.:af"), max_size=16) | ADDRESSES)
def test_an_address_known_at_a_glance_is_the_one_that_ipaddress_knows(text):
    try:
        slow = str(getattr(ip_address(text), "ipv4_mapped", None) or ip_address(text))
    except ValueError:
        slow = None

    assert canonical_ip(text) == slow


@pytest.mark.parametrize("message", WORDINGS)
def test_a_documented_cisco_message_is_read(message):
    code, _, text = message.partition(" ")
    read = event(f"<166>Oct 11 2026 22:14:15 asa1 : %ASA-6-{code}: {text}")

    assert read.get("error.message") is None
    assert catalogue().check(read) == []
    about = {"source.ip", "destination.ip", "user.name", "server.ip", "server.domain", "event.reason", "source.mac"} & set(read)
    assert about or code == "112001"


def test_no_cisco_message_goes_unproved():
    proved = {message[:6] for message in WORDINGS}
    proved |= {number for sample in CISCO for number in re.findall(r"-([0-9]{6}): ", sample.lines[-1])}

    assert [code for code in cisco._SHAPES if code not in proved and not code.endswith("xxx")] == []


@given(ADDRESSES, PORTS, ADDRESSES, PORTS)
def test_an_outbound_connection_is_an_inbound_one_seen_from_the_other_side(a, a_port, b, b_port):
    sides = f"outside:{a}/{a_port} ({a}/{a_port})", f"inside:{b}/{b_port} ({b}/{b_port})"
    inbound = event("%ASA-6-302013: Built inbound TCP connection 7 for {} to {}".format(*sides))
    outbound = event("%ASA-6-302013: Built outbound TCP connection 7 for {} to {}".format(*reversed(sides)))

    ours = ("event.original", "message", "network.direction")
    assert {k: v for k, v in inbound.items() if k not in ours} == {k: v for k, v in outbound.items() if k not in ours}
    assert (inbound["source.ip"], inbound["destination.port"]) == (a, b_port)


@given(NAMES, ADDRESSES, ADDRESSES)
def test_a_user_name_in_a_failed_login_forges_no_address(name, address, forged):
    user = f"{name} : user IP = {forged}"
    rejected = event(f"%ASA-6-113015: AAA user authentication Rejected : reason = x : local database : user = {user} : user IP = {address}")

    assert rejected["source.ip"] == address


@pytest.mark.parametrize("sample", CISCO, ids=lambda sample: sample.name)
def test_a_cisco_message_cut_off_anywhere_keeps_its_number_and_breaks_nothing(sample):
    line = sample.lines[-1]
    start = line.index("%")
    text = line.index(":", start) + 1
    for end in range(text, len(line)):
        cut = event(f"<166>Oct 11 2026 22:14:15 asa1 : {line[start:end]}")
        assert cut["event.code"] == line[text - 7 : text - 1]
        assert catalogue().check(cut) == []
        assert "parser_bug" not in cut.get("tags", ())


def test_a_filterlog_line_cut_off_at_any_column_says_so():
    line = "Oct 11 22:14:15 filterlog[1]: 7,,,1,igb0,match,block,in,4,0x0,,52,1,0,DF,6,tcp,60,203.0.113.7,192.0.2.10,1,22,0,S,1,,1,,mss"
    columns = line.split(",")

    for end in range(1, len(columns)):
        assert "cut off before" in event(",".join(columns[:end]))["error.message"]
    assert event(line)["destination.port"] == 22


@pytest.mark.shared
@pytest.mark.shared
@pytest.mark.parametrize(("name", "dataset"), [("iptables", "iptables.log"), ("cisco_asa", "cisco_asa.log"), ("pfsense", "pfsense.")])
def test_lines_met_elsewhere_are_read(name, dataset):
    lines = [line for path in sorted(SHARED.glob(f"{name}__*.log")) for line in path.read_text("utf-8").splitlines()]
    read = [event(line) for line in lines]
    known = [e for e in read if e["event.dataset"].startswith(dataset) and e["event.kind"] != "pipeline_error" and "tags" not in e]

    assert len(known) >= len(lines) * {"iptables": 0.65, "cisco_asa": 0.6, "pfsense": 0.85}[name]
    assert [fault for e in read for fault in catalogue().check(e)] == []
