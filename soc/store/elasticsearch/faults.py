"""What a cluster answers when it cannot, as a StoreError with place, cause and repair; no message repeats a secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from elastic_transport import ConnectionTimeout, TlsError, TransportError
from elasticsearch import ApiError, UnsupportedProductError

from soc.errors import StoreError

_LONGEST = 300  # characters of a server's own words
_BLOCKED = "the indices are read-only, as a cluster makes them when a disk is nearly full (flood stage watermark)"
_REPAIRS = {
    "cluster_block_exception": (_BLOCKED, "free or add disk, or drop events with: soc retain; the cluster lifts the block by itself"),
    "security_exception": ("refuses who asks", "check SOC_STORE_USER and SOC_STORE_PASSWORD, or SOC_STORE_API_KEY"),
    "index_not_found_exception": ("an index is missing", "make what is missing with: soc init"),
    "es_rejected_execution_exception": ("is overloaded", "try again, or give it more nodes"),
    "circuit_breaking_exception": ("has too little memory for this", "ask for less at once, or give its nodes more heap"),
    "master_not_discovered_exception": ("has no master", "start more of its nodes, until most of them are up"),
    "search_phase_execution_exception": ("some shards do not answer", "look at the cluster's health; it may be recovering"),
    "no_shard_available_action_exception": ("some shards have no copy that is up", "start the nodes that hold them"),
    "strict_dynamic_mapping_exception": ("an index lacks a field", "bring the mappings up to date with: soc store apply"),
}
_STATUS = {
    401: ("refuses who asks", "check SOC_STORE_USER and SOC_STORE_PASSWORD, or SOC_STORE_API_KEY"),
    403: ("does not allow this", "give its user the role in docs/elasticsearch.md"),
    429: _REPAIRS["es_rejected_execution_exception"],
    503: ("is not ready", "look at the cluster's health; it may be starting or short of nodes"),
}


@contextmanager
def cluster_faults(place: str) -> Iterator[None]:
    """Raises StoreError for whatever the cluster, or the way to it, refuses."""
    try:
        yield
    except ApiError as error:
        raise StoreError(_said(place, error)) from error
    except UnsupportedProductError as error:
        raise StoreError(f"{place}: is no Elasticsearch\n  soc needs Elasticsearch 9; set the URL under [store]") from error
    except TlsError as error:
        repair = "name its authority's file as ca under [store], and a host that its certificate names"
        raise StoreError(f"{place}: no trusted TLS: {_short(error)}\n  {repair}") from error
    except ConnectionTimeout as error:
        raise StoreError(
            f"{place}: gave no answer in time\n  look at the cluster's load; what was begun is taken up by the next run"
        ) from error
    except TransportError as error:
        raise StoreError(f"{place}: cannot be reached: {_short(error)}\n  start it, or set its URL under [store]") from error


def kind_of(error: ApiError) -> str:
    """The type of the error as the server names it, its innermost cause first; "" when it names none."""
    body: Any = error.body
    return _kind(body.get("error", {}) if isinstance(body, dict) else {})


def refused_part(place: str, error: Any, status: int) -> StoreError:
    """The fault of one part of a request whose others may have been answered."""
    kind = _kind(error)
    return StoreError(_explained(place, kind, status, f"{kind}: {error.get('reason', '')}"[:_LONGEST]))


def _kind(said: Any) -> str:
    if not isinstance(said, dict):
        return ""
    roots = said.get("root_cause") or [said]
    return str(roots[0].get("type") or said.get("type", ""))


def _said(place: str, error: ApiError) -> str:
    return _explained(place, kind_of(error), error.meta.status, _short(error))


def _explained(place: str, kind: str, status: int, said: str) -> str:
    what, repair = _REPAIRS.get(kind) or _STATUS.get(status) or ("refuses this", "see the server's log")
    return f"{place}: {what}: {said}\n  {repair}"


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:_LONGEST]
