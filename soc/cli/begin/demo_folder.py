"""The folder of `soc demo`: raw logs, a content root with a feed for each institution, and a configuration.

DIR/logs/uni-harbour/auth.log …     as if the institutions had sent them; the files end with the day
DIR/content/ingest/uni-harbour.yml …
DIR/soc.toml                        so that `soc --home DIR …` finds all of it
"""

from __future__ import annotations

import glob
import gzip
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from string import Template

from soc.cli.call.files import write_whole
from soc.errors import UsageError
from soc.shipped import DATA
from soc.times import SECOND, to_moment

DAY, NEXT_DAY = "2026-10-14", "2026-10-15"
END = to_moment(datetime(2026, 10, 15, tzinfo=UTC))
_MARK = "# soc.toml of soc demo"
_CONFIG = f"""{_MARK}: a day that is over; remove the folder when you have seen enough.
content = ["content"]

[store]
prefix = "soc-demo-$here"  # of its indices, when it is shown on a cluster
replicas = 0

[retention]
days = 36500  # the day stays
"""


def lay_out(folder: Path) -> None:
    """Writes what is not there yet into the folder, where nobody else does. Raises UsageError when it is somebody else's."""
    config, shipped = folder / "soc.toml", DATA / "demo"
    _check(folder, config)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    here = blake2b(os.fsencode(folder.absolute()), digest_size=4).hexdigest()
    _write(config, Template(_CONFIG).substitute(here=here).encode())
    for name, packed in _below(shipped / "logs"):
        log = folder / "logs" / name.removesuffix(".gz")
        if not log.exists():  # one of another version stays: its day has been read
            _write(log, gzip.decompress(packed.read_bytes()))
    place = json.dumps(glob.escape(str(folder.absolute() / "logs")), ensure_ascii=False)[1:-1]
    for name, feed in _below(shipped / "feeds"):
        _write(folder / "content" / "ingest" / name, Template(feed.read_text("utf-8")).substitute(logs=place).encode())


def _check(folder: Path, config: Path) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not config.is_file() or not config.read_bytes().startswith(_MARK.encode()):
        raise UsageError(f"{folder} is not empty and was not made by soc demo\n  name another folder: soc demo --home DIR")


def _below(folder: Path, prefix: str = "") -> Iterator[tuple[str, Path]]:
    """The files of a shipped folder with their names below it, in order."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _below(entry, f"{name}/")
        else:
            yield name, entry


def _write(path: Path, content: bytes) -> None:
    """A whole file or none, last changed at the end of the day."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, content, changed=END / SECOND)
