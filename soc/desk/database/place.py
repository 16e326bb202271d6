"""Where a desk lies: its URL, read; and its place, which names it in messages and holds no secret.

sqlite:////var/lib/soc/desk.db                 -> /var/lib/soc/desk.db
postgresql://soc:secret@db.example.org/desk    -> postgresql://soc@db.example.org/desk
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from soc.errors import DeskError

_NAMING = ("host", "port", "dbname", "user", "service")  # of a URL's query: what tells one desk from another
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_FORMS = 'write url = "sqlite" under [desk], or url = "postgresql://USER@HOST/DATABASE"; @ : / within a part are written %40 %3A %2F'


def read_url(url: str, password: str | None = None) -> URL:
    """The URL, with the password unless it is of a file. Raises DeskError, which repeats nothing of what it could not read."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise DeskError(f"desk: its URL cannot be read\n  {_FORMS}") from None  # its text may hold a part of the password
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    return parsed if password is None or is_file(parsed) else parsed.set(password=password)


def is_file(url: URL) -> bool:
    """Whether the desk is a SQLite file."""
    return url.get_backend_name() == "sqlite"


def place_of(url: URL) -> str:
    """How messages name the desk."""
    if is_file(url):
        return url.database or str(url)
    named = {key: value for key, value in url.query.items() if key in _NAMING}
    return URL.create(url.get_backend_name(), url.username, None, url.host, url.port, url.database, named).render_as_string()


@contextmanager
def driver_faults(url: URL) -> Iterator[None]:
    """Raises DeskError, which names what to install, when the driver that the block looks for is missing."""
    try:
        yield
    except (NoSuchModuleError, ImportError) as error:
        name = re.sub(r"\W.*", "", url.drivername)
        repair = "pip install 'soc[postgresql]'" if name == "postgresql" else _FORMS
        raise DeskError(f"desk: no driver for {name!r} is installed: {error}\n  {repair}") from error
