"""Spools whose disk fails, and those that a power cut has left: no byte is lost or read twice, and nothing stops the others."""

from __future__ import annotations

import pytest

from soc.ingest.identity import Footprint
from soc.ingest.spool import Head, Spool, spools
from tests.failing_spool import TEXT
from tests.failing_sync import BUG, DONE, FAILED, workshop


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with workshop(tmp_path_factory.mktemp("shop"), "tests.failing_spool") as made:
        yield made


def kept(folder):
    (spool,) = spools(folder, pytest.fail)
    try:
        return b"".join(spool.pieces(0))
    finally:
        spool.close()


def test_a_spool_whose_disk_fails_once_holds_each_byte_once_when_it_is_tried_again(shop, tmp_path):
    for at in range(1, 20):
        folder = tmp_path / f"{at}"

        ended = shop.run(str(folder), ending=".spool", at=at)

        assert ended.code != BUG, ended.said
        assert kept(folder) == TEXT
        if ended.code == DONE:
            break
        assert (ended.code, "cannot be written: Input/output error" in ended.said) == (FAILED, True)
    assert at > 4


def made(folder, feed="f"):
    spool = Spool.make(folder, Head.of(feed, "-", "", False, Footprint()))
    spool.append(b"line\n", 1 << 20)
    spool.close()
    return spool.path


@pytest.mark.parametrize("head", [b"", b'{"feed": "f", "pa', bytes(300)])
def test_a_spool_that_was_cut_off_while_it_was_made_goes_and_the_others_are_read(tmp_path, head):
    torn, whole = made(tmp_path), made(tmp_path)
    torn.write_bytes(head)

    assert kept(tmp_path) == b"line\n"
    assert sorted(tmp_path.iterdir()) == [whole]


@pytest.mark.parametrize("head", [b"nonsense", b'{"feed": "f"}', b"[1]"])
def test_a_spool_whose_first_line_is_damaged_is_named_with_its_repair_and_the_others_are_read(tmp_path, head):
    damaged, whole = made(tmp_path), made(tmp_path)
    damaged.write_bytes(head + b"\nline\n")
    said = []

    found = list(spools(tmp_path, said.append))

    assert [spool.path for spool in found] == [whole]
    (text,) = said
    assert text.startswith(f"{damaged}: its first line is damaged: ")
    assert text.endswith(
        f"\n  what stands below it came on standard input: move the file away, then: tail -n +2 {damaged.name} | soc ingest - --feed FEED"
    )
    assert damaged.read_bytes() == head + b"\nline\n"
