"""What a cluster answers when it cannot, as a StoreError with place, cause and repair; no message repeats a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import reduce
from typing import Any

from elastic_transport import ConnectionTimeout, SerializationError, TlsError, TransportError
from elasticsearch import ApiError, UnsupportedProductError

from soc.errors import StoreError, StoreUnreachable

Said = tuple[str, str]  # what, repair
_LONGEST = 300  # characters of a server's own words
_DISK = "free or add disk, or drop events with: soc retain; the cluster lifts the block by itself"
_WHO = ("refuses who asks", "check SOC_STORE_USER and SOC_STORE_PASSWORD, or SOC_STORE_API_KEY")
_MAY = ("does not allow this", "give its user the role in docs/elasticsearch.md")
_HEALTH = "look at the cluster's health; it may be starting, recovering or short of nodes"
_REPAIRS = {
    "index_not_found_exception": ("an index is missing", "make what is missing with: soc init"),
    "es_rejected_execution_exception": ("is overloaded", "try again, or give it more nodes"),
    "circuit_breaking_exception": ("has too little memory for this", "ask for less at once, or give its nodes more heap"),
    "master_not_discovered_exception": ("has no master", "start more of its nodes, until most of them are up"),
    "search_phase_execution_exception": ("some shards do not answer", _HEALTH),
    "no_shard_available_action_exception": ("some shards have no copy that is up", "start the nodes that hold them"),
    "unavailable_shards_exception": ("some shards have no copy that is up", "start the nodes that hold them"),
    "strict_dynamic_mapping_exception": ("an index lacks a field", "bring the mappings up to date with: soc store apply"),
    "illegal_argument_exception": ("refuses this", "is the index one that soc made? See docs/elasticsearch.md"),
}
_STATUS = {401: _WHO, 403: _MAY, 429: _REPAIRS["es_rejected_execution_exception"], 503: ("is not ready", _HEALTH)}
_ALL = (401, 502, 503, 504)  # whatever is asked next would be answered alike
_OTHERS = (401, 403, 407, 429)  # what something in front of the cluster may answer, besides 5xx
_STRANGER = ("is no Elasticsearch", "soc needs Elasticsearch 9: correct the URL under [store]")
_TLS: tuple[tuple[str, Said], ...] = (  # what OpenSSL says; the last meets everything
    (r"certificate has expired", ("its certificate has expired", "renew the server's certificate, or set this machine's clock")),
    (r"not yet valid", ("its certificate is not valid yet", "set this machine's clock, or the server's")),
    (
        r"mismatch|doesn't match|not valid for",
        ("its certificate names another host", "write a host under [store] that the certificate names, or have this one added to it"),
    ),
    (
        r"WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|RECORD_LAYER|record layer|HTTP_REQUEST",
        ("speaks no TLS", "turn TLS on there; only on this machine itself may the URL be http://"),
    ),
    (
        r"self.signed|unable to get|verify failed",
        ("its certificate is of no authority that is trusted", "name the file of the authority that signed it: ca under [store]"),
    ),
    (r"", ("no trusted TLS", "name the file of the authority that signed its certificate: ca under [store]")),
)
_UNANSWERED = re.compile(r"aborted|RemoteDisconnected|BadStatusLine|reset by peer|Connection broken", re.IGNORECASE)


class Place(str):
    """Names a cluster in messages; `secrets` stand in none of them, whatever a server repeats of what it was told."""

    secrets: tuple[str, ...] = ()


@contextmanager
def cluster_faults(place: str) -> Iterator[None]:
    """Raises StoreError for whatever the cluster, or the way to it, refuses: StoreUnreachable when it refuses everything."""
    try:
        yield
    except (ApiError, TransportError, UnsupportedProductError) as error:
        raised, text = _told(error, place) if isinstance(error, ApiError) else _missed(error, place)
        raise raised(_without(f"{place}: {text}", getattr(place, "secrets", ()))) from None


def _without(text: str, secrets: Iterable[str]) -> str:
    return reduce(lambda left, secret: left.replace(secret, "…"), secrets, text)


def blocked(place: str, reason: str) -> StoreError:
    """The indices, or those of them that a request was for, take no documents."""
    raised, text = _block(reason)
    return raised(f"{place}: {text}")


def kept_waiting(place: str, undone: str, seconds: float, kind: str, reason: str, *more: str) -> StoreError:
    """What was asked was not done, for a reason that passes, for as long as we wait. `more`: besides the repair."""
    what, repair = _REPAIRS.get(kind) or _REPAIRS["es_rejected_execution_exception"]
    said = f"{place}: {what}: {undone} within {seconds:g} s: {' '.join(reason.split())[:_LONGEST]}"
    return StoreError(f"{said}\n  {'; '.join((repair, *more))}")


def _block(reason: str) -> tuple[type[StoreError], str]:
    if "read-only-allow-delete" in reason or "flood" in reason:
        what = "the indices are read-only, as a cluster makes them when a disk is nearly full (flood stage watermark)"
        return StoreError, f"{what}: {reason[:_LONGEST]}\n  {_DISK}"
    if "state not recovered" in reason or "no master" in reason:
        return StoreUnreachable, f"has no master: {reason[:_LONGEST]}\n  start more of its nodes, until most of them are up"
    return StoreError, f"somebody has blocked an index: {reason[:_LONGEST]}\n  lift the block: index.blocks.* in its settings"


def kind_of(error: ApiError) -> str:
    """The type of the error as the server names it, its innermost cause first; "" when it names none."""
    body: Any = error.body
    return kind_in(body.get("error", {}) if isinstance(body, dict) else {})


def refused_part(place: str, error: Any, status: int) -> StoreError:
    """The fault of one part of a request whose others may have been answered."""
    what, repair = _REPAIRS.get(kind_in(error)) or _STATUS.get(status) or _other(status)
    return StoreError(f"{place}: {what}: {kind_in(error)}: {reason_in(error)}\n  {repair}")


def reason_in(said: Any) -> str:
    """The server's own words about an error, its innermost cause first."""
    roots = (said.get("root_cause") or [said]) if isinstance(said, dict) else []
    return next((str(root["reason"]) for root in roots if root.get("reason")), "")[:_LONGEST]


