"""What a killed process leaves in folders, the next one sweeps; what several make at once is made once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from contextlib import ExitStack
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import create_engine, make_url, text

from soc.detect.compiling.cache import save_cache
from soc.folders import alone, scratch
from soc.ingest.spool import Head, spools
from tests import preload
from tests.servers.calls import CLEAN, SOC, Site
from tests.servers.machine import wait_for

HOLDS = """
import sys
from pathlib import Path
from soc.folders import scratch
with scratch(Path(sys.argv[1]), "kept") as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""
ASKS = """
import sys
from soc.store.segments.questions.relation import connection
with connection(100_000_000):
    print(flush=True)
    sys.stdin.read()
"""
SPOOLS = """
import sys
from pathlib import Path
from soc.ingest.spool import Head, Spool
Spool.make(Path(sys.argv[1]), Head("f", "p", "", False, 0, "", ""))
"""
AT_ONCE = """
import sys
import soc.cli.begin.init, soc.cli.call.clusters, soc.cli.call.stores, soc.desk.desk, soc.store.elasticsearch, soc.store.segments
from soc.cli.main import main
print(flush=True)
sys.stdin.readline()
main()
"""


def begun(program, *words, **env):
    """A process that has said something, and waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**CLEAN, **env}, text=True
    )
    return process, process.stdout.readline().strip()


def killed(process):
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)


# --- folders of one's own --------------------------------------------------------------------------------------------


def test_the_folder_of_a_killed_process_is_swept_by_the_next_and_that_of_a_living_one_is_not(tmp_path):
    dead, left = begun(HOLDS, tmp_path)
    alive, held = begun(HOLDS, tmp_path)
    killed(dead)
    there = Path(left).is_dir()
    (tmp_path / "soc-kept-not-one").mkdir()

    with scratch(tmp_path, "kept") as folder:
        (folder / "below").mkdir()
        found, mode = {path.name for path in tmp_path.iterdir()}, folder.stat().st_mode

    assert there
    assert mode & 0o777 == 0o700
    assert found == {folder.name, Path(held).name, "soc-kept-not-one"}
    alive.communicate("", timeout=60)
    assert [path.name for path in tmp_path.iterdir()] == ["soc-kept-not-one"]


def test_what_a_killed_question_left_is_swept_by_the_next(tmp_path):
    process, _ = begun(ASKS, TMPDIR=str(tmp_path))
    killed(process)
    left = list(tmp_path.iterdir())

    process, _ = begun(ASKS, TMPDIR=str(tmp_path))
    process.communicate("", timeout=60)

    assert len(left) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(params=["segments", "elasticsearch"])
def store(request):
    return () if request.param == "segments" else ("--store", request.getfixturevalue("elasticsearch_url"))


def test_a_trial_that_was_killed_leaves_nothing_once_the_next_one_ran(tmp_path, store):
    temporary, log = tmp_path / "tmp", tmp_path / "auth.log"
    temporary.mkdir()
    log.write_text("<38>1 2026-11-20T10:14:01Z gw1 sshd 4721 - - Failed password for root from 203.0.113.7 port 52144 ssh2\n" * 3)
    called, given = [*SOC, "--home", str(tmp_path / "home"), *store, "try", str(log)], {**CLEAN, "TMPDIR": str(temporary)}

    def made():
        marks = [json.loads(path.read_text())[1] for path in temporary.glob("*/trial")]
        return [name for mark in marks for name in indices_of(store[1], mark)] if store else list(temporary.glob("*/desk.db"))

    died = subprocess.Popen([*called, "-"], env=given, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: bool(made()), "what a trial makes")
    (left,) = temporary.iterdir()
    killed(died)
    before = made()
    ended = subprocess.run(called, env=given, capture_output=True, text=True, timeout=120)

    assert before
    assert (ended.returncode, json.loads(ended.stdout)["events"]) == (0, 3), ended.stderr
    assert not left.exists()
    assert list(temporary.iterdir()) == []
    if store:
        assert not set(before) & set(indices_of(store[1], "soc-try"))


def test_a_trial_that_was_interrupted_leaves_nothing(tmp_path, store):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    before = set(indices_of(store[1], "soc-try")) if store else set()
    called, given = [*SOC, "--home", str(tmp_path / "home"), *store, "try", "-"], {**CLEAN, "TMPDIR": str(temporary)}

    with subprocess.Popen(called, env=given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_for(lambda: bool(list(temporary.glob("*/desk.db"))), "what a trial makes")
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)

        assert (process.returncode, process.stdout.read()) == (130, b""), process.stderr.read().decode()
    assert list(temporary.iterdir()) == []
    assert not store or set(indices_of(store[1], "soc-try")) <= before


def indices_of(url, prefix):
    with Elasticsearch(url) as client:
        return list(client.indices.get(index=f"{prefix}-*", expand_wildcards="all", allow_no_indices=True))


def test_drafts_of_compiled_rules_go_when_their_process_is_gone(tmp_path):
    (dead,) = (subprocess.Popen([sys.executable, "-c", ""]) for _ in range(1))
    dead.wait()
    (tmp_path / f"rules-old.draft-{dead.pid}").write_bytes(b"half")
    (tmp_path / f"rules-new.draft-{os.getppid()}").write_bytes(b"half")

    save_cache(tmp_path, "key", {}, [])

    assert sorted(path.name for path in tmp_path.iterdir()) == ["rules-key.json", f"rules-new.draft-{os.getppid()}"]


def test_a_spool_is_there_with_its_head_or_not_at_all_wherever_its_maker_is_killed(tmp_path):
    library, folder, deaths = preload.preloaded(preload.KILL, tmp_path), tmp_path / "spool", 0
    heads = []

    for at in range(1, 20):
        given = {**CLEAN, "LD_PRELOAD": library, "KILL_AT": str(at)}
        deaths += subprocess.run([sys.executable, "-c", SPOOLS, str(folder)], env=given, check=False, timeout=60).returncode != 0
        for spool in spools(folder, pytest.fail) if folder.exists() else ():
            heads.append(spool.head)
            spool.remove()

    assert 4 <= deaths < 19
    assert set(heads) == {Head("f", "p", "", False, 0, "", "")}


def test_a_spool_without_a_head_holds_nothing_and_stops_nothing(tmp_path):
    (tmp_path / "000001.spool").write_bytes(b"")

    assert list(spools(tmp_path, pytest.fail)) == []
    assert list(tmp_path.iterdir()) == []


# --- made at once ----------------------------------------------------------------------------------------------------


def at_once(calls, **env):
    """Several calls of soc that begin at one moment, and how they ended."""
    waiting = [begun(AT_ONCE, *words, **env)[0] for words in calls]
    for process in waiting:
        process.stdin.write("\n")
        process.stdin.flush()
    return [(process.communicate(timeout=120)[0], process.returncode) for process in waiting]


@pytest.mark.parametrize("number", range(3))
def test_four_inits_at_once_make_one_state(tmp_path, number):
    home, units = tmp_path / "home", tmp_path / "units"
    units.mkdir()
    sites = [tmp_path / f"site {place}" for place in range(4)]

    ended = at_once([("--home", home, "init", "--site", site, "--systemd", units, "--crontab") for site in sites])

    assert [code for _, code in ended] == [0] * 4
    assert len({said for said, _ in ended}) == 1  # the crontab's line
    assert tomllib.loads((home / "soc.toml").read_text())["content"] in [[str(site)] for site in sites]
    assert sorted(path.name for path in home.iterdir()) == ["desk.db", "soc.toml", "store"]
    assert sorted(path.name for path in units.iterdir()) == ["soc-run.service", "soc-run.timer"]
    assert all((site / "detections/rules").is_dir() for site in sites)
    assert subprocess.run([*SOC, "--home", str(home), "status"], env=CLEAN, capture_output=True, timeout=60).returncode == 0


def test_inits_on_several_machines_at_once_make_one_store_and_one_register(tmp_path, elasticsearch_url, index_prefix, fresh_database):
    desk = make_url(fresh_database())
    sites = []
    for place in range(4):
        (tmp_path / str(place)).mkdir()
        more = f'[desk]\nurl = "{desk.set(drivername="postgresql").render_as_string(hide_password=False)}"'
        sites.append(Site(tmp_path / str(place), {"url": elasticsearch_url, "prefix": index_prefix.rstrip("-"), "replicas": 0}, more=more))

    ended = at_once([("--home", site.home, "init") for site in sites])

    assert [code for _, code in ended] == [0] * 4
    assert len({json.loads(site.soc("doctor", "--output", "json").stdout)["store"]["id"] for site in sites}) == 1
    engine = create_engine(desk.set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM stores")).scalar() == 1
    engine.dispose()


def test_demos_at_once_lay_out_one_folder(tmp_path):
    ended = at_once([("demo", "--home", tmp_path / "demo") for _ in range(2)])

    assert sorted(code for _, code in ended) in ([0, 0], [0, 3])  # 3: the other one was at work
    assert not list((tmp_path / "demo").rglob("*.partial"))


def test_who_is_second_in_a_folder_waits_for_the_first(tmp_path):
    with ExitStack() as first:
        first.enter_context(alone(tmp_path))
        program = f"import pathlib; from soc.folders import alone\nwith alone(pathlib.Path({str(tmp_path)!r})): print('in')"
        second = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            second.communicate(timeout=1)

    assert second.communicate(timeout=60)[0] == "in\n"
