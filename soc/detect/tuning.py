"""What the site wants from rules: `detections/tuning/*.yml`.

    - id: 7c6fb4d6-93a4-4b1c-9b1e-2f7f7d6c7a10     # or path: "linux/*.yml", or tag: attack.t1110; a list of each is fine
      level: low                                   # informational low medium high critical
      enabled: true
      key: [source.ip, user.name]                  # alerts of a single-event rule, one per key and cell
      cell: 4h                                     # at least the timespan of a correlation
      side: source                                 # whose institution the alert is: source destination feed
      category: intrusion-attempts/brute-force     # RSIT
      lookback: 7d                                 # how far back a changed rule is run
      reason: the monitoring logs in every minute

An entry counts for the rules that meet all its selectors; what a later entry says replaces what an earlier one said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from soc.desk.words import check_category
from soc.detect.rule import LEVELS, SIDES, Tuning
from soc.document import Document, load_document
from soc.errors import ContentError, UsageError
from soc.times import parse_duration

SELECTORS = ("id", "path", "tag")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: which rules it is for, and what it sets."""

    select: Mapping[str, tuple[str, ...]]
    settings: Mapping[str, Any]
    error: Callable[[str, str], ContentError]  # (what, repair) -> the error at this entry

    def meets(self, id_: str, path: str, tags: Sequence[str]) -> bool:
        """Whether the rule meets every selector stated. `path` is relative to its rules folder, with `/`."""
        texts = {"id": [id_], "path": [path], "tag": list(tags)}
        return all(any(fnmatchcase(text, wanted) for wanted in stated for text in texts[kind]) for kind, stated in self.select.items())


def load_tunings(paths: Sequence[Path]) -> tuple[list[Entry], list[ContentError]]:
    """The entries of these files in order, and what is wrong in them."""
    entries: list[Entry] = []
    errors: list[ContentError] = []
    for path in paths:
        try:
            document = load_document(path)
        except ContentError as error:
            errors.append(error)
            continue
        stated = document.value if isinstance(document.value, list) else [document.value]
        for index in range(len(stated) if document.value is not None else 0):
            try:
                entries.append(_entry(document, index, stated[index]))
            except ContentError as error:
                errors.append(error)
    return entries, errors


def tuning_of(entries: Sequence[Entry], id_: str, path: str, tags: Sequence[str]) -> Tuning:
    """What the entries say about this rule, together."""
    tuning = Tuning()
    for entry in entries:
        if entry.meets(id_, path, tags):
            tuning = replace(tuning, **entry.settings)
    return tuning


def unmet(entries: Sequence[Entry], ids: Sequence[str]) -> list[ContentError]:
    """An error for each id that an entry names and no rule has."""
    errors = []
    for entry in entries:
        for wanted in entry.select.get("id", ()):
            if wanted not in ids:
                near = get_close_matches(wanted, ids, 1)
                errors.append(entry.error(f"no rule has the id {wanted}", f"did you mean {near[0]}?" if near else "see: soc rule list"))
    return errors


def _entry(document: Document, index: int, value: Any) -> Entry:
    at = index if isinstance(document.value, list) else None

    def error(what: str, repair: str, *steps: str) -> ContentError:
        return document.error(what, *(() if at is None else (at,)), *steps, repair=repair)

    if not isinstance(value, dict):
        raise error("this entry is no mapping", "write id, path or tag, and what to set")
    select = {kind: tuple(map(str, value[kind] if isinstance(value[kind], list) else [value[kind]])) for kind in SELECTORS if kind in value}
    if not select:
        raise error("this entry says of no rule what it wants", "write id, path or tag")
    settings: dict[str, Any] = {}
    for key, stated in value.items():
        if key in SELECTORS or key == "reason":
            continue
        if key not in _READERS:
            raise error(f"unknown key {key!r}", f"known: {', '.join((*SELECTORS, *_READERS, 'reason'))}", str(key))
        try:
            settings[key] = _READERS[key](stated)
        except (UsageError, ValueError, TypeError) as fault:
            raise error(f"{key}: {fault}", "see docs/detections.md, Tuning", str(key)) from fault
    return Entry(select, settings, error)


def _one_of(known: Sequence[str]) -> Callable[[Any], str]:
    def read(stated: Any) -> str:
        if stated not in known:
            raise ValueError(f"{stated!r} is none of {', '.join(known)}")
        return str(stated)

    return read


def _boolean(stated: Any) -> bool:
    if not isinstance(stated, bool):
        raise ValueError(f"{stated!r} is neither true nor false")
    return stated


def _duration(stated: Any) -> int:
    micros = parse_duration(str(stated))
    if micros <= 0:
        raise ValueError("must be longer than nothing")
    return micros


def _category(stated: Any) -> str:
    check_category(str(stated))
    return str(stated)


def _names(stated: Any) -> tuple[str, ...]:
    names = tuple(map(str, stated)) if isinstance(stated, list) else (str(stated),)
    if not names:
        raise ValueError("names no field")
    return names


_READERS: dict[str, Callable[[Any], Any]] = {
    "enabled": _boolean,
    "level": _one_of(LEVELS),
    "key": _names,
    "cell": _duration,
    "side": _one_of(SIDES),
    "category": _category,
    "lookback": _duration,
}