def kind_in(said: Any) -> str:
    """The type of an error as the server names it, its innermost cause first; "" when it names none."""
    if not isinstance(said, dict):
        return ""
    roots = said.get("root_cause") or [said]
    return str(roots[0].get("type") or said.get("type", ""))


def _told(error: ApiError, place: str) -> tuple[type[StoreError], str]:
    """What an answer that is a refusal means: the error to raise, and cause and repair."""
    status, kind = error.meta.status, kind_of(error)
    if "x-elastic-product" not in error.meta.headers and status < 500 and status not in _OTHERS:
        return StoreError, f"{_STRANGER[0]}: it answers {status}\n  {_STRANGER[1]}"
    if kind == "cluster_block_exception":
        return _block(_reason(error))
    told = _STATUS.get(status) if kind == "security_exception" else _REPAIRS.get(kind)
    what, repair = told or _STATUS.get(status) or _other(status)
    return StoreUnreachable if status in _ALL else StoreError, f"{what}: {_reason(error)}\n  {repair}"


def _missed(error: TransportError | UnsupportedProductError, place: str) -> tuple[type[StoreError], str]:
    """What it means that there is no answer, or none of Elasticsearch's."""
    if isinstance(error, UnsupportedProductError):
        status = error.meta.status
        what, repair = _other(status) if status >= 500 else _STRANGER
        return StoreUnreachable if status in _ALL else StoreError, f"{what}: it answers {status}\n  {repair}"
    if isinstance(error, SerializationError):
        return StoreError, f"{_STRANGER[0]}: it answers no JSON\n  {_STRANGER[1]}"
    if isinstance(error, TlsError):
        what, repair = next(said for pattern, said in _TLS if re.search(pattern, str(error.message), re.IGNORECASE))
        return StoreUnreachable, f"{what}: {_short(error)}\n  {repair}"
    if isinstance(error, ConnectionTimeout):
        return StoreUnreachable, "gave no answer in time\n  look at the cluster's load; what was begun is taken up by the next run"
    if _UNANSWERED.search(str(error.message)):
        hint = "if it speaks TLS, write https:// under [store]; " if "http://" in place else ""
        return (
            StoreUnreachable,
            f"closed the connection without an answer: {_short(error)}\n  {hint}else see whether Elasticsearch runs there",
        )
    return StoreUnreachable, f"cannot be reached: {_short(error)}\n  start it, or set its URL under [store]"


def _other(status: int) -> Said:
    return ("is not ready", _HEALTH) if status >= 500 else ("refuses this", "see the server's log")


def _reason(error: ApiError) -> str:
    """The server's own words, its innermost cause first."""
    body: Any = error.body
    reason = reason_in(body.get("error", {}) if isinstance(body, dict) else {})
    return " ".join((reason or kind_of(error) or str(error)).split())[:_LONGEST]


def _short(error: TransportError) -> str:
    return " ".join(str(error.message).split())[:_LONGEST]
