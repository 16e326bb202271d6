"""The proof of a rule: raw lines beside it that must raise it (`NAME.hit.log`) and raw lines that must not (`NAME.miss.log`).

Each log is read as one file, from bytes to triggers, by the parsers and rules in force; exceptions are left out, and a rule that
tuning switches off is proved all the same. A rule is tried with nothing but what it correlates, so that one that only other rules
count raises here too. Of several rules in one file each must be raised, and none that the others do not count may be by the misses.
Undated lines are read as of `AS_OF`; what is dated is never moved. A line that no parser understands proves nothing and is a
fault, as is a log of misses in which the rule sees no line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from soc.content import Content, shipped_root
from soc.detect.hits.scan import Scanner
from soc.detect.rules.rule import Rule, RuleSet
from soc.detect.runs.trial import attempt
from soc.ingest.feeds import Feed
from soc.ingest.finish import Finisher
from soc.ingest.identity import event_ids
from soc.ingest.institutions import Institutions, load_institutions
from soc.model import ALWAYS
from soc.parsing.parser import Clock, Stream
from soc.times import parse_iso

if TYPE_CHECKING:
    from soc.event import Event

AS_OF = parse_iso("2026-11-01T00:00:00Z")
PROVED, FAILED, UNPROVED, DORMANT = "proved", "failed", "unproved", "dormant"


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of a rule's logs. `faults`: why it failed, or what is missing, each a sentence that begins with the file."""

    rule: Rule
    state: str
    faults: tuple[str, ...] = ()


class Prover:
    """Proves rules of one content. Documentation addresses belong to the shipped institutions, whatever the site's own are."""

    def __init__(self, content: Content) -> None:
        self._content, self._routes = content, content.routes()
        shipped = load_institutions(shipped_root() / "ingest" / "institutions.yml")
        self._institutions = Institutions([*shipped.by_id.values(), *content.institutions.by_id.values()])
        self._known: dict[Path, list[Event]] = {}

    def prove(self, rule: Rule) -> Proof:
        """Tries both logs of a rule. Raises nothing for what is wrong with them."""
        if rule.dormant is not None:
            return Proof(rule, DORMANT, (rule.dormant,))
        hits, misses = logs_of(rule.path)
        if missing := [f"{path.name}: there is no such file" for path in (hits, misses) if not path.is_file()]:
            return Proof(rule, UNPROVED, tuple(missing))
        faults = [*self._strays(hits), *self._strays(misses)]
        if not self.raised(rule, hits):
            faults.append(f"{hits.name}: raises no alert of this rule")
        if not self._sees(rule, misses):
            faults.append(f"{misses.name}: the rule looks at none of these lines, so that they prove nothing")
        if self._stands_alone(rule) and self.raised(rule, misses):
            faults.append(f"{misses.name}: raises an alert of this rule")
        return Proof(rule, FAILED if faults else PROVED, tuple(faults))

    def events(self, log: Path) -> list[Event]:
        """The finished events of a log, in the order of its lines."""
        if log not in self._known:
            raws = log.read_bytes().split(b"\n")
            raws = raws[:-1] if raws[-1] == b"" else raws
            offsets = [0]
            for raw in raws[:-1]:
                offsets.append(offsets[-1] + len(raw) + 1)
            stream = Stream(Clock(AS_OF, UTC, until=ALWAYS.until))
            events = [self._routes.event(raw, stream) for raw in raws]
            Finisher(Feed("proof"), self._institutions).finish(events, event_ids(log.name, offsets[: len(raws)], raws))
            self._known[log] = events
        return self._known[log]

    def _strays(self, log: Path) -> Iterator[str]:
        """The lines that no parser understands: at most three are named."""
        found = [
            f"{log.name}:{number}: {event.get('error.message') or 'no parser understands this line'}"
            for number, event in enumerate(self.events(log), 1)
            if "unrecognised" in event.get("tags", ()) or event["event.kind"] == "pipeline_error"
        ]
        yield from found[:3] if found else () if self.events(log) else (f"{log.name}: is empty",)

    def raised(self, rule: Rule, log: Path) -> bool:
        """Whether the lines raise an alert of the rule, be it one that only others count or that is switched off."""
        rules = RuleSet({one.id: replace(one, tuning=replace(one.tuning, enabled=True)) for one in self._with_parts(rule)})
        scanner = Scanner(rules, self._content.datasets, (), self._content.catalogue)
        return attempt(self.events(log), rules, scanner, self._content.catalogue).raises(rule.id)

    def _with_parts(self, rule: Rule) -> Iterator[Rule]:
        """The rule and all that it counts, directly and through others."""
        yield rule
        for part in rule.correlation.rules if rule.correlation else ():
            yield from self._with_parts(self._content.rules.rules[part])

    def _sees(self, rule: Rule, log: Path) -> bool:
        present = {event["event.dataset"] for event in self.events(log)}
        datasets = [dataset for dataset in self._content.datasets if dataset.name in present]
        parts = [part for part in self._with_parts(rule) if part.condition is not None]
        return any(part.logsource.sees(declared) for part in parts for dataset in datasets for declared in dataset.logsources)

    def _stands_alone(self, rule: Rule) -> bool:
        """Whether no other rule of its file counts it."""
        others = (one for one in self._content.rules.rules.values() if one.path == rule.path and one.correlation is not None)
        return all(rule.id not in one.correlation.rules for one in others if one.correlation is not None)


def logs_of(path: Path) -> tuple[Path, Path]:
    """The logs of hits and of misses that belong beside a rule's file."""
    return path.with_suffix(".hit.log"), path.with_suffix(".miss.log")


def chosen(rules: Iterable[Rule], names: Sequence[str]) -> list[Rule]:
    """The rules whose id, name, title or path holds one of the names, in any letter case; without names all. By path."""
    wanted = [name.lower() for name in names]
    found = [rule for rule in rules if not wanted or any(name in _told(rule) for name in wanted)]
    return sorted(found, key=lambda rule: (str(rule.path), rule.line))


def _told(rule: Rule) -> str:
    return f"{rule.id} {rule.name} {rule.title} {rule.path}".lower()
