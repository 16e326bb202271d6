"""`soc.toml`: where it is looked for, what it may say.

content = ["/srv/soc-content"]      # content roots over the shipped one, later ones win

[store]
url = "segments"                    # the embedded store under the state folder; or "https://es.example.org:9200": docs/elasticsearch.md
prefix = "soc"                      # of the names of a cluster's indices; ca, user, password_file, api_key_file, shards, replicas,
                                    # timeout and patience: docs/elasticsearch.md
[desk]
url = "sqlite"                      # desk.db in the state folder; or "postgresql://soc@db.example.org/desk": docs/desk.md
[ingest]
batch = 15000                       # events after which a batch is committed; fewer need less memory
spool = "1 GB"                      # of standard input at most that waits on this machine's disk while a cluster cannot be written
[retention]
days = 30
max_disk = "200 GB"                 # soc's own bytes; default: 80 % of its bytes + free space at init
[[retention.keep]]                  # what is kept for longer or shorter than that: docs/store.md
institutions = ["hospital-east"]
days = 90
[mail]
host = "localhost"
port = 25
sender = "soc@example.org"
tls = false                         # or "starttls", or "tls"; one of them when user and password_file are for a host elsewhere;
                                    # all settings: docs/playbooks.md
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soc.cli.call.keep import Keep, read_keeps
from soc.errors import ContentError
from soc.owners import word

SYSTEM = Path("/etc/soc/soc.toml")
_TEXT, _NUMBER, _SECONDS = (str,), (int,), (int, float)
KNOWN: dict[str, dict[str, tuple[type, ...]]] = {
    "content": {},
    "store": {
        **dict.fromkeys(("url", "prefix", "ca", "user", "password_file", "api_key_file"), _TEXT),
        **dict.fromkeys(("shards", "replicas"), _NUMBER),
        **dict.fromkeys(("timeout", "patience"), _SECONDS),
    },
    "desk": {"url": _TEXT},
    "ingest": {"batch": _NUMBER, "spool": (str, int)},
    "retention": {"days": _NUMBER, "max_disk": (str, int), "keep": (list,)},
    "mail": {
        **dict.fromkeys(("host", "sender", "user", "password_file"), _TEXT),
        "port": _NUMBER,
        "timeout": _SECONDS,
        "tls": (bool, str),
    },
    "webhook": {"timeout": _SECONDS},
}
_NAMED = {str: "text in quotes", int: "a whole number", float: "a number", bool: "true or false", list: "entries [[retention.keep]]"}
DEFAULT_DAYS = 30  # of retention
_SPOOL = 1_000_000_000
_LONGEST = 3600  # seconds
_LARGEST = 1 << 60  # bytes; what is compared with it is counted in 64 bits
_PASSWORD = re.compile(r"://[^@/]*:[^@]+@|[?&](?:ssl)?password=")  # in a URL
_SECRETS = (("mail", "password_file"), ("store", "password_file"), ("store", "api_key_file"))
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Config:
    """What `soc.toml` says, defaults filled in. `path` is None when there is no such file."""

    path: Path | None = None
    content: tuple[Path, ...] = ()
    store: str = "segments"
    cluster: dict[str, Any] = field(default_factory=dict)  # what else [store] says
    desk: str = "sqlite"
    batch: int = 15_000
    spool: int = _SPOOL  # bytes
    retention_days: int = DEFAULT_DAYS
    keeps: tuple[Keep, ...] = ()
    max_disk: int | None = None
    mail: dict[str, Any] = field(default_factory=dict)
    webhook: dict[str, Any] = field(default_factory=dict)


def find_config(stated: Path | None, home: Path) -> Path | None:
    """The configuration in force: the stated one, else the one in the state folder, else `/etc/soc/soc.toml`, else None."""
    if stated:
        if not stated.is_file():
            raise ContentError("no such configuration file", path=stated, repair="make one with: soc init")
        return stated
    return next((path for path in (home / "soc.toml", SYSTEM) if path.is_file()), None)


def find_home(stated: Path | None) -> Path:
    """The state folder: the stated one (`--home`, `SOC_HOME`), else the user's state folder. It may not exist yet."""
    if stated:
        return stated.absolute()
    import platformdirs  # a tenth of a short command's time, needed by those who state nothing

    return Path(platformdirs.user_state_dir("soc"))


