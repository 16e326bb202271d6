"""What rules are to overlook: `detections/exceptions/*.yml`.

    id: 3f0f6a3e-9f0e-4a38-8a43-0d1a5f1f2c55
    title: The vulnerability scanner of Example University
    rules: [7c6fb4d6-93a4-4b1c-9b1e-2f7f7d6c7a10]   # ids; without it: every rule
    selection:                                       # a Sigma selection over the fields of events
      source.ip|cidr: 192.0.2.0/28
    institutions: [example-university]               # whose alerts, `unknown` for nobody's; without it: everybody's
    owner: ops
    reason: scans every night, ticket 4711
    created: 2026-10-01
    expires: 2027-04-01                              # without it: never

A file may hold several documents, or a list. An exception removes the hits of its rules that meet its selection, before
anything is counted. Created and expires are compared with the event's time: an event at or after `expires` is seen again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from soc.condition.tree import Node, fields
from soc.detect.compiling.lists import read_lists
from soc.detect.rules.reach import out_of_reach
from soc.detect.rules.rule import RuleSet
from soc.detect.ruleset.names import name_fault
from soc.detect.ruleset.sources import SUFFIXES, by_path
from soc.document import Document, load_documents
from soc.errors import ContentError, RuleRefused
from soc.fields import Catalogue
from soc.model import UNKNOWN
from soc.times import parse_iso, to_moment

KEYS = ("id", "title", "rules", "selection", "institutions", "owner", "reason", "created", "expires")
Lists = Mapping[str, tuple[str, ...]]
NEEDED = ("id", "selection", "owner", "reason")


@dataclass(frozen=True, slots=True)
class RuleException:
    """One exception. `rules` and `institutions` are None where they are not limited; moments as in `soc.times`."""

    id: str
    title: str
    path: Path
    rules: frozenset[str] | None
    institutions: frozenset[str] | None
    condition: Node
    owner: str
    reason: str
    created: int | None
    expires: int | None

    def concerns(self, rules: Collection[str]) -> bool:
        """Whether it is for one of these rules."""
        return self.rules is None or any(rule in self.rules for rule in rules)

    def in_force(self, moment: int | None, institution: str) -> bool:
        """Whether it holds for an event of this time in an alert of this institution, which may be `unknown`."""
        if self.expires is not None and (moment is None or moment >= self.expires):
            return False
        return self.institutions is None or institution in self.institutions


def load_exceptions(folders: Sequence[Path], catalogue: Catalogue) -> tuple[list[RuleException], list[ContentError]]:
    """The exceptions of these folders by id, and what is wrong in them; a later folder's file replaces one of its name.

    A folder's lists lie beside it. Whether there are the rules is known to `rule_faults`.
    """
    lists, _ = read_lists(by_path([folder.parent for folder in folders], "lists", (".txt",)))  # whoever loads rules names a wrong one
    documents, errors = _documents(folders)
    found: dict[str, RuleException] = {}
    for document, steps, value in documents:
        try:
            exception = _exception(document, steps, value, catalogue, lists)
            if exception.id in found:
                raise document.error(f"id {exception.id} stands twice", *steps, "id", repair="give one of them another id")
            found[exception.id] = exception
        except ContentError as error:
            errors.append(error)
    return [found[id_] for id_ in sorted(found)], errors


def rule_faults(folders: Sequence[Path], rules: RuleSet, ids: Sequence[str]) -> list[ContentError]:
    """An error for each rule that an exception of these folders names and that is none of `ids`, or where it cannot hold."""
    errors = []
    for document, steps, value in _documents(folders)[0]:
        named = _stated(value, "rules")
        errors += _unknown(document, steps, "rules", named, ids, "no rule has the id {}", "soc rule list")
        for rule, reason in out_of_reach(rules, named):
            what = f"the exception holds for a correlation of correlations only if it holds for {reason}"
            errors.append(document.error(what, *steps, "rules", repair=f"add {rule.id} to its rules"))
    return errors


def institution_faults(folders: Sequence[Path], ids: Sequence[str]) -> list[ContentError]:
    """An error for each institution that an exception of these folders names and that is none of `ids`: it would hold for nobody."""
    return [
        error
        for document, steps, value in _documents(folders)[0]
        for error in _unknown(
            *(document, steps, "institutions", _stated(value, "institutions")),
            *([*ids, UNKNOWN], "no institution has the id {}", "ingest/institutions.yml"),
        )
    ]


def _stated(value: Any, key: str) -> list[str]:
    stated = value.get(key) if isinstance(value, dict) else None
    return list(map(str, stated if isinstance(stated, list) else [] if stated is None else [stated]))


def _unknown(
    document: Document, steps: tuple[int, ...], key: str, named: Sequence[str], ids: Sequence[str], what: str, where: str
) -> list[ContentError]:
    errors = []
    for index, name in enumerate(named):
        if name not in ids:
            near = get_close_matches(name.lower(), ids, 1)
            repair = f"did you mean {near[0]}?" if near else f"see: {where}"
            errors.append(document.error(what.format(name), *steps, key, index, repair=repair))
    return errors


def _documents(folders: Sequence[Path]) -> tuple[list[tuple[Document, tuple[int, ...], Any]], list[ContentError]]:
    """Each exception as written, with its place, and the files that cannot be read."""
    files = {path.name: path for folder in folders for path in sorted(folder.glob("*")) if path.suffix in SUFFIXES}
    found: list[tuple[Document, tuple[int, ...], Any]] = []
    errors: list[ContentError] = []
    for path in files.values():
        try:
            read = load_documents(path, verbatim=("selection",))
            found += [(document, steps, value) for document in read for steps, value in _entries(document)]
        except ContentError as error:
            errors.append(error)
    return found, errors


def _entries(document: Document) -> list[tuple[tuple[int, ...], Any]]:
    if isinstance(document.value, list):
        return [((index,), value) for index, value in enumerate(document.value)]
    return [((), document.value)] if document.value is not None else []


def _exception(document: Document, steps: tuple[int, ...], value: Any, catalogue: Catalogue, lists: Lists) -> RuleException:
    if not isinstance(value, dict):
        raise document.error("an exception is a mapping", *steps, repair=f"write {', '.join(NEEDED)}")
    for key in value:
        if key not in KEYS:
            raise document.error(f"unknown key {key!r}", *steps, str(key), repair=f"known: {', '.join(KEYS)}")
    for key in NEEDED:
        if not value.get(key):
            raise document.error(f"the exception has no {key}", *steps, repair=f"needed: {', '.join(NEEDED)}")
    created, expires = (_moment(document, steps, key, value.get(key)) for key in ("created", "expires"))
    return RuleException(
        id=str(value["id"]),
        title=str(value.get("title") or value["reason"]),
        path=document.path,
        rules=_names(document, steps, "rules", value.get("rules")),
        institutions=_names(document, steps, "institutions", value.get("institutions")),
        condition=_condition(document, steps, value["selection"], catalogue, lists),
        owner=str(value["owner"]),
        reason=str(value["reason"]),
        created=created,
        expires=expires,
    )


def _condition(document: Document, steps: tuple[int, ...], selection: Any, catalogue: Catalogue, lists: Lists) -> Node:
    from soc.detect.language.sigma import PYSIGMA_ERRORS, selection_of  # pySigma: loaded only when there are exceptions

    try:
        node = selection_of(selection, catalogue, lists)
    except RuleRefused as error:
        raise document.error(error.what, *steps, "selection", repair=error.repair) from error
    except PYSIGMA_ERRORS as error:
        raise document.error(f"no Sigma selection: {error}", *steps, "selection", repair="write field: value pairs") from error
    for fault in filter(None, (name_fault(name, catalogue) for name in sorted(fields(node)))):
        raise document.error(fault.what, *steps, "selection", repair=fault.repair)
    return node


def _names(document: Document, steps: tuple[int, ...], key: str, stated: Any) -> frozenset[str] | None:
    if stated is None:
        return None
    names = frozenset(map(str, stated)) if isinstance(stated, list) else frozenset([str(stated)])
    if not names:
        raise document.error(f"{key} is empty, so that the exception is for nothing", *steps, key, repair="leave the key out to mean all")
    return names


def _moment(document: Document, steps: tuple[int, ...], key: str, stated: Any) -> int | None:
    """A date means its beginning in UTC."""
    if stated is None:
        return None
    if isinstance(stated, datetime):
        return to_moment(stated if stated.tzinfo else stated.replace(tzinfo=UTC))
    if isinstance(stated, date):
        return to_moment(datetime.combine(stated, time(), UTC))
    try:
        return parse_iso(str(stated))
    except ValueError as error:
        raise document.error(f"{key} is {stated!r}", *steps, key, repair="write a date such as 2027-04-01") from error
