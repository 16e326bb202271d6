"""Compiled rules on disk, by the hash of all they were compiled from. Safe to delete; a damaged file is made anew."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from hashlib import blake2b
from itertools import starmap
from pathlib import Path
from typing import Any

import orjson

from soc.desk.runs.processes import started
from soc.detect.compiling.compiled import Compiled, CompiledFile, Refusal
from soc.errors import ContentError

log = logging.getLogger(__name__)

_SEAL = 32
DRAFT = ".draft-"  # and the number of the process
_FIELDS = tuple(Compiled.__dataclass_fields__)
Entries = dict[str, CompiledFile]


def load_cache(folder: Path | None, key: str) -> tuple[Entries, list[ContentError]] | None:
    """The compiled files by the hash of their text, and the errors of their environment; None when there is nothing to use."""
    if folder is None:
        return None
    path = _path(folder, key)
    try:
        blob = path.read_bytes()
    except OSError:  # not made yet, or not ours to read: then it is compiled again
        return None
    if _seal(blob[_SEAL:]) != blob[:_SEAL]:
        log.warning("%s is damaged; the rules are compiled again", path)
        return None
    value = orjson.loads(blob[_SEAL:])
    errors = [ContentError(what, path=where, line=line, repair=repair) for what, where, line, repair in value["errors"]]
    return {name: _file(one) for name, one in value["files"].items()}, errors


def save_cache(folder: Path | None, key: str, entries: Mapping[str, CompiledFile], errors: list[ContentError]) -> None:
    """Keeps the entries; a folder that cannot be written costs time, not rules."""
    if folder is None:
        return
    files = {name: [[_row(rule) for rule in one.rules], [_refusal(r) for r in one.refused], one.names] for name, one in entries.items()}
    body = orjson.dumps({"files": files, "errors": [[e.what, str(e.path or ""), e.line, e.repair] for e in errors]})
    path = _path(folder, key)
    draft = path.with_suffix(f"{DRAFT}{os.getpid()}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(_seal(body) + body)
        draft.replace(path)
        _forget_others(folder, path)
    except OSError as error:
        log.warning("compiled rules cannot be kept in %s: %s", folder, error.strerror)


def _forget_others(folder: Path, path: Path) -> None:
    """Keeps the three newest files, so that an old environment does not lie about for ever, and no drafts of processes that were killed."""
    others = sorted((p for p in folder.glob("rules-*.json") if p != path), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in others[2:]:
        old.unlink(missing_ok=True)
    for draft in folder.glob(f"rules-*{DRAFT}*"):
        if (number := draft.suffix.removeprefix(DRAFT)).isdecimal() and not started(int(number)):
            draft.unlink(missing_ok=True)


def _path(folder: Path, key: str) -> Path:
    return folder / f"rules-{key}.json"


def _seal(body: bytes) -> bytes:
    return blake2b(body, digest_size=_SEAL).digest()


def _row(rule: Compiled) -> list[Any]:
    return [getattr(rule, name) for name in _FIELDS]


def _refusal(refusal: Refusal) -> list[Any]:
    return [refusal.what, refusal.line, refusal.repair, refusal.id]


def _file(value: list[Any]) -> CompiledFile:
    rules, refused, names = value
    return CompiledFile(tuple(starmap(Compiled, rules)), tuple(starmap(Refusal, refused)), names)
