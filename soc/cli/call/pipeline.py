"""How the pieces are put together for a run: the store, the desk, the rules and the triage that go with them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

from soc.cli.call.context import Soc
from soc.cli.call.output import note
from soc.errors import Busy, StoreError
from soc.times import parse_duration

if TYPE_CHECKING:
    from soc.detect.alerts.outcome import Outcome
    from soc.detect.runs.run import Detector
    from soc.fields import Catalogue
    from soc.respond.triaging.triage import Policy

Result = TypeVar("Result")


def detector(soc: Soc, kind: str = "scheduled", catalogue: Catalogue | None = None) -> Detector:
    """The detector over the store and desk of this call; `catalogue` where it has more fields than the content's."""
    from soc.detect.hits.scan import Scanner
    from soc.detect.runs.run import Detector
    from soc.respond.triaging.triage import triage

    content, decided = soc.content, policy(soc)
    return Detector(
        store=soc.store,
        desk=soc.desk,
        rules=content.rules,
        scanner=Scanner(content.rules, content.datasets, content.exceptions, catalogue or content.catalogue),
        triage=lambda tx, changes, *, now: triage(tx, changes, decided, now=now),
        now=soc.now,
        alive=partial(alive, soc),
        actor=soc.actor,
        kind=kind,
    )


def policy(soc: Soc) -> Policy:
    """What the site decides about cases: priorities, categories, classes of institutions and assets."""
    from soc.respond.triaging.categories import load_categories
    from soc.respond.triaging.priority import load_priority
    from soc.respond.triaging.triage import Policy

    content = soc.content
    return Policy(
        priority=load_priority(content.file("detections", "priority.yml")),
        categories=load_categories(content.file("detections", "categories.yml")),
        tuned={rule.id: rule.tuning.category for rule in content.rules.rules.values() if rule.tuning.category},
        institution_class=content.institutions.classes,
        asset_class=content.institutions.asset_class,
    )


def alive(soc: Soc) -> frozenset[str]:
    """Datasets that some feed supplies which is neither unseen nor silent for longer than it `expect`s, as far as is known."""
    now, feeds = soc.now(), soc.content.feeds
    expects = {name: feed.expect for name, feed in feeds.items()}
    return frozenset(state.dataset for state in soc.store.feeds() if not state.silent(expects.get(state.feed), now))


def stopper(soc: Soc, deadline: str | None) -> Callable[[], bool]:
    """True once SIGINT or SIGTERM came or the deadline has passed: then work ends at the next clean point."""
    until = soc.monotonic() + parse_duration(deadline) / 1e6 if deadline else None
    flag = _Flag()
    return lambda: flag.raised or (until is not None and soc.monotonic() >= until)


def earlier(stop: Callable[[], bool], soc: Soc, deadline: str, share: float) -> Callable[[], bool]:
    """As `stop`, and true once this share of the deadline has passed from now on: the rest of it is for what follows."""
    until = soc.monotonic() + parse_duration(deadline) / 1e6 * share
    return lambda: stop() or soc.monotonic() >= until


class _Flag:
    """Raised by the first SIGINT or SIGTERM; a second one ends the process as usual."""

    def __init__(self) -> None:
        self.raised = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._raise)

    def _raise(self, number: int, frame: FrameType | None) -> None:
        self.raised = True
        signal.signal(number, signal.SIG_DFL)


def report_content(soc: Soc) -> int:
    """Prints on stderr what could not be loaded so far; returns how many that are."""
    for error in soc.content.errors:
        note(str(error))
    return len(soc.content.errors)


def report(outcome: Outcome) -> None:
    """One line of totals on stderr, then what failed or was removed."""
    note(
        f"detected: {outcome.batches} batches, {outcome.events} events, {outcome.hits} hits; "
        f"alerts: {outcome.new} new, {outcome.extended} extended; {outcome.left} batches left"
    )
    if outcome.remade:
        note(f"hits were gone: those of {outcome.remade} batches were made anew")
    if outcome.unreachable:
        note(f"blind: the store does not answer any more; what is left is searched by the next run\n{outcome.unreachable}")
    for place, reason in sorted(outcome.failed.items()):
        note(f"failed: {place}: {reason}")
    for rule, count in sorted(outcome.keyless.items()):
        note(f"rule {rule}: {count} hits have no value to group by and count for no alert")
    for (by, rule), count in sorted(outcome.removed.items()):
        note(f"exception {by} removed {count} hits of rule {rule}")
    if outcome.blind:
        note(f"blind: {len(outcome.blind)} rules had no living feed; list them with: soc status")


def unless_busy(work: Callable[[], Result], what: str) -> Result | None:
    """What the work gave; None, with a note, when another process of those that share the desk is at it: then it does ours too."""
    try:
        return work()
    except Busy as busy:
        said, _, _ = str(busy).partition("\n")
        note(f"{said}; {what}")
        return None


@contextmanager
def overlap_guard(soc: Soc, name: str) -> Iterator[None]:
    """Holds the desk's lock of this name. Raises Busy, naming the holder, when another process has it."""
    from soc.times import HOUR

    with soc.desk.lock(name, owner=soc.actor, now=soc.now(), lease=HOUR):
        yield


@contextmanager
def blindness_noted(soc: Soc) -> Iterator[None]:
    """A run that the store refuses to begin with is written down as blind: `soc status` says since when nothing was searched."""
    from soc.detect.alerts.outcome import BLIND

    try:
        yield
    except StoreError as error:
        with soc.desk.write() as tx:
            tx.end_run(tx.begin_run("scheduled", now=soc.now()), now=soc.now(), verdict=BLIND, errors=[str(error)])
        raise