def load_config(path: Path | None) -> Config:
    """Reads and checks a configuration. Raises ContentError that names the file, the key and the repair."""
    if path is None:
        return Config()
    import tomllib

    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # also for bytes that are not UTF-8, and numbers of thousands of digits
        raise ContentError(f"no valid TOML: {error}", path=path) from error
    _check_writers(path)
    _check_keys(values, path)
    for table, key in _SECRETS:
        if (file := values.get(table, {}).get(key)) and os.name == "posix":
            _check_private(Path(file), path)
    _check_secret(values.get("desk", {}).get("url", ""), path)
    _check_spans(values, path)
    _check_tls(values.get("mail", {}), path)
    retention = values.get("retention", {})
    return Config(
        path=path,
        content=tuple((path.parent / root).absolute() for root in values.get("content", [])),
        store=values.get("store", {}).get("url", "segments"),
        cluster={name: value for name, value in values.get("store", {}).items() if name != "url"},
        desk=values.get("desk", {}).get("url", "sqlite"),
        batch=_whole(values, "ingest", "batch", 15_000, "events", path),
        spool=parse_size(values.get("ingest", {}).get("spool", _SPOOL), path),
        retention_days=_whole(values, "retention", "days", DEFAULT_DAYS, "days", path),
        keeps=read_keeps(retention.get("keep", []), path),
        max_disk=parse_size(retention["max_disk"], path) if "max_disk" in retention else None,
        mail=values.get("mail", {}),
        webhook=values.get("webhook", {}),
    )


def parse_size(text: str | int, path: Path | None = None) -> int:
    """Bytes of `500 MB`, `2T`, `1000000`. Raises ContentError."""
    found = _SIZE.fullmatch(str(text).strip())
    size = float(found[1]) * 1000 ** " KMGT".index(found[2].upper() or " ") if found else None
    if size is None or size > _LARGEST:
        raise ContentError(f"{text!r} is no size", path=path, repair="write for example 200 GB")
    return int(size)


def _whole(values: dict[str, Any], table: str, key: str, default: int, of: str, path: Path) -> int:
    found = values.get(table, {}).get(key, default)
    if type(found) is not int or found < 1:
        raise ContentError(f"{table}.{key} is {found!r}", path=path, repair=f"write a whole number of {of}, at least 1")
    return found


def _check_keys(values: dict[str, Any], path: Path) -> None:
    for key, value in values.items():
        if key not in KNOWN:
            raise ContentError(f"unknown key {key!r}", path=path, repair=f"known: {', '.join(KNOWN)}")
        if KNOWN[key] and not isinstance(value, dict):
            raise ContentError(f"{key!r} is no table", path=path, repair=f"write [{key}] on a line of its own")
        for name, held in value.items() if KNOWN[key] else ():
            if name not in KNOWN[key]:
                raise ContentError(f"unknown key {key}.{name}", path=path, repair=f"known in [{key}]: {', '.join(KNOWN[key])}")
            if type(held) not in (wanted := KNOWN[key][name]):
                raise ContentError(f"{key}.{name} is {held!r}", path=path, repair=f"write {' or '.join(_NAMED[kind] for kind in wanted)}")
    roots = values.get("content", [])
    if type(roots) is not list or not all(type(root) is str for root in roots):
        raise ContentError(f"content is {roots!r}", path=path, repair='write a list of folders: content = ["/srv/soc-content"]')


def _check_spans(values: dict[str, Any], path: Path) -> None:
    for table, name in (("store", "timeout"), ("store", "patience"), ("mail", "timeout"), ("webhook", "timeout")):
        found = values.get(table, {}).get(name, 1)
        if not 0 < found <= _LONGEST:
            raise ContentError(f"{table}.{name} is {found!r}", path=path, repair=f"write seconds, more than 0 and at most {_LONGEST}")


def _check_tls(mail: dict[str, Any], path: Path) -> None:
    if (tls := mail.get("tls", False)) not in (False, "starttls", "tls"):
        raise ContentError(f"mail.tls is {tls!r}", path=path, repair='write "starttls", "tls" from the first byte on, or false')


def _check_writers(path: Path) -> None:
    if os.name == "posix" and path.stat().st_mode & 0o002:
        raise ContentError("everybody can write to it, and it names the content that runs", path=path, repair=f"chmod o-w {word(path)}")


def _check_private(secret: Path, path: Path) -> None:
    if secret.is_file() and secret.stat().st_mode & 0o077:
        raise ContentError(f"{secret} can be read by others", path=path, repair=f"chmod 600 {secret}")


def _check_secret(url: str, path: Path) -> None:
    if _PASSWORD.search(url) and os.name == "posix" and path.stat().st_mode & 0o007:
        repair = f"chmod o-rwx {path}, or leave it out and set SOC_DESK_PASSWORD"
        raise ContentError("holds the desk's password, and everybody can read it", path=path, repair=repair)
