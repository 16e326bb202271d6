"""What happens to a desk on a PostgreSQL server: who may come in, what it refuses, and that no password is ever said."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from desk_kit import T0, Server, desks_on
from sqlalchemy import URL, make_url

from soc.cli.call.config import load_config
from soc.cli.main import cli
from soc.desk.database import engine as connections
from soc.desk.desk import open_desk
from soc.errors import ContentError, DeskError

PASSWORD = "hunter2:@/"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with desks_on("postgresql") as server:
        yield server


@pytest.fixture
def role(server):
    """A role that may log in with PASSWORD and owns nothing."""
    name = f"soc_test_{secrets.token_hex(4)}"
    server.run(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    yield name
    server.drop()
    server.run(f"DROP ROLE {name}")


def changed(url: str, **parts: object) -> str:
    return make_url(url).set(**parts).render_as_string(hide_password=False)


def fault(url: str, **options: object) -> str:
    """What is said when the desk cannot be opened; nothing of it, nor of its traceback, holds the password."""
    with pytest.raises(DeskError) as caught:
        open_desk(url, **options)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def test_a_server_that_is_down_or_unknown_is_named_with_the_repair(server):
    url = changed(server.empty(), host="127.0.0.1", port=1, username="soc", password=PASSWORD, query={})

    down, unknown = fault(url), fault(changed(url, host="nowhere.invalid"))

    assert down.startswith(f"postgresql://soc@127.0.0.1:1/{make_url(url).database}: cannot be reached (")
    assert down.endswith("\n  start the server, or correct host and port under [desk]")
    assert "no such host is known" in unknown


def test_a_database_that_is_not_there_is_named_with_the_repair(server):
    said = fault(changed(server.empty(), database="soc_test_missing"), create=True)

    assert "/soc_test_missing" in said.partition(": ")[0]
    assert "there is no such database" in said
    assert "createdb --encoding UTF8 --template template0 NAME" in said


def test_a_database_that_cannot_hold_every_character_is_refused(server):
    url = server.empty("LOCALE 'C'", encoding="LATIN1")

    assert "its encoding is LATIN1\n  make another: createdb --encoding UTF8" in fault(url, create=True)


def test_a_role_that_owns_nothing_makes_no_desk(server, role):
    url = server.empty()
    server.within(make_url(url).database, "REVOKE ALL ON SCHEMA public FROM PUBLIC")

    said = fault(changed(url, username=role, password=PASSWORD), create=True)

    assert said.endswith("\n  let the database belong to the role: ALTER DATABASE name OWNER TO role")


def test_a_role_that_may_only_read_reads(server, role):
    url = server.empty()
    open_desk(url, create=True).close()
    server.within(make_url(url).database, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    desk = open_desk(changed(url, username=role, password=PASSWORD))

    with pytest.raises(DeskError, match="the role may not do this"), desk.write() as tx:
        tx.begin_run("detect", now=T0)
    with desk.read() as tx:
        assert tx.runs() == []


def test_a_server_that_is_read_only_is_named_and_can_be_read(server):
    url = server.empty()
    open_desk(url, create=True).close()
    server.run(f"ALTER DATABASE {make_url(url).database} SET default_transaction_read_only = on")
    desk = open_desk(url)

    with pytest.raises(DeskError, match=r"is read-only, as a standby is .*\n  name the primary server"), desk.write() as tx:
        tx.begin_run("detect", now=T0)
    with desk.read() as tx:
        assert tx.runs() == []


def test_a_wrong_password_is_answered_without_repeating_it(server, role):
    url = changed(server.empty(), username=role)
    if lets_everybody_in(changed(url, password="wrong")):
        pytest.skip("this PostgreSQL server asks for no password: start it with --auth=scram-sha-256")

    for wrong in (fault(url), fault(url, password="wrong"), fault(changed(url, password="wrong"))):
        assert "the server refuses who asks" in wrong
        assert wrong.endswith("\n  set SOC_DESK_PASSWORD, or add a line to ~/.pgpass")
    assert "holds no desk" in fault(changed(url, password="wrong"), password=PASSWORD)


def lets_everybody_in(url: str) -> bool:
    try:
        psycopg.connect(changed(url, drivername="postgresql")).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_connection_that_was_cut_is_named_and_the_next_change_has_another(server):
    url = server.empty()
    desk = open_desk(url, create=True)

    with pytest.raises(DeskError, match=r"the server is stopping or starting|the connection was lost"), desk.write() as tx:
        tx.begin_run("lost", now=T0)
        cut(server, url)
        tx.begin_run("lost", now=T0)
    cut(server, url)

    with desk.write() as tx:
        tx.begin_run("kept", now=T0)
        assert [run.kind for run in tx.runs()] == ["kept"]


def cut(server: Server, url: str) -> None:
    server.run(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{make_url(url).database}'")


def test_a_writer_that_falls_silent_keeps_the_others_waiting_for_so_long_only_and_commits_nothing(server, monkeypatch):
    url = server.empty()
    one, other = open_desk(url, create=True), open_desk(url)
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.2)

    with pytest.raises(DeskError, match=r"gave this change up|the connection was lost"), one.write() as silent:
        silent.begin_run("silent", now=T0)
        with other.write() as tx:
            tx.begin_run("heard", now=T0)

    with one.read() as tx:
        assert [run.kind for run in tx.runs()] == ["heard"]


@pytest.fixture
def home(server, role, tmp_path) -> Path:
    """A state folder whose configuration names a database of the role's, without its password."""
    url = server.empty(f"OWNER {role}")
    parsed = make_url(url)
    stated = URL.create("postgresql", role, None, parsed.host, parsed.port, parsed.database, parsed.query).render_as_string()
    (tmp_path / "soc.toml").write_text(f'[desk]\nurl = "{stated}"\n')
    return tmp_path


