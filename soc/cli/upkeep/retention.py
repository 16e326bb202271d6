"""What the retention of soc.toml lets go at a moment, and names in it that mean nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from soc.cli.call.keep import PLACE, Keep
from soc.condition.predicate import compile
from soc.condition.tree import ANY, ONE, And, Equals, Node, Or, Wildcard
from soc.errors import ContentError
from soc.fields import DATASET, INSTITUTION, base_catalogue
from soc.model import ALWAYS, UNKNOWN
from soc.store.cuts import Cut
from soc.times import DAY


def cuts_of(days: int, keeps: Sequence[Keep], classes: Mapping[str, str], now: int) -> list[Cut]:
    """A cut for each entry in turn, then that of everything else. `classes`: institution -> its class."""
    return [*(Cut(_before(keep.days, now), condition(keep, classes)) for keep in keeps), Cut(_before(days, now))]


def condition(keep: Keep, classes: Mapping[str, str]) -> Node:
    """Which events an entry fits."""
    tests: list[Node] = [Or(tuple(map(_named, keep.datasets)))] if keep.datasets else []
    if keep.institutions:
        tests.append(_of(keep.institutions))
    if keep.classes:
        tests.append(_of(id for id, kind in ({UNKNOWN: UNKNOWN} | dict(classes)).items() if kind in keep.classes))
    return And(tuple(tests))


def unknown_names(keeps: Sequence[Keep], classes: Mapping[str, str], datasets: Collection[str], path: Path | None) -> list[ContentError]:
    """An error for each name in the entries that nothing has: for what was meant another entry counts, or the days of all."""
    ids, kinds = {*classes, UNKNOWN}, {*classes.values(), UNKNOWN}
    found = []
    for number, keep in enumerate(keeps, 1):
        place = PLACE.format(number)
        strange = (name for name in keep.datasets if not any(map(_test(name), datasets)))
        found += [_unknown(f"{place}: no dataset is called {name!r}", name, datasets, "soc status", path) for name in strange]
        for named, known, what in ((keep.institutions, ids, "id"), (keep.classes, kinds, "class")):
            strange = (name for name in named if name not in known)
            said = f"{place}: no institution has the {what} {{!r}}".format
            found += [_unknown(said(name), name, known, "ingest/institutions.yml", path) for name in strange]
    return found


def _before(days: int, now: int) -> int:
    return max(now - days * DAY, ALWAYS.since + 1)


def _named(pattern: str) -> Node:
    """Datasets of this name, in which * is any text and ? one character."""
    parts = (ANY if part == "*" else ONE if part == "?" else part for part in re.split(r"([*?])", pattern) if part)
    return Wildcard(DATASET, tuple(parts), cased=True)


def _of(ids: Iterable[str]) -> Node:
    return Or(tuple(Equals(INSTITUTION, id, cased=True) for id in ids))


def _test(pattern: str) -> Callable[[str], bool]:
    meets = compile(_named(pattern), base_catalogue())
    return lambda name: meets({DATASET: name})


def _unknown(what: str, name: str, known: Collection[str], where: str, path: Path | None) -> ContentError:
    near = get_close_matches(name.lower(), sorted(known), 1)
    return ContentError(what, path=path, repair=f"did you mean {near[0]}?" if near else f"see: {where}")
