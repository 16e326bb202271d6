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
`key` counts for the single-event rules among them: a correlation has its group-by.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from glob import has_magic
from pathlib import Path
from typing import Any

from soc.desk.cases.words import check_category
from soc.detect.rules.rule import LEVELS, LONGEST, SIDES, Tuning
from soc.detect.ruleset.names import name_fault
from soc.detect.ruleset.placed import Placed
from soc.document import Document, load_document
from soc.errors import ContentError, UsageError
from soc.fields import Catalogue
from soc.times import duration_text, parse_duration

SELECTORS = ("id", "path", "tag")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: which rules it is for, and what it sets."""

    select: Mapping[str, tuple[str, ...]]
    settings: Mapping[str, Any]
    error: Callable[..., ContentError]  # (what, repair, *keys) -> the error at this entry, or at one of its keys

    def meets(self, id_: str, path: str, tags: Sequence[str]) -> bool:
        """Whether the rule meets every selector stated. `path` is relative to its rules folder, with `/`."""
        for kind, stated in self.select.items():
            test = _test(stated)
            if not (any(map(test, tags)) if kind == "tag" else test(id_ if kind == "id" else path)):
                return False
        return True


@lru_cache(maxsize=1 << 12)
def _test(stated: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a text meets one of a selector's patterns: made once, since thousands of rules are asked."""
    exact = frozenset(wanted for wanted in stated if not has_magic(wanted))
    patterns = [re.compile(translate(wanted)).match for wanted in stated if wanted not in exact]
    return lambda text: text in exact or any(match(text) for match in patterns)


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


def sound(entries: Sequence[Entry], catalogue: Catalogue) -> tuple[list[Entry], list[ContentError]]:
    """The entries whose `key` names fields that events can have, and an error for each other one: it would blind its rules."""
    faults = {number: fault for number, entry in enumerate(entries) if (fault := _key_fault(entry, catalogue))}
    return [entry for number, entry in enumerate(entries) if number not in faults], list(faults.values())


def _key_fault(entry: Entry, catalogue: Catalogue) -> ContentError | None:
    fault = next(filter(None, (name_fault(name, catalogue) for name in entry.settings.get("key", ()))), None)
    return entry.error(f"key: {fault.what}", fault.repair, "key") if fault else None


def unmet(entries: Sequence[Entry], ids: Sequence[str], paths: Sequence[str], tags: Collection[str]) -> list[ContentError]:
    """An error for each id and tag that an entry names and no rule has, and for each path that no rule file meets."""
    errors = []
    for entry in entries:
        for wanted in entry.select.get("id", ()):
            if wanted not in ids:
                errors.append(entry.error(f"no rule has the id {wanted}", _nearest(wanted, ids)))
        for wanted in entry.select.get("path", ()):
            if not any(fnmatchcase(path, wanted) for path in paths):
                errors.append(entry.error(f"no rule file meets the path {wanted}", _nearest(wanted, paths), "path"))
        for wanted in entry.select.get("tag", ()):
            if not any(map(_test((wanted,)), tags)):
                errors.append(entry.error(f"no rule has the tag {wanted}", _nearest(wanted, sorted(tags)), "tag"))
    return errors


def _nearest(wanted: str, known: Sequence[str]) -> str:
    near = get_close_matches(wanted, known, 1)
    return f"did you mean {near[0]}?" if near else "see: soc rule list"


def for_nothing(entries: Sequence[Entry], placed: Sequence[Placed]) -> list[ContentError]:
    """An error for each `key` that only correlations would have."""
    errors = []
    for entry in entries:
        if "key" in entry.settings:
            met = (one.rule.correlation is not None for one in placed if entry.meets(one.id, one.relative, one.rule.tags))
            if next(met, False) and all(met):
                errors.append(entry.error("key: the key of a correlation is its group-by", "leave key out, or change the rule", "key"))
    return errors


def short_cell(entries: Sequence[Entry], one: Placed) -> ContentError | None:
    """What is wrong with the cell that a correlation is to have: it shall be no shorter than the timespan."""
    if one.rule.correlation is None:
        return None
    timespan = one.rule.correlation["timespan"]
    cells = [entry for entry in entries if "cell" in entry.settings and entry.meets(one.id, one.relative, one.rule.tags)]
    if not cells or cells[-1].settings["cell"] >= timespan:
        return None
    what = f"cell: {duration_text(cells[-1].settings['cell'])} is too short: {one.rule.title!r} looks back {duration_text(timespan)}"
    return cells[-1].error(what, f"write at least {duration_text(timespan)}", "cell")


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
    if micros > LONGEST:
        raise ValueError(f"must not be longer than {duration_text(LONGEST)}")
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
