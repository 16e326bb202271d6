"""What a database says when it cannot, in words with a place and a repair. SQLite: result codes; PostgreSQL: see below."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, PendingRollbackError, TimeoutError

from soc.errors import DeskError

Said = tuple[str, str]  # what, repair
_LOCKED = "locked by another process"
_OWN = "let the account that runs soc own the file and its folder"

_SQLITE: dict[int, Said] = {  # primary result code
    sqlite3.SQLITE_BUSY: (_LOCKED, "try again; `fuser` on the file names who holds it"),
    sqlite3.SQLITE_LOCKED: (_LOCKED, "try again; `fuser` on the file names who holds it"),
    sqlite3.SQLITE_READONLY: ("cannot be written", _OWN),
    sqlite3.SQLITE_PERM: ("cannot be written", _OWN),
    sqlite3.SQLITE_IOERR: ("the disk reports an error", "check the disk, then `sqlite3 FILE 'PRAGMA integrity_check'`"),
    sqlite3.SQLITE_CORRUPT: ("is damaged", "stop soc, move the file and its -wal away together, and put a backup in their place"),
    sqlite3.SQLITE_FULL: ("the disk is full", "make room; nothing of this change was kept"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "check that file and folder exist and belong to the account that runs soc"),
    sqlite3.SQLITE_NOTADB: ("is no SQLite database, or is damaged", "stop soc, move the file away and put a backup in its place"),
    sqlite3.SQLITE_AUTH: ("access is refused", _OWN),
}

_OWNER = "let the database belong to the role: ALTER DATABASE name OWNER TO role"
_STATES: tuple[tuple[str, Said], ...] = (  # SQLSTATE, or its beginning: PostgreSQL, appendix A
    ("55P03", (_LOCKED, "try again; the view pg_stat_activity names who holds it")),
    ("25P03", ("gave this change up: nothing was heard of it for too long", "nothing of it was kept; try again")),
    ("25006", ("is read-only, as a standby is", "name the primary server under [desk], or promote this one")),
    ("42501", ("the role may not do this", _OWNER)),
    ("3F000", ("has no schema to write to", _OWNER)),
    ("3D000", ("is gone", "make it, createdb --encoding UTF8 --template template0 NAME, and restore a backup")),
    ("42P01", ("lacks a table of the desk", "restore a backup, or correct the database's name and the role's search_path")),
    ("42703", ("has a table of this name that is not the desk's", "give the desk a database of its own")),
    ("57P", ("the server is stopping or starting", "nothing of this change was kept; try again")),
    ("40", ("a conflict with another session", "nothing of this change was kept; try again")),
    ("53300", ("the server has no connection left", "try again, or raise max_connections")),
    ("53", ("the server has no room left", "make room on its disk; nothing of this change was kept")),
    ("58", ("the server's disk reports an error", "look into the server's log")),
    ("XX", ("is damaged", "look into the server's log; stop soc and restore a backup")),
)
_UNCONNECTED: tuple[tuple[str, Said], ...] = (  # what libpq says before there is a SQLSTATE; a translated server's words meet the last
    (
        r"password|SASL|SCRAM|authentication failed",
        ("the server refuses who asks", "set SOC_DESK_PASSWORD, or add a line to ~/.pgpass"),
    ),
    (r"database .* does not exist", ("there is no such database", "make it: createdb --encoding UTF8 --template template0 NAME")),
    (r"role .* does not exist", ("there is no such role", "make it: createuser --pwprompt NAME")),
    (r"pg_hba\.conf", ("the server lets nobody in from here", "add a line for this machine and role to its pg_hba.conf")),
    (r"SSL|certificate", ("no TLS that both sides accept", "correct sslmode and sslrootcert in the URL, or the server's certificate")),
    (r"too many|connection slots", ("the server has no connection left", "try again, or raise max_connections")),
    (r"starting up|shutting down|recovery", ("the server is stopping or starting", "try again")),
    (r"translate host name|resolve", ("no such host is known", "correct the host under [desk]")),
    (r"invalid|bad value", ("its URL says what the driver does not know", "correct the URL under [desk]")),
    ("", ("cannot be reached", "start the server, or correct host and port under [desk]")),
)
_LOST: Said = ("the connection was lost", "look whether the change is there, then try again")


@contextmanager
def desk_faults(place: str) -> Iterator[None]:
    """Turns what the database driver raises inside into a DeskError that names the place and the repair."""
    try:
        yield
    except DBAPIError as error:
        raise _translated(error, place) from error
    except PendingRollbackError as error:
        raise _fault(place, _LOST, error) from error
    except TimeoutError as error:
        raise DeskError(f"{place}: no connection became free\n  try again with fewer commands at once") from error


def _translated(error: DBAPIError, place: str) -> DeskError:
    said = _of_file(error) or _of_server(error)
    if said is None:
        said = ("the database refuses", "see `soc doctor`")
    return _fault(place, said, error.orig or error)


def _fault(place: str, said: Said, error: BaseException) -> DeskError:
    what, repair = said
    return DeskError(f"{place}: {what} ({' '.join(str(error).split())})\n  {repair}")


def _of_file(error: DBAPIError) -> Said | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return None if code is None else _SQLITE.get(code & 0xFF)


def _of_server(error: DBAPIError) -> Said | None:
    if not hasattr(error.orig, "sqlstate"):
        return None
    state, text = getattr(error.orig, "sqlstate", None), str(error.orig)
    if state is not None:
        return next((said for beginning, said in _STATES if state.startswith(beginning)), _LOST if error.connection_invalidated else None)
    if text.startswith(("connection failed", "connection is bad", "connection timeout", "failed to resolve", "invalid ", "bad value")):
        return next(said for pattern, said in _UNCONNECTED if re.search(pattern, text))
    return _LOST
