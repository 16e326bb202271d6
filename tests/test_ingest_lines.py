"""Lines: where they end, what they are called, and that no chunking, cut or resumption changes either."""

from __future__ import annotations

from base64 import b32encode
from hashlib import blake2b
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soc.ingest.identity import HEAD, TAIL, Footprint, event_ids, fingerprint, source_id
from soc.ingest.lines import HOLE, chunks

LOGS = st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"a", b"bc", b"\0", b"\xff\xfe", "é".encode()])).map(b"".join)


def as_lines(log: bytes) -> list[tuple[int, bytes]]:
    """The definition, in the slowest way: (offset, raw) of each ended line."""
    found, start = [], 0
    for at, byte in enumerate(log):
        if byte == 0x0A:
            raw = log[start:at]
            found.append((start, raw.removesuffix(b"\r")))
            start = at + 1
    return found


def cut(log: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(log), *(place % (len(log) + 1) for place in places)})
    return [log[a:b] for a, b in pairwise(edges)]


def read(pieces: list[bytes], position: int = 0, **how: object) -> tuple[list[tuple[int, bytes]], int, set[int]]:
    """(offset, raw) of each line, the position reached, offsets of pieces of cut lines."""
    found, torn = [], set()
    for chunk in chunks(pieces, position, **how):
        found += zip(chunk.offsets, chunk.raws, strict=True)
        torn |= {chunk.offsets[place] for place in chunk.torn}
        position += len(chunk.consumed)
    return found, position, torn


@given(LOGS, st.lists(st.integers(0, 99)))
def test_lines_end_at_lf_only_however_the_bytes_arrive(log, places):
    found, position, torn = read(cut(log, places))

    assert found == as_lines(log)
    assert position == log.rfind(b"\n") + 1
    assert not torn


@given(LOGS, st.lists(st.integers(0, 99)))
def test_a_last_line_without_its_end_is_read_only_when_it_is_final(log, places):
    found, position, _ = read(cut(log, places), final=True)

    rest = log[log.rfind(b"\n") + 1 :]
    assert found == as_lines(log) + ([(len(log) - len(rest), rest)] if rest else [])
    assert position == len(log)


@given(LOGS, st.lists(st.integers(0, 99)), st.integers(1, 5))
def test_a_line_over_the_limit_is_kept_in_pieces_that_do_not_depend_on_how_the_bytes_arrive(log, places, limit):
    whole = read([log], limit=limit)
    split = read(cut(log, places), limit=limit)

    assert split[0][: len(whole[0])] == whole[0]  # what is pending in one may be a piece already in the other
    assert all(len(raw) <= limit for _, raw in split[0])
    assert b"".join(raw for _, raw in split[0]).replace(b"\r", b"") == log[: split[1]].replace(b"\n", b"").replace(b"\r", b"")
    assert whole[2] <= split[2]


@given(LOGS, st.integers(0, 99), st.integers(1, 5))
def test_reading_in_two_runs_gives_the_lines_of_one_run(log, place, limit):
    begun, position, torn = read([log[: place % (len(log) + 1)]], limit=limit)
    mid_line = position > 0 and log[position - 1] != 0x0A
    more, end, torn_later = read([log[position:]], position, limit=limit, mid_line=mid_line)

    assert (begun + more, end, torn | torn_later) == read([log], limit=limit)


def test_the_end_of_a_line_that_was_read_as_final_is_no_line_of_its_own():
    assert read([b"\nb\n"], 3, mid_line=True) == ([(4, b"b")], 6, set())
    assert read([b"def\nb\n"], 3, mid_line=True) == ([(3, b"def"), (7, b"b")], 9, {3})


NULS = st.lists(st.sampled_from([b"\n", b"\r\n", b"a", b"\0", b"\0" * 2, b"\0" * 5])).map(b"".join)


def behind_holes(log: bytes, hole: int) -> list[tuple[int, bytes]]:
    """The definition: more than `hole` NULs in front of a line are no part of it."""
    found = []
    for at, raw in as_lines(log):
        bare = raw.lstrip(b"\0")
        found.append((at, raw) if len(raw) - len(bare) <= hole else (at + len(raw) - len(bare), bare))
    return found


