"""`ingest/NAME.yml`: one feed, where lines come from and what is known of them beforehand. The file's name is the feed's.

    paths: [/var/log/campus/*.log*, /srv/logs/gateways]   # files, folders with all below, globs (** for any depth)
    parsers: [openssh, sudo]        # only these are recognised;  or  format: iptables  (or syslog): every line is one
    zone: Europe/Vienna             # of times that state none; UTC unless stated
    institution: uni-north          # whose feed it is, when the lines do not tell
    host: gw1.example.org           # of events that name no host
    expect: 15m                     # silent when nothing came for longer
    follow_links: false             # true: also links that leave their folder, or that another user owns

All keys may be left out. `soc ingest PATH` reads each file for the feed whose `paths` hold it, else for the feed `files`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any

from soc.document import Document, load_document
from soc.errors import ContentError, UsageError
from soc.ingest.paths import Patterns
from soc.ingest.rotation import unturned
from soc.ingest.zones import zone_named
from soc.times import parse_duration

INSTITUTIONS = "institutions.yml"
FILES = "files"  # the feed of paths that no other feed holds
STDIN = "stdin"
_KEYS = ("paths", "parsers", "format", "zone", "institution", "host", "expect", "follow_links", "description")


@dataclass(frozen=True, slots=True)
class Feed:
    """`parsers`: names of those to recognise, empty for all. `format`: what every line is stated to be. `expect`: microseconds."""

    name: str
    paths: tuple[str, ...] = ()
    parsers: tuple[str, ...] = ()
    format: str | None = None
    zone: tzinfo = UTC
    institution: str | None = None
    host: str | None = None
    expect: int | None = None
    follow_links: bool = False
    description: str = ""


def load_feeds(
    folders: Sequence[Path], parsers: Collection[str], institutions: Collection[str] | None = None
) -> tuple[dict[str, Feed], list[ContentError]]:
    """The feeds of these `ingest/` folders by name, a later folder's over an earlier one's, and what is wrong with the others.

    `parsers`: the names that are known; `institutions`: likewise, when they are to be checked.
    """
    feeds: dict[str, Feed] = {}
    errors: list[ContentError] = []
    for folder in folders:
        for path in sorted(folder.glob("*.yml")):
            if path.name == INSTITUTIONS:
                continue
            try:
                feeds[path.stem] = _feed(load_document(path), parsers, institutions)
            except ContentError as error:
                errors.append(error)
    return feeds, errors


def feed_of(path: Path, feeds: Mapping[str, Feed]) -> Feed:
    """The feed that a path is read for when none is stated: the first by name whose `paths` hold it, else `files`.

    A file that no `paths` hold is looked for by the name that it had before it was rotated.
    """
    for name in (path.name, unturned(path.name)):
        found = _holding(path.with_name(name), feeds)
        if found:
            return found
    return feeds.get(FILES) or Feed(FILES)


def _holding(path: Path, feeds: Mapping[str, Feed]) -> Feed | None:
    places = (str(path.absolute()), str(path.resolve()))
    return next((feeds[name] for name in sorted(feeds) if any(map(_patterns(feeds[name].paths).hold, places))), None)


_patterns = lru_cache(maxsize=1024)(Patterns)


def feed_named(name: str, feeds: Mapping[str, Feed]) -> Feed:
    """Raises UsageError with the known names."""
    if name in (FILES, STDIN):
        return feeds.get(name) or Feed(name)
    if name not in feeds:
        raise UsageError(f"there is no feed {name!r}; known: {', '.join(sorted({FILES, STDIN, *feeds}))}")
    return feeds[name]


def _feed(document: Document, parsers: Collection[str], institutions: Collection[str] | None) -> Feed:
    value = document.value if document.value is not None else {}
    if not isinstance(value, dict):
        raise document.error("a feed is a mapping", repair=f"keys: {', '.join(_KEYS)}")
    for key in value:
        if key not in _KEYS:
            raise document.error(f"unknown key {key!r}", str(key), repair=f"known: {', '.join(_KEYS)}")
    if value.get("parsers") and value.get("format"):
        raise document.error("states both parsers and format", "format", repair="keep 'format' when every line is of it, else 'parsers'")
    names = _texts(document, value, "parsers")
    for at, name in enumerate(names):
        _known(document, "parser", name, parsers, "parsers", at)
    stated = _text(document, value, "format")
    if stated is not None:
        _known(document, "format", stated, [*parsers, "syslog"], "format")
    institution = _text(document, value, "institution")
    if institution is not None and institutions is not None:
        _known(document, "institution", institution, institutions, "institution")
    zone, expect = _text(document, value, "zone"), _text(document, value, "expect")
    try:
        return Feed(
            name=document.path.stem,
            paths=tuple(_place(document, at, path) for at, path in enumerate(_texts(document, value, "paths"))),
            parsers=names,
            format=stated,
            zone=zone_named(zone) if zone else UTC,
            institution=institution,
            host=_text(document, value, "host"),
            expect=parse_duration(expect) if expect else None,
            follow_links=_flag(document, value, "follow_links"),
            description=_text(document, value, "description") or "",
        )
    except UsageError as error:
        raise document.error(str(error), "zone" if "zone" in str(error) else "expect") from error


def _known(document: Document, kind: str, name: str, known: Collection[str], *steps: str | int) -> None:
    if name not in known:
        place = {"institution": "ingest/institutions.yml"}.get(kind, "parsers/")
        raise document.error(f"{kind} {name!r} is not in {place}", *steps, repair=f"known: {', '.join(sorted(known))}")


def _place(document: Document, at: int, path: str) -> str:
    expanded = str(Path(path).expanduser())
    if "\0" in expanded:
        raise document.error(f"{path!r} can be no path: it holds a zero byte", "paths", at, repair="take it out")
    if not expanded.startswith("/"):
        raise document.error(f"{path!r} is no absolute path", "paths", at, repair="begin it with / or ~")
    return expanded


def _texts(document: Document, value: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = value.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise document.error(f"{key} is no list of texts", key, repair=f"write {key}: [one, another]")
    return tuple(found)


def _flag(document: Document, value: Mapping[str, Any], key: str) -> bool:
    found = value.get(key, False)
    if not isinstance(found, bool):
        raise document.error(f"{key} is neither true nor false", key, repair=f"write {key}: true, or leave it out")
    return found


def _text(document: Document, value: Mapping[str, Any], key: str) -> str | None:
    found = value.get(key)
    if found is not None and not isinstance(found, str):
        raise document.error(f"{key} is no text", key, repair=f'write {key}: "{found}"')
    return found
