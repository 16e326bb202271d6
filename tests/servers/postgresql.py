"""PostgreSQL for tests: a throw-away server on a Unix socket, and databases in it.

    with server() as url, fresh_database(url) as mine: create_engine(mine)

URLs are SQLAlchemy's, for the driver psycopg. The programs are those of the Debian package `postgresql`, or on PATH.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from tests.servers.machine import Missing, as_servant, wait_for, workspace
from tests.servers.process import Process

USER = "soc"
HASTE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "listen_addresses=", "max_connections=200")


def programs() -> Path:
    """The folder of the newest PostgreSQL's programs. Raises Missing."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = packaged[-1] if packaged else shutil.which("initdb")
    if found is None:
        raise Missing("no PostgreSQL: install Debian's package postgresql, or set SOC_TEST_POSTGRESQL_URL to a server that tests may use")
    return Path(found).resolve().parent


@contextmanager
def server() -> Iterator[str]:
    """Up when the `with` begins; the URL leads to the database `postgres`, as an owner of everything."""
    with workspace("postgresql") as folder:
        password = secrets.token_hex(8)
        process = _start(programs(), folder, password)
        url = f"postgresql+psycopg://{USER}:{password}@/postgres?host={folder}"
        try:
            wait_for(lambda: _answers(process, url), f"PostgreSQL in {folder} to answer")
            yield url
        finally:
            process.stop()


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """An empty database on that server, dropped afterwards with whoever still uses it."""
    name = f"soc_test_{secrets.token_hex(6)}"
    _order(server_url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        _order(server_url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _start(home: Path, folder: Path, password: str) -> Process:
    env = {"PATH": os.defpath, "HOME": str(folder), "LC_ALL": "C", "TZ": "UTC"}
    told = folder / "password"
    told.write_text(password)
    layout = ["--no-locale", "--encoding=UTF8", "--auth=scram-sha-256", f"--pwfile={told}", f"--username={USER}", "--no-sync"]
    making = [home / "initdb", "--pgdata", folder / "state", *layout]
    subprocess.run(making, cwd=folder, env=env, check=True, capture_output=True, timeout=120, **as_servant())
    options = [word for setting in HASTE for word in ("-c", setting)]
    command = [home / "postgres", "-D", folder / "state", "-k", folder, *options]
    return Process(command, folder, env, ending=signal.SIGQUIT)  # not SIGKILL, which would leave its shared memory behind


def _order(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        connection.execute(statement)


def _answers(process: Process, url: str) -> bool:
    process.must_live()
    try:
        psycopg.connect(_plain(url), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _plain(url: str) -> str:
    """What libpq reads: no name of a driver."""
    return url.replace("+psycopg://", "://", 1)
