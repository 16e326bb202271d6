"""NULs at the edges of lines: behind a message, and the hole that copytruncate leaves under a writer without O_APPEND."""

from __future__ import annotations

import os
from base64 import b64decode
from datetime import UTC
from pathlib import Path

import pytest

from soc.event import Event
from soc.ingest.feeds import Feed
from soc.ingest.intake import Files
from soc.model import SourceState
from soc.parsing import Clock, Stream
from soc.parsing.routes import Routes
from soc.times import parse_iso
from tests.ingest_world import intake
from tests.mutate import all_parsers
from tests.peak import MEASURED, peak
from tests.test_ingest_memory import MIB, site, used

CLOCK = Clock(parse_iso("2026-12-01T00:00:00Z"), UTC)
ROUTES = Routes(all_parsers())
HOLE = 20 * MIB
LINES = [
    b"Nov 29 08:30:01 srv2 sshd[1]: Failed password for root from 203.0.113.131 port 4001 ssh2",
    b"<166>Nov 29 2026 18:23:15 fw9 : %ASA-6-302014: Teardown TCP connection 12 for outside:203.0.113.11/61943"
    b" to inside:198.51.100.17/443 duration 0:00:30 bytes 0 SYN Timeout",
    b'{"timestamp":"2026-11-29T19:32:29.552342+0000","event_type":"alert","src_ip":"192.0.2.7","src_port":1001,"dest_ip":"198.51.100.9",'
    b'"dest_port":80,"proto":"TCP","alert":{"action":"allowed","gid":1,"signature_id":1,"rev":1,"signature":"x","category":"","severity":3}}',
    b"\xff is no UTF-8",
    b"",
    b" ",
]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(("before", "behind"), [(b"", b"\0"), (b"\0", b""), (b"\0" * 3, b"\0" * 2)])
def test_nuls_at_a_lines_edges_are_no_part_of_it_and_its_bytes_are_kept(line: bytes, before: bytes, behind: bytes):
    event, plain = (ROUTES.event(raw, Stream(CLOCK)) for raw in (before + line + behind, line))

    assert b64decode(event.pop("soc.raw")) == before + line + behind
    assert event == {name: value for name, value in plain.items() if name != "soc.raw"}


@pytest.mark.parametrize("line", [b"a\0b", b"a" + bytes(5000)])
def test_nuls_inside_a_line_stay_and_so_do_more_behind_it_than_any_sender_writes(line: bytes):
    assert ROUTES.event(line, Stream(CLOCK))["event.original"] == line.decode()


def read(path: Path, known: dict[str, SourceState], pieces: int = 1 << 30) -> list[Event]:
    """The events of a run that ends after so many pieces of lines and holes; keeps how far it came."""
    looks = iter(range(pieces))
    events = []
    for batch in intake(known=list(known.values()), stop=lambda: next(looks, None) is None).batches([Files(Feed("f"), [str(path)])]):
        events += batch.events
        known |= batch.states
    return events


def emptied(path: Path) -> None:
    """A log as copytruncate leaves it when its writer goes on at its old offset."""
    writer = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.write(writer, b"old line\n")
    os.lseek(writer, HOLE, os.SEEK_SET)
    os.truncate(path, 0)
    os.write(writer, b"one\ntwo\n")
    os.close(writer)


def test_the_hole_in_an_emptied_log_costs_no_line_and_no_memory(tmp_path):
    emptied(tmp_path / "a.log")
    (tmp_path / "b.log").write_text("one\ntwo\n")
    options = site(tmp_path, a=tmp_path / "a.log", b=tmp_path / "b.log")

    plain, _ = used(*options, "ingest", "--feed", "b", soc=MEASURED)
    usual = peak(tmp_path / "home")
    code, said = used(*options, "ingest", "--feed", "a", soc=MEASURED)

    assert (plain, code) == (0, 0), said
    assert "read 2 lines" in said
    assert peak(tmp_path / "home") < usual + HOLE / 2


def test_events_behind_a_hole_have_one_id_wherever_runs_end_also_in_the_hole(tmp_path):
    log, size = tmp_path / "a.log", 3 * MIB
    log.write_bytes(b"zero\n" + bytes(size) + b"one\ntwo\n")
    whole, positions = read(log, {}), set()

    for pieces in range(2, 30):
        known: dict[str, SourceState] = {}
        begun = read(log, known, pieces)
        positions |= {state.position for state in known.values()}

        assert [event["event.id"] for event in begun + read(log, known)] == [event["event.id"] for event in whole]

    assert [event["event.original"] for event in whole] == ["zero", "one", "two"]
    assert any(5 < position < size for position in positions)


def test_a_hole_that_grows_line_by_line_is_read_line_by_line(tmp_path):
    log, known = tmp_path / "a.log", {}
    emptied(log)

    first = read(log, known)
    with log.open("r+b") as writer:
        writer.seek(2 * HOLE)
        writer.write(b"three\nfour")
    second = read(log, known)
    with log.open("ab") as writer:
        writer.write(b"\n")
    third = read(log, known)

    assert [[event["event.original"] for event in events] for events in (first, second, third)] == [["one", "two"], ["three"], ["four"]]
