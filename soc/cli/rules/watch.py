"""Detection in indices that soc does not write: the rules of this call over what has arrived there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from soc.cli.call.clusters import others
from soc.cli.call.context import Soc
from soc.cli.call.pipeline import detector
from soc.cli.call.when import moment
from soc.condition.values import texts_of
from soc.errors import UsageError
from soc.model import ALWAYS, UNKNOWN
from soc.times import DAY, parse_duration

if TYPE_CHECKING:
    from soc.detect.alerts.outcome import Outcome
    from soc.event import Event

SIDES = (("destination", "destination.ip"), ("source", "source.ip"))


def watch(
    soc: Soc, index: str, stop: Callable[[], bool], *, dataset: str | None, since: str | None, delay: str | None, overlap: str | None
) -> Outcome:
    """Runs the rules over what has arrived in the indices of a pattern. Raises UsageError for a dataset that nothing declares."""
    from soc.detect.runs.others import Watch

    known = [one.name for one in soc.content.datasets]
    if dataset is not None and dataset not in known:
        raise UsageError(f"no parser declares the dataset {dataset!r}\n  there are: {', '.join(sorted(known))}")
    found, now = others(soc.config, index, soc.content.catalogue), soc.now()
    spans = {"delay": parse_duration(delay or "1m"), "overlap": parse_duration(overlap or "10m")}
    first = now - DAY if since is None else ALWAYS.since if since == "all" else moment(since, now)
    run = Watch(detector(soc, catalogue=found.catalogue), found, index, lambda event: _finished(soc, event, dataset), **spans)
    return run.run(first, again=since is not None, stop=stop)


def _finished(soc: Soc, event: Event, dataset: str | None) -> Event:
    """The event with what ingest would have set: its dataset, and whose addresses these are."""
    of = soc.content.institutions.of
    owners = {side: next((owner for text in texts_of(event, field) if (owner := of[text])), None) for side, field in SIDES}
    event |= {f"soc.institution.{side}": owner for side, owner in owners.items() if owner}
    event.setdefault("organization.id", owners["destination"] or owners["source"] or UNKNOWN)
    event["event.dataset"] = dataset or event.get("event.dataset", UNKNOWN)
    return event
