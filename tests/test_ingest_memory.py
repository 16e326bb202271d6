"""What reading takes of memory is bounded by bytes, whatever the lines; what one feed does costs no other its lines."""

from __future__ import annotations

import gzip
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from soc.cli.call.context import Soc
from soc.cli.intake.ingest import feed_jobs
from soc.condition.tree import TRUE
from soc.content import load_content
from soc.ingest.batch import MOST_BYTES
from soc.ingest.feeds import Feed
from soc.ingest.intake import Files
from soc.store.segments import open_store
from tests.ingest_world import intake, originals
from tests.peak import MEASURED, peak

SOC = [sys.executable, "-c", "from soc.cli.main import main; main()"]
MIB = 1 << 20
MOST_RESIDENT = 400 * 10**6


def used(*arguments: str, most: int = resource.RLIM_INFINITY, stdin: IO[str] | None = None, soc: Sequence[str] = SOC) -> tuple[int, str]:
    """The code of a command, and what it said. It may have at most so many bytes of its own."""
    env = os.environ | {"OMP_NUM_THREADS": "1", "ARROW_IO_THREADS": "1"} if most != resource.RLIM_INFINITY else None  # threads count, too
    limit = partial(resource.setrlimit, resource.RLIMIT_DATA, (most, most))
    ended = subprocess.run([*soc, *arguments], stdin=stdin, stderr=subprocess.PIPE, env=env, preexec_fn=limit, text=True, check=False)
    return ended.returncode, ended.stderr


def site(folder: Path, **paths: Path) -> list[str]:
    """The options of a state folder and of a content root with a feed for each of the paths."""
    (folder / "site" / "ingest").mkdir(parents=True, mode=0o755)
    for name, path in paths.items():
        (folder / "site" / "ingest" / f"{name}.yml").write_text(f"paths: [{path}]\n")
    options = ["--home", str(folder / "home"), "--content", str(folder / "site")]
    subprocess.run([*SOC, *options, "init"], check=True, capture_output=True)
    return options


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 256 * MIB)


def zeros(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=1) as packed:
        for _ in range(256):
            packed.write(bytes(MIB))


def long_lines(path: Path) -> None:
    with path.open("wb") as log:
        for number in range(24):
            log.write(b"%08d " % number + b"x" * (8 * MIB - 20) + b"\n")


@pytest.mark.parametrize("make", [sparse, zeros, long_lines])
def test_a_file_of_giant_lines_stays_under_400_mb_and_the_next_feed_is_read(tmp_path, make):
    make(tmp_path / "a.log")
    (tmp_path / "b.log").write_text("line\n")
    options = site(tmp_path, a=tmp_path / "a.log", b=tmp_path / "b.log")

    code, said = used(*options, "ingest", "--final", soc=MEASURED)

    assert code in (0, 4), said
    assert peak(tmp_path / "home") < MOST_RESIDENT
    assert f"read {33 if make is not long_lines else 25} lines" in said


@pytest.mark.parametrize("character", ["x", "漢", "😀", "\0"])
def test_a_batch_ends_before_its_lines_take_more_than_their_share_of_memory(tmp_path, character):
    size = MIB // len(character.encode())
    (tmp_path / "a.log").write_text("".join(f"{number}{character * size}\n" for number in range(60)))

    batches = list(intake().batches([Files(Feed("f"), [str(tmp_path)])]))

    assert [line[:2] for line in originals(batches)] == [f"{number}{character}"[:2] for number in range(60)]
    assert max(batch.bytes for batch in batches) <= MOST_BYTES
    assert len(batches) > 2


@pytest.mark.parametrize("most", [150, 220])
def test_a_file_that_there_is_not_enough_memory_for_is_refused_alone_and_read_on_later(tmp_path, most):
    giant = "\N{GRINNING FACE}" * (2 * MIB - 20)
    (tmp_path / "a.log").write_text(f"one\n{giant}\n{giant}\n")
    (tmp_path / "b.log").write_text("two\n")
    options = site(tmp_path, a=tmp_path / "a.log", b=tmp_path / "b.log")

    code, said = used(*options, "ingest", most=most * MIB)
    again, told = used(*options, "ingest")

    assert (code, again) == (4, 0), said + told
    assert f"{tmp_path}/a.log: there is not enough memory to " in said
    assert "1 files refused" in said
    store = open_store(tmp_path / "home" / "store", load_content(()).catalogue)
    assert sorted(event["event.original"][:3] for event in store.select(TRUE)) == ["one", "two", giant[:3], giant[:3]]
    store.close()


def test_memory_that_a_stream_lacks_is_named(tmp_path):
    (tmp_path / "stream").write_text("\N{GRINNING FACE}" * (2 * MIB - 20) + "\n")
    options = site(tmp_path)

    with (tmp_path / "stream").open() as stream:
        code, said = used(*options, "ingest", "-", most=150 * MIB, stdin=stream)

    assert code == 3
    assert "soc: out of memory" in said


def test_the_feed_that_waits_longest_is_read_first(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.log").write_text("line\n")
    options = site(tmp_path, **{name: tmp_path / f"{name}.log" for name in "abc"})
    for name in "ac":
        used(*options, "ingest", "--feed", name)
    with (tmp_path / "a.log").open("a") as log:
        log.write("more\n")
    used(*options, "ingest", "--feed", "a")

    here = Soc(tmp_path / "home", None, (tmp_path / "site",))

    assert [job.feed.name for job in feed_jobs(here, None)] == ["b", "c", "a"]


def test_on_a_terminal_soc_try_shows_how_far_it_has_read(tmp_path):
    (tmp_path / "a.log").write_text("line\n" * 1000)
    master, slave = os.openpty()

    subprocess.run([*SOC, "try", str(tmp_path / "a.log")], check=True, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)

    assert b"5.0/5.0 kB" in os.read(master, 1 << 16)
    os.close(master)
