"""What comes of a line, besides what a parser says: failures, lines nobody understands, header lines, and what every event has."""

from __future__ import annotations

from soc.event import Event
from soc.fields import ECS_VERSION, MAX_LABELS
from soc.times import MINUTE

BELIEVED = 5 * MINUTE  # a source time may lie so far after receipt


def unrecognised(fields: Event, dataset: str) -> Event:
    """The event of a line that is of this dataset, or only read as far as `fields`."""
    fields["event.dataset"] = dataset
    fields["tags"] = ["unrecognised"]
    return fields


def failed(fields: Event, dataset: str, reason: str, *tags: str) -> Event:
    """The event of a line of a stated or recognised format that cannot be read."""
    fields["event.kind"] = "pipeline_error"
    fields["event.dataset"] = dataset
    fields["error.message"] = reason
    if tags:
        fields["tags"] = list(tags)
    return fields


def meta(name: str, line: str) -> Event:
    """The event of a header, comment or empty line of a format."""
    return {"event.kind": "state", "event.dataset": f"{name}.meta", "message": line}


def finished(event: Event, line: str, received: int, until: int) -> Event:
    """What every event has; a time that lies too far after `until` is not believed: that of receipt stands for it."""
    moment = event.setdefault("@timestamp", received)
    if moment - until > BELIEVED:
        event["soc.claimed"] = moment
        event["soc.skew_ms"] = (moment - until) // 1000
        event["@timestamp"] = received
    if "labels" in event and len(event["labels"]) > MAX_LABELS:
        labels = event["labels"]
        event["labels"] = dict(list(labels.items())[:MAX_LABELS])
        event["soc.labels_dropped"] = len(labels) - MAX_LABELS
    event.setdefault("event.kind", "event")
    event["event.original"] = line
    event["ecs.version"] = ECS_VERSION
    return event
