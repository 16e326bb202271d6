"""Documents to a cluster, several requests in flight; what it can take later is sent again, what it never takes comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from elastic_transport import TransportError
from elasticsearch import ApiError

from soc.store.elasticsearch.server.cluster import Cluster
from soc.store.elasticsearch.server.faults import blocked, cluster_faults, kept_waiting, kind_of, refused_part
from soc.store.elasticsearch.server.patience import LATER, NEVER, Patience, is_later
from soc.store.portions import portions

BYTES = 4 << 20  # of one request
MOST = 2_000  # documents of one request
IN_FLIGHT = 3
_SHARDS = "10s"  # how long a request waits for a shard that is not up
_FORBIDDEN = "security_exception"
_PRESENT = 409


class Action(NamedTuple):
    """One line of a bulk request, as bytes, with the document behind it; None where the action takes none."""

    id: str
    head: bytes
    document: bytes | None


@dataclass(slots=True)
class Sent:
    """What became of the actions: ids whose version was there already, and refusals with their reason."""

    present: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    later: tuple[str, str] = ("", "")  # why the cluster did not take a document yet: type and reason


def put(index: str, id: str, document: dict[str, Any], version: int) -> Action:
    """Stores a document unless one of the same or a higher version is there."""
    head = {"index": {"_index": index, "_id": id, "version": version, "version_type": "external"}}
    return Action(id, orjson.dumps(head), orjson.dumps(document))


def delete(index: str, id: str) -> Action:
    return Action(id, orjson.dumps({"delete": {"_index": index, "_id": id}}), None)


def send(cluster: Cluster, actions: Iterable[Action], *, before: Callable[[], object] = lambda: None, refresh: bool = False) -> Sent:
    """Sends all; `before` is called before each request, and what it raises ends the work.

    Raises StoreError when the cluster takes nothing any more. Whatever was sent may be sent again: versions decide.
    """
    sent = Sent()
    with ThreadPoolExecutor(IN_FLIGHT) as pool, cluster_faults(cluster.place):
        waiting: list[Any] = []
        for part in portions(actions, _weight, BYTES, MOST):
            if len(waiting) >= IN_FLIGHT:
                _gather(waiting.pop(0).result(), sent)
            waiting.append(pool.submit(_until_taken, cluster, part, refresh, before))
        for one in waiting:
            _gather(one.result(), sent)
    return sent


def _weight(action: Action) -> int:
    return len(action.head) + len(action.document or b"")


def _gather(done: Sent, all_: Sent) -> None:
    all_.present |= done.present
    all_.refused |= done.refused


def _until_taken(cluster: Cluster, part: list[Action], refresh: bool, before: Callable[[], object]) -> Sent:
    """Sends a part until all is taken or refused for good; what is waited in between is at most the cluster's `patience`."""
    sent, patience = Sent(), Patience(cluster)
    while True:
        before()
        try:
            part = _once(cluster, part, sent, refresh)
        except (ApiError, TransportError) as error:
            if _is_too_large(error) and len(part) > 1:
                return _halved(cluster, part, sent, refresh, before)
            if not _passes(error) or patience.ended:
                raise
        if not part:
            return sent
        if patience.ended:
            said = f"did not take {len(part)} documents"
            raise kept_waiting(cluster.place, said, cluster.patience, *sent.later, "nothing is lost")
        patience.wait()


def _is_too_large(error: ApiError | TransportError) -> bool:
    """Whether the server has no room for the request as it is."""
    return isinstance(error, ApiError) and (error.meta.status == 413 or kind_of(error) == "circuit_breaking_exception")


def _halved(cluster: Cluster, part: list[Action], sent: Sent, refresh: bool, before: Callable[[], object]) -> Sent:
    middle = len(part) // 2
    for half in (part[:middle], part[middle:]):
        _gather(_until_taken(cluster, half, refresh, before), sent)
    return sent


def _passes(error: ApiError | TransportError) -> bool:
    """Whether it may go better later."""
    return is_later(error.meta.status, kind_of(error)) if isinstance(error, ApiError) else True


def _once(cluster: Cluster, part: list[Action], sent: Sent, refresh: bool) -> list[Action]:
    """One request; returns what is to be sent again."""
    lines: list[Any] = [line for action in part for line in (action.head, action.document) if line is not None]
    answer = cluster.client.bulk(
        operations=lines, refresh=refresh or None, timeout=_SHARDS, filter_path="errors,items.*.status,items.*.error"
    )
    if not answer["errors"]:
        return []
    again = []
    for action, item in zip(part, answer["items"], strict=True):
        (said,) = item.values()
        status, error = said["status"], said.get("error", {})
        if error.get("type") in NEVER:
            raise blocked(cluster.place, error.get("reason", ""))
        if error.get("type") == _FORBIDDEN:  # the user may write to some of the indices: no event is at fault
            raise refused_part(cluster.place, error, status)
        if status == _PRESENT:
            sent.present.add(action.id)
        elif status in LATER:
            again.append(action)
            sent.later = error.get("type", ""), str(error.get("reason", ""))
        elif status >= 300 and status != 404:  # 404: to be deleted, and gone already
            sent.refused[action.id] = f"{error.get('type')}: {error.get('reason')}"
    return again