def unread(log: bytes, hole: int) -> int:
    """Where what is left begins: a line without its end, or NULs that nothing follows."""
    start = log.rfind(b"\n") + 1
    bare = log[start:].lstrip(b"\0")
    nuls = len(log) - start - len(bare)
    return start + nuls if bare and nuls > hole else start


@given(NULS, st.lists(st.integers(0, 99)), st.integers(0, 4))
def test_a_line_begins_behind_the_hole_in_front_of_it_however_the_bytes_arrive(log, places, hole):
    found, position, torn = read(cut(log, places), hole=hole)

    assert (found, position, torn) == (behind_holes(log, hole), unread(log, hole), set())


@given(NULS, st.integers(1, 4), st.integers(0, 99))
def test_reading_stopped_in_a_hole_goes_on_there(log, hole, place):
    stops = [0]  # where a run may end: behind each chunk
    for chunk in chunks([log], 0, hole=hole):
        stops.append(stops[-1] + len(chunk.consumed))
    position = stops[place % len(stops)]
    in_hole = position > 0 and log[position - 1] == 0

    begun = [line for line in behind_holes(log, hole) if line[0] < position]
    more, end, torn = read([log[position:]], position, hole=hole, in_hole=in_hole)

    assert (begun + more, end, torn) == (behind_holes(log, hole), stops[-1], set())


@given(NULS, st.lists(st.integers(0, 99)), st.integers(0, 4))
def test_nuls_that_no_line_follows_stay_unread_until_they_are_final_and_are_kept_then(log, places, hole):
    log += b"\n" + b"\0" * 7

    found, position, _ = read(cut(log, places), hole=hole)
    final, end, torn = read(cut(log, places), hole=hole, final=True)

    assert (found, position) == (behind_holes(log, hole), len(log) - 7)
    assert (final, end, torn) == ([*found, (position, b"\0" * 7)], len(log), set())


def test_a_hole_of_any_size_is_never_held():
    pieces = [b"one\n", *[bytes(1 << 20)] * 300, b"two\n"]

    sizes = [len(chunk.consumed) for chunk in chunks(iter(pieces), 0)]
    found, position, torn = read(pieces)

    assert max(sizes) == 1 << 20
    assert found == [(0, b"one"), ((300 << 20) + 4, b"two")]
    assert (position, torn) == ((300 << 20) + 8, set())


@pytest.mark.parametrize(("consumed", "in_hole", "mid_line"), [(b"", 0, 0), (b"a\n", 0, 0), (b"a\0", 0, 1), (bytes(HOLE), 1, 0)])
def test_a_footprint_tells_whether_the_next_byte_begins_a_line(consumed, in_hole, mid_line):
    footprint = Footprint()
    footprint.add(consumed)

    assert (footprint.in_hole, footprint.mid_line) == (bool(in_hole), bool(mid_line))


@given(st.text(), st.lists(st.tuples(st.integers(0, (1 << 63) - 1), st.binary())))
def test_an_event_id_is_blake2b_of_source_offset_and_bytes(source, lines):
    expected = [
        b32encode(blake2b(source.encode() + b"\0" + offset.to_bytes(8, "big") + raw, digest_size=16).digest()).decode().rstrip("=").lower()
        for offset, raw in lines
    ]

    assert event_ids(source, [offset for offset, _ in lines], [raw for _, raw in lines]) == expected


def test_sources_that_begin_alike_at_one_path_are_told_apart_by_their_number():
    ids = {source_id(feed, path, first, number) for feed in "ab" for path in ("/a", "/b") for first in (b"", b"x") for number in (0, 1)}

    assert len(ids) == 16


@given(st.lists(st.binary(max_size=50).map(lambda b: b * 900), max_size=6))
def test_a_footprint_is_the_first_and_last_consumed_bytes_however_they_were_consumed(pieces):
    footprint, log = Footprint(), b"".join(pieces)
    for piece in pieces:
        footprint.add(piece)

    assert (footprint.head, footprint.head_length) == (fingerprint(log[:HEAD]), min(len(log), HEAD))
    assert (footprint.tail, footprint.position) == (fingerprint(log[-TAIL:]), len(log))