def soc(home: Path, *words: str, **env: str) -> Result:
    return CliRunner().invoke(cli, ["--home", str(home), *words], env={"SUDO_USER": "alice", **env}, catch_exceptions=True)


def test_init_makes_the_desk_there_and_the_password_comes_from_the_environment_or_a_file(home, tmp_path):
    secret = tmp_path / "pgpass"
    secret.write_text("*:*:*:*:" + PASSWORD.replace(":", r"\:") + "\n")
    secret.chmod(0o600)

    made = soc(home, "init", SOC_DESK_PASSWORD=PASSWORD)
    opened = soc(home, "case", "open", "--title", "Call", "--institution", "unknown", SOC_DESK_PASSWORD=PASSWORD)
    command = [str(Path(sys.executable).with_name("soc")), "--home", str(home), "case", "list"]
    listed = subprocess.run(command, env={"PGPASSFILE": str(secret)}, capture_output=True, text=True, check=False)

    assert made.exit_code == 0, repr(made.exception)
    assert json.loads(opened.stdout)["title"] == "Call"
    assert json.loads(listed.stdout)["title"] == "Call", listed.stderr
    assert not (home / "desk.db").exists()


def test_the_doctor_names_the_desk_and_not_its_password(home):
    soc(home, "init", SOC_DESK_PASSWORD=PASSWORD)

    found = soc(home, "doctor", "--output", "json", SOC_DESK_PASSWORD=PASSWORD)

    assert json.loads(found.stdout)["desk"]["place"].startswith("postgresql://soc_test_")
    assert PASSWORD not in found.output


@pytest.mark.parametrize("url", ["postgresql://soc:secret@192.0.2.7/desk", "postgresql:///desk?host=192.0.2.7&password=secret"])
def test_a_configuration_with_a_password_that_everybody_can_read_is_refused(tmp_path, url):
    config = tmp_path / "soc.toml"
    config.write_text(f'[desk]\nurl = "{url}"\n')
    config.chmod(0o644)

    with pytest.raises(ContentError, match=r"everybody can read it\n  chmod o-rwx .* SOC_DESK_PASSWORD") as caught:
        load_config(config)
    config.chmod(0o640)

    assert load_config(config).desk == url
    assert "secret" not in str(caught.value)


def test_a_trial_does_not_touch_the_desk_of_the_machine(home, monkeypatch, tmp_path_factory):
    log = tmp_path_factory.mktemp("logs") / "auth.log"
    log.write_text("Oct 11 22:14:15 gw1 sshd[4721]: Failed password for root from 203.0.113.7 port 52144 ssh2\n")
    monkeypatch.setattr("soc.cli.call.config.SYSTEM", home / "soc.toml")

    tried = soc(home, "try", str(log), "--output", "json", SOC_DESK_PASSWORD=PASSWORD)

    assert json.loads(tried.stdout)["events"] == 1, repr(tried.exception)
    assert soc(home, "case", "list", SOC_DESK_PASSWORD=PASSWORD).exit_code != 0  # it was not even made
