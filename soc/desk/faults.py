"""What a database says when it cannot, in words with a place and a repair."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, NoSuchModuleError, TimeoutError

from soc.errors import DeskError

_SQLITE = {  # primary result code -> what, repair
    sqlite3.SQLITE_BUSY: ("locked by another process", "try again; `fuser` on the file names who holds it"),
    sqlite3.SQLITE_LOCKED: ("locked by another process", "try again; `fuser` on the file names who holds it"),
    sqlite3.SQLITE_READONLY: ("cannot be written", "let the account that runs soc own the file and its folder"),
    sqlite3.SQLITE_PERM: ("cannot be written", "let the account that runs soc own the file and its folder"),
    sqlite3.SQLITE_IOERR: ("the disk reports an error", "check the disk, then `sqlite3 FILE 'PRAGMA integrity_check'`"),
    sqlite3.SQLITE_CORRUPT: ("is damaged", "stop soc, move the file and its -wal away together, and put a backup in their place"),
    sqlite3.SQLITE_FULL: ("the disk is full", "make room; nothing of this change was kept"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "check that file and folder exist and belong to the account that runs soc"),
    sqlite3.SQLITE_NOTADB: ("is no SQLite database, or is damaged", "stop soc, move the file away and put a backup in its place"),
    sqlite3.SQLITE_AUTH: ("access is refused", "let the account that runs soc own the file and its folder"),
}


@contextmanager
def desk_faults(place: str) -> Iterator[None]:
    """Turns what the database driver raises inside into a DeskError that names the place and the repair."""
    try:
        yield
    except DBAPIError as error:
        raise _translated(error, place) from error
    except TimeoutError as error:
        raise DeskError(f"{place}: no connection became free\n  try again with fewer commands at once") from error


@contextmanager
def url_faults(url: str) -> Iterator[None]:
    """As `desk_faults`, while the URL's driver is looked for."""
    try:
        yield
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        driver = url.partition("://")[0]
        raise DeskError(
            f"desk: no driver for {driver!r} is installed: {error}\n  install it beside soc, or use the default: sqlite"
        ) from error


def _translated(error: DBAPIError, place: str) -> DeskError:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in _SQLITE:
        what, repair = _SQLITE[code & 0xFF]
        return DeskError(f"{place}: {what} ({error.orig})\n  {repair}")
    return DeskError(f"{place}: the database refuses: {' '.join(str(error.orig).split())}\n  see `soc doctor`")
